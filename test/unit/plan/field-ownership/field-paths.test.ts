import { describe, expect, it } from 'vitest';
import type { FieldsV1, ManagedFieldsEntry } from '../../../../src/manifest/kube-object.ts';
import {
  type FieldPath,
  fieldPath,
  fieldsOf,
  isWithin,
  LABELS,
  pathsOwnedBy,
  portItemOf,
  readablePath,
  SERVICE_PORTS,
  servicePortPath,
  withoutPaths,
  withPaths,
} from '../../../../src/plan/field-ownership/field-paths.ts';
import { otherEndpoints, otherService, otherSlice } from '../../../support/kube-objects.ts';

const PORT = 'k:{"port":80,"protocol":"TCP"}';

function readable(paths: Iterable<FieldPath>): string[] {
  return [...paths].map(readablePath);
}

function entry(fieldsV1: FieldsV1): ManagedFieldsEntry {
  return { manager: 'm', operation: 'Apply', fieldsV1 };
}

describe('readablePath', () => {
  it.each<[readonly string[], string]>([
    [['f:metadata', 'f:labels', 'f:app.kubernetes.io/name'], 'metadata.labels.app.kubernetes.io/name'],
    [['f:spec', 'f:ports', PORT, 'f:name'], 'spec.ports[80/TCP].name'],
    [['f:metadata', 'f:ownerReferences', 'k:{"uid":"abc"}'], 'metadata.ownerReferences[abc]'],
    [['f:subsets'], 'subsets'],
  ])('%j becomes %s', (steps, expected) => {
    expect(readablePath(fieldPath(...steps))).toBe(expected);
  });
});

describe('isWithin', () => {
  it.each<[readonly string[], boolean]>([
    [['f:spec', 'f:ports'], true],
    [['f:spec', 'f:ports', PORT, 'f:name'], true],
    [['f:spec'], false],
    [['f:spec', 'f:portsets'], false],
  ])('%j is within spec.ports: %s', (steps, expected) => {
    expect(isWithin(fieldPath(...steps), SERVICE_PORTS)).toBe(expected);
  });
});

describe('portItemOf', () => {
  it('cuts the path of a port field after the port', () => {
    const port = servicePortPath({ port: 80 });
    expect(portItemOf(fieldPath(port, 'f:targetPort'))).toBe(port);
  });

  it('leaves the path of a port as it is', () => {
    const port = servicePortPath({ port: 53, protocol: 'UDP' });
    expect(portItemOf(port)).toBe(port);
  });
});

describe('fieldsOf', () => {
  it('lists each port field of a Service separately', () => {
    const service = otherService({ ports: [{ name: 'p', port: 80 }], clusterIP: 'None' });
    expect(readable(fieldsOf(service).keys())).toEqual([
      'spec.type',
      'spec.clusterIP',
      'spec.ipFamilies',
      'spec.ports[80/TCP].name',
      'spec.ports[80/TCP].port',
    ]);
  });

  it('takes subsets, endpoints and slice ports as one field each', () => {
    expect(readable(fieldsOf(otherEndpoints({ '10.0.0.1': true })).keys())).toEqual(['subsets']);
    expect(readable(fieldsOf(otherSlice({ '10.0.0.1': true })).keys())).toEqual([
      'metadata.labels.kubernetes.io/service-name',
      'metadata.labels.endpointslice.kubernetes.io/managed-by',
      'addressType',
      'endpoints',
      'ports',
    ]);
  });

  it('takes an owner reference as one field, and leaves status, name and empty values out', () => {
    const reference = { apiVersion: 'v1', kind: 'Service', name: 'db', uid: 'abc' };
    const object = {
      ...otherEndpoints({}, { ownerReferences: [reference], annotations: { a: '' } }),
      subsets: undefined,
      status: { loadBalancer: {} },
    };
    expect(readable(fieldsOf(object as never).keys())).toEqual([
      'metadata.annotations.a',
      'metadata.ownerReferences[abc]',
    ]);
  });
});

describe('pathsOwnedBy', () => {
  it.each<[string, FieldsV1, readonly string[]]>([
    ['leaves only', { 'f:spec': { 'f:ports': { [PORT]: { 'f:name': {} } } } }, ['spec.ports[80/TCP].name']],
    [
      'a list item with its membership',
      { 'f:spec': { 'f:ports': { '.': {}, [PORT]: { '.': {}, 'f:name': {}, 'f:port': {} } } } },
      ['spec.ports[80/TCP].name', 'spec.ports[80/TCP].port'],
    ],
    [
      'an owner reference as a whole',
      { 'f:metadata': { 'f:ownerReferences': { '.': {}, 'k:{"uid":"abc"}': { 'f:name': {} } } } },
      ['metadata.ownerReferences[abc]'],
    ],
    ['an empty map that is owned', { 'f:metadata': { 'f:labels': { '.': {} } } }, ['metadata.labels']],
    ['nothing', {}, []],
  ])('%s', (_, fieldsV1, expected) => {
    expect(readable(pathsOwnedBy(entry(fieldsV1)))).toEqual(expected);
  });

  it('reads back what withPaths writes', () => {
    const paths = [...fieldsOf(otherService({ ports: [{ name: 'p', port: 80, targetPort: 8080 }] })).keys()];
    expect([...pathsOwnedBy(entry(withPaths({}, paths)))].toSorted()).toEqual(paths.toSorted());
  });
});

describe('withPaths', () => {
  it('adds a port with its membership, and keeps the other fields', () => {
    const set = { 'f:spec': { 'f:type': {} } };
    expect(withPaths(set, [fieldPath(servicePortPath({ port: 80 }), 'f:name')])).toEqual({
      'f:spec': { 'f:type': {}, 'f:ports': { [PORT]: { '.': {}, 'f:name': {} } } },
    });
    expect(set).toEqual({ 'f:spec': { 'f:type': {} } });
  });
});

describe('withoutPaths', () => {
  const set = {
    'f:metadata': { 'f:labels': { '.': {}, 'f:a': {}, 'f:b': {} } },
    'f:spec': { 'f:ports': { '.': {}, [PORT]: { '.': {}, 'f:name': {}, 'f:port': {} } } },
  };

  it.each<[string, readonly FieldPath[], FieldsV1]>([
    [
      'one label of two',
      [fieldPath(LABELS, 'f:a')],
      { ...set, 'f:metadata': { 'f:labels': { '.': {}, 'f:b': {} } } },
    ],
    [
      'both labels, and with them their map',
      [fieldPath(LABELS, 'f:a'), fieldPath(LABELS, 'f:b')],
      { 'f:spec': set['f:spec'] },
    ],
    [
      'a whole port, and with it the list of ports',
      [servicePortPath({ port: 80 })],
      { 'f:metadata': set['f:metadata'] },
    ],
    ['a path that is not there', [fieldPath('f:spec', 'f:type')], set],
    ['everything', [fieldPath('f:metadata'), fieldPath('f:spec')], {}],
  ])('removes %s', (_, paths, expected) => {
    expect(withoutPaths(set, paths)).toEqual(expected);
  });
});
