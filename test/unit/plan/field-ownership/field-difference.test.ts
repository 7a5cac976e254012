import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../../src/manifest/kube-object.ts';
import { MANAGER } from '../../../../src/manifest/labels.ts';
import {
  differenceTo,
  isUnchanged,
  sameValue,
} from '../../../../src/plan/field-ownership/field-difference.ts';
import { stored } from '../../../support/kube-objects.ts';

function endpoints(labels: Readonly<Record<string, string>>, ip = '10.0.0.1') {
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'db', namespace: 'shop', labels },
    subsets: [{ addresses: [{ ip }], ports: [{ port: 1 }] }],
  };
}

/** The object with the `managedFields` of both. */
function ownedByBoth(ours: KubeObject, theirs: KubeObject, live: KubeObject): KubeObject {
  const managedFields = [ours, theirs].flatMap(({ metadata }) => metadata.managedFields ?? []);
  return { ...live, metadata: { ...live.metadata, managedFields } };
}

const OURS = stored(endpoints({ a: '1' }), MANAGER);

describe('differenceTo', () => {
  it('is unchanged when every field has our value and is ours', () => {
    const difference = differenceTo(OURS, endpoints({ a: '1' }));
    expect(difference).toEqual({ changes: [], unowned: [], contested: [] });
    expect(isUnchanged(difference)).toBe(true);
  });

  it('lists a field with another value, without an owner to contest it', () => {
    expect(differenceTo(OURS, endpoints({ a: '2' }))).toEqual({
      changes: [{ path: 'metadata.labels.a', from: '1', to: '2' }],
      unowned: [],
      contested: [],
    });
  });

  it('lists a field that we own and no longer apply as removed', () => {
    expect(differenceTo(OURS, endpoints({})).changes).toEqual([
      { path: 'metadata.labels.a', from: '1', to: undefined },
    ]);
  });

  it('lists no removal of a field that another manager owns, too', () => {
    const theirs = stored(endpoints({ a: '1' }), 'kubectl');
    expect(differenceTo(ownedByBoth(OURS, theirs, OURS), endpoints({})).changes).toEqual([]);
  });

  it('lists no removal of a field that is gone already', () => {
    const live = { ...OURS, metadata: { ...OURS.metadata, labels: {} } };
    expect(differenceTo(live, endpoints({})).changes).toEqual([]);
  });

  it('lists a field with our value and another owner as unowned: an apply makes it ours', () => {
    const difference = differenceTo(stored(endpoints({ a: '1' }), 'kubectl'), endpoints({ a: '1' }));
    expect(difference).toEqual({ changes: [], unowned: ['metadata.labels.a', 'subsets'], contested: [] });
    expect(isUnchanged(difference)).toBe(false);
  });

  it.each(['Apply', 'Update'] as const)(
    'names the manager of a contested field, by operation %s',
    (operation) => {
      const theirs = stored(endpoints({ a: '2' }), 'argocd', operation);
      expect(differenceTo(theirs, endpoints({ a: '1' })).contested).toEqual([
        { path: 'metadata.labels.a', manager: 'argocd', operation },
      ]);
    },
  );

  it('ignores what a manager wrote through a subresource', () => {
    const theirs: KubeObject = stored(endpoints({ a: '2' }), 'argocd', 'Apply');
    const [entry] = theirs.metadata.managedFields ?? [];
    const metadata = { ...theirs.metadata, managedFields: [{ ...entry, subresource: 'status' }] };
    expect(differenceTo({ ...theirs, metadata }, endpoints({ a: '1' })).contested).toEqual([]);
  });
});

describe('sameValue', () => {
  it.each<[unknown, unknown, boolean]>([
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
    [[1, 2], [2, 1], false],
    [{ port: 1, name: '' }, { port: 1 }, true],
    [{ port: 1, name: 'p' }, { port: 1 }, false],
    [{ a: null }, {}, true],
    ['1', 1, false],
  ])('%j and %j: %s', (a, b, expected) => {
    expect(sameValue(a, b)).toBe(expected);
  });
});
