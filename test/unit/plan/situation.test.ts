import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/manifest/kube-object.ts';
import { INSTANCE_LABEL, MANAGER, SLICE_CONTROLLER } from '../../../src/manifest/labels.ts';
import { type Situation, situationOf } from '../../../src/plan/situation.ts';
import {
  otherEndpoints,
  otherService,
  otherSlice,
  ourEndpoints,
  ourService,
  ourSlice,
  SERVICE_UID,
  targetDb,
} from '../../support/kube-objects.ts';
import { contextOf } from '../../support/plans.ts';

const FIRST = { '10.0.0.1': true };
const SECOND = { '10.0.0.2': true };
const OURS = [ourService(), ourEndpoints(FIRST), ourSlice(FIRST)];
const SELECTOR = { selector: { app: 'db' } };

interface Row {
  readonly given: string;
  readonly objects: readonly KubeObject[];
  readonly target?: string;
  readonly adopt?: boolean;
  readonly reason?: string;
  /** What may not be written; `-`: everything may. */
  readonly skipped: string;
  readonly reconciled: readonly string[];
  readonly keptByOthers?: readonly string[];
  readonly drainable: readonly string[];
}

function namesOf(objects: readonly (KubeObject | undefined)[]): string[] {
  return objects.flatMap((each) => (each === undefined ? [] : [`${each.kind} ${each.metadata.name}`]));
}

function addressesOf({ drainable }: Situation): string[] {
  return [...new Set([...drainable.keys()].map((key) => key.split(' ')[0] ?? ''))];
}

const OUR_SERVICE = 'Service db';
const ENDPOINTS = 'Endpoints db';
const OUR_SLICE = 'EndpointSlice db-ipv4-0';
const OTHER_SLICE = 'EndpointSlice db-x7k2p';

describe('situationOf', () => {
  it.each<Row>([
    { given: 'nothing exists', objects: [], skipped: '-', reconciled: [], drainable: [] },
    {
      given: 'everything is ours',
      objects: OURS,
      skipped: '-',
      reconciled: [OUR_SERVICE, ENDPOINTS, OUR_SLICE],
      drainable: ['10.0.0.1'],
    },
    {
      given: 'ours, with a mirrored slice',
      objects: [...OURS, otherSlice(SECOND)],
      skipped: '-',
      reconciled: [OUR_SERVICE, ENDPOINTS, OUR_SLICE, OTHER_SLICE],
      drainable: ['10.0.0.1', '10.0.0.2'],
    },
    {
      given: 'ours, with a slice of a removed selector',
      objects: [...OURS, otherSlice(SECOND, SLICE_CONTROLLER)],
      skipped: '-',
      reconciled: [OUR_SERVICE, ENDPOINTS, OUR_SLICE, OTHER_SLICE],
      drainable: ['10.0.0.1', '10.0.0.2'],
    },
    {
      given: 'ours, with a foreign slice: that slice is kept by others',
      objects: [...OURS, otherSlice(SECOND, 'by-hand')],
      reason: 'SlicesNotOurs',
      skipped: 'slices',
      reconciled: [OUR_SERVICE, ENDPOINTS, OUR_SLICE],
      keptByOthers: [OTHER_SLICE],
      drainable: ['10.0.0.1'],
    },
    {
      given: 'ours, with a foreign slice, --adopt',
      objects: [...OURS, otherSlice(SECOND, 'by-hand')],
      adopt: true,
      skipped: '-',
      reconciled: [OUR_SERVICE, ENDPOINTS, OUR_SLICE, OTHER_SLICE],
      drainable: ['10.0.0.1', '10.0.0.2'],
    },
    {
      given: 'ours, with Endpoints of another owner: they and their mirrored slice are kept by others',
      objects: [ourService(), ourSlice(FIRST), otherEndpoints(SECOND), otherSlice(SECOND)],
      reason: 'EndpointsNotOurs',
      skipped: 'Endpoints',
      reconciled: [OUR_SERVICE, OUR_SLICE],
      keptByOthers: [OTHER_SLICE, 'EndpointSlice db'],
      drainable: ['10.0.0.1'],
    },
    {
      given: 'ours, with Endpoints of another owner, and only Endpoints are published: nothing is written',
      objects: [ourService(), otherEndpoints(SECOND)],
      target: 'publish: { resources: [Endpoints] }',
      reason: 'EndpointsNotOurs',
      skipped: 'all',
      reconciled: [OUR_SERVICE],
      keptByOthers: ['EndpointSlice db'],
      drainable: [],
    },
    {
      given: 'a Service of another owner, nothing of ours yet: nothing is written',
      objects: [otherService(), otherSlice(FIRST)],
      reason: 'ServiceNotOurs',
      skipped: 'all',
      reconciled: [OUR_SERVICE, OTHER_SLICE],
      drainable: [],
    },
    {
      given: 'a Service of another owner, a slice of ours belongs to it: only the Service is skipped',
      objects: [otherService({}, { uid: SERVICE_UID }), ourSlice(FIRST)],
      reason: 'ServiceNotOurs',
      skipped: 'Service',
      reconciled: [OUR_SERVICE, OUR_SLICE],
      drainable: ['10.0.0.1'],
    },
    {
      given: 'a Service of another owner, the Endpoints are ours: only the Service is skipped',
      objects: [otherService(), ourEndpoints(FIRST)],
      reason: 'ServiceNotOurs',
      skipped: 'Service',
      reconciled: [OUR_SERVICE, ENDPOINTS],
      drainable: [],
    },
    {
      given: 'a Service of another owner, a slice of ours belongs to an earlier Service: nothing is written',
      objects: [otherService(), otherSlice(FIRST, MANAGER, { [INSTANCE_LABEL]: 'default' })],
      reason: 'ServiceNotOurs',
      skipped: 'all',
      reconciled: [OUR_SERVICE, OTHER_SLICE],
      drainable: [],
    },
    {
      given: 'ours, the Service got a selector: nothing is written',
      objects: [ourService(targetDb(), SELECTOR), ourSlice(FIRST)],
      reason: 'ServiceHasSelector',
      skipped: 'all',
      reconciled: [OUR_SERVICE, OUR_SLICE],
      drainable: [],
    },
    {
      given: 'ours, a field of the Service cannot change: only the Service is skipped',
      objects: OURS,
      target: 'service: { type: Headless }',
      reason: 'ClusterIPImmutable',
      skipped: 'Service',
      reconciled: [OUR_SERVICE, ENDPOINTS, OUR_SLICE],
      drainable: ['10.0.0.1'],
    },
    {
      given: 'ours, an address of a family that the Service does not have is not drainable',
      objects: [...OURS, otherSlice({ '2001:db8::1': true })],
      skipped: '-',
      reconciled: [OUR_SERVICE, ENDPOINTS, OUR_SLICE, OTHER_SLICE],
      drainable: ['10.0.0.1'],
    },
  ])('$given', ({ objects, target = 'adopt: false', adopt = false, ...expected }) => {
    const declared = targetDb(`endpoints: [{ address: 10.0.0.1 }], ${target}`);
    const situation = situationOf(contextOf(objects, declared, { adopt }));
    const { service, endpoints, slices } = situation.reconciled;
    expect({
      reason: situation.refusal?.reason,
      skipped: situation.skipsAll ? 'all' : [...situation.skipped].join() || '-',
      reconciled: namesOf([service, endpoints, ...slices]),
      keptByOthers: namesOf(situation.keptByOthers),
      drainable: addressesOf(situation),
    }).toEqual({
      reason: expected.reason,
      skipped: expected.skipped,
      reconciled: expected.reconciled,
      keptByOthers: expected.keptByOthers ?? [],
      drainable: expected.drainable,
    });
  });

  it('reports the first refusal in the order of the rules, and skips the scope of every one', () => {
    const objects = [ourService(), ourSlice(FIRST), otherEndpoints(FIRST), otherSlice(SECOND, 'by-hand')];
    const situation = situationOf(contextOf(objects));
    expect(situation.refusal?.reason).toBe('EndpointsNotOurs');
    expect([...situation.skipped]).toEqual(['Endpoints', 'slices']);
  });

  it('groups the slices of what is reconciled by owner', () => {
    const objects = [...OURS, otherSlice(SECOND, 'by-hand')];
    const { slices, reconciledSlices } = situationOf(contextOf(objects));
    expect([slices.ours.length, slices.foreign.length]).toEqual([1, 1]);
    expect([reconciledSlices.ours.length, reconciledSlices.foreign.length]).toEqual([1, 0]);
  });
});
