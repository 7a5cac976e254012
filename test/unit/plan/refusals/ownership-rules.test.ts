import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../../src/manifest/kube-object.ts';
import {
  ENDPOINTS_MANAGED_BY_LABEL,
  INSTANCE_LABEL,
  LEADER_ANNOTATION,
  MANAGED_BY_LABEL,
  MANAGER,
  SLICE_CONTROLLER,
} from '../../../../src/manifest/labels.ts';
import { ownershipOf } from '../../../../src/plan/ownership.ts';
import { conflictRefusal, OWNERSHIP_RULES } from '../../../../src/plan/refusals/ownership-rules.ts';
import {
  otherEndpoints,
  otherService,
  otherSlice,
  ourEndpoints,
  ourService,
  ourSlice,
  targetDb,
} from '../../../support/kube-objects.ts';
import { contextOf } from '../../../support/plans.ts';

const READY = { '10.0.0.1': true };
const OF_OTHER_INSTANCE = { [MANAGED_BY_LABEL]: MANAGER, [INSTANCE_LABEL]: 'blue' };
const BY_ENDPOINTS_CONTROLLER = { labels: { [ENDPOINTS_MANAGED_BY_LABEL]: 'endpoint-controller' } };

const withLabel = (object: KubeObject, label: string, value: string): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, labels: { ...object.metadata.labels, [label]: value } },
});

interface Row {
  readonly given: string;
  readonly objects: readonly KubeObject[];
  readonly target?: string;
  readonly adopt?: boolean;
  readonly result: string;
  readonly message?: string;
}

const TO_ADOPT = 'set `adopt: true` on the target or pass --adopt';

const TABLE: Readonly<Record<string, readonly Row[]>> = {
  'the Service': [
    {
      given: 'another owner',
      objects: [otherService()],
      result: 'Refused ServiceNotOurs (Service)',
      message: `a Service of this name exists and is not managed by external-endpoints; to adopt it, ${TO_ADOPT}`,
    },
    { given: 'another owner, --adopt', objects: [otherService()], adopt: true, result: 'allowed' },
    {
      given: 'another owner, adopt: true',
      objects: [otherService()],
      target: 'adopt: true',
      result: 'allowed',
    },
    {
      given: 'another owner, create: false',
      objects: [otherService()],
      target: 'service: { create: false }',
      result: 'allowed',
    },
    { given: 'ours', objects: [ourService()], result: 'allowed' },
    {
      given: 'another instance, --adopt',
      objects: [otherService({}, { labels: OF_OTHER_INSTANCE })],
      adopt: true,
      result: 'Refused OwnedByOtherInstance (everything)',
      message:
        'another instance of external-endpoints owns the Service; see the label external-endpoints/instance',
    },
    {
      given: 'another instance, create: false',
      objects: [otherService({}, { labels: OF_OTHER_INSTANCE })],
      target: 'service: { create: false }',
      result: 'allowed',
    },
  ],
  'a Service of the cluster': [
    {
      given: 'the label of a cluster service, --adopt',
      objects: [otherService({}, { labels: { 'kubernetes.io/cluster-service': 'true' } })],
      adopt: true,
      result: 'Refused ServiceOwnedByCluster (everything)',
      message:
        'the cluster itself owns this Service (label kubernetes.io/cluster-service=true); rename the target',
    },
    {
      given: 'the label of a cluster service on a Service of ours',
      objects: [withLabel(ourService(), 'kubernetes.io/cluster-service', 'true')],
      result: 'allowed',
    },
  ],
  'Endpoints that are a lock': [
    {
      given: 'the annotation of leader election, --adopt',
      objects: [otherEndpoints({}, { annotations: { [LEADER_ANNOTATION]: '{}' } })],
      adopt: true,
      result: 'Refused EndpointsAreLock (Endpoints)',
      message: `the Endpoints of this name are the lock of a leader election (annotation ${LEADER_ANNOTATION}); rename the target`,
    },
    {
      given: "Patroni's lock, --adopt",
      objects: [otherEndpoints(READY, { annotations: { leader: 'db-0', ttl: '30', optime: '67108864' } })],
      adopt: true,
      result: 'Refused EndpointsAreLock (Endpoints)',
      message:
        'the Endpoints of this name are the lock of a leader election (annotations leader, ttl, optime); rename the target',
    },
    {
      given: 'one annotation that Patroni has too, --adopt',
      objects: [otherEndpoints({}, { annotations: { leader: '{}' } })],
      adopt: true,
      result: 'allowed',
    },
  ],
  'the Endpoints': [
    {
      given: 'another owner',
      objects: [otherEndpoints(READY)],
      result: 'Refused EndpointsNotOurs (Endpoints)',
      message: `Endpoints of this name exist and are not managed by external-endpoints; to adopt them, ${TO_ADOPT}`,
    },
    { given: 'another owner, --adopt', objects: [otherEndpoints(READY)], adopt: true, result: 'allowed' },
    { given: 'ours', objects: [ourEndpoints(READY)], result: 'allowed' },
    {
      given: 'another instance, --adopt',
      objects: [otherEndpoints(READY, { labels: OF_OTHER_INSTANCE })],
      adopt: true,
      result: 'Refused OwnedByOtherInstance (everything)',
      message:
        'another instance of external-endpoints owns the Endpoints; see the label external-endpoints/instance',
    },
    {
      given: 'the endpoints controller left them on a Service of ours',
      objects: [ourService(), otherEndpoints(READY, BY_ENDPOINTS_CONTROLLER)],
      result: 'allowed',
    },
    {
      given: 'the endpoints controller writes them for a Service of ours with a selector',
      objects: [
        ourService(targetDb(), { selector: { app: 'db' } }),
        otherEndpoints(READY, BY_ENDPOINTS_CONTROLLER),
      ],
      result: 'Refused EndpointsNotOurs (Endpoints)',
    },
    {
      given: 'the endpoints controller left them, create: false',
      objects: [ourService(), otherEndpoints(READY, BY_ENDPOINTS_CONTROLLER)],
      target: 'service: { create: false }',
      result: 'Refused EndpointsNotOurs (Endpoints)',
    },
  ],
  'the slices': [
    {
      given: 'a foreign slice',
      objects: [otherSlice(READY, 'by-hand')],
      result: 'Refused SlicesNotOurs (slices)',
      message: `EndpointSlice db-x7k2p serves this Service and is not managed by external-endpoints; delete it, or, to adopt it, ${TO_ADOPT}`,
    },
    {
      given: 'a foreign slice, --adopt',
      objects: [otherSlice(READY, 'by-hand')],
      adopt: true,
      result: 'allowed',
    },
    { given: 'a slice of ours', objects: [ourSlice(READY)], result: 'allowed' },
    { given: 'a mirrored slice', objects: [otherSlice(READY)], result: 'allowed' },
    {
      given: 'a slice of the endpoint slice controller',
      objects: [otherSlice(READY, SLICE_CONTROLLER)],
      result: 'allowed',
    },
    {
      given: 'a slice of the endpoint slice controller, create: false',
      objects: [otherSlice(READY, SLICE_CONTROLLER)],
      target: 'service: { create: false }',
      result: 'Refused SlicesNotOurs (slices)',
    },
    {
      given: 'a slice of another instance, --adopt',
      objects: [otherSlice(READY, MANAGER, { [INSTANCE_LABEL]: 'blue' })],
      adopt: true,
      result: 'Refused OwnedByOtherInstance (everything)',
      message:
        'another instance of external-endpoints owns the EndpointSlices; see the label external-endpoints/instance',
    },
  ],
};

function refusalOf({ objects, target = 'deletionPolicy: Delete', adopt = false }: Row) {
  const declared = targetDb(`endpoints: [{ address: 10.0.0.1 }], ${target}`);
  const ownership = ownershipOf(contextOf(objects, declared, { adopt }));
  const [refusal, ...more] = OWNERSHIP_RULES.flatMap((rule) => rule(ownership) ?? []);
  expect(more).toEqual([]);
  if (refusal === undefined) return { result: 'allowed' };
  const { phase, reason, scope, message } = refusal;
  return { result: `${phase} ${reason} (${scope})`, message };
}

describe.each(Object.entries(TABLE))('the rule about the owner of %s', (_about, rows) => {
  it.each(rows)('$given: $result', ({ result, message, ...question }) => {
    expect(refusalOf({ result, ...question })).toMatchObject(
      message === undefined ? { result } : { result, message },
    );
  });
});

describe('OWNERSHIP_RULES', () => {
  it('refuse default/kubernetes with --adopt and adopt: true, whether it exists or not', () => {
    const target = { ...targetDb(), name: 'kubernetes', namespace: 'default', adopt: true };
    const ownership = ownershipOf(contextOf([], target, { adopt: true }));
    const [refusal] = OWNERSHIP_RULES.flatMap((rule) => rule(ownership) ?? []);
    expect(refusal).toEqual({
      phase: 'Refused',
      reason: 'ServiceOwnedByCluster',
      scope: 'everything',
      message:
        'the cluster itself owns this Service (all Pods reach the API server through it); rename the target',
    });
  });
});

describe('conflictRefusal', () => {
  it('names every contested field with its manager', () => {
    const conflicts = [
      { path: 'spec.ports[5432/TCP].name', manager: 'argocd', operation: 'Apply' },
      { path: 'endpoints', manager: 'flux', operation: 'Apply' },
    ] as const;
    expect(conflictRefusal(conflicts, 'Service')).toEqual({
      phase: 'Refused',
      reason: 'FieldConflict',
      scope: 'Service',
      message:
        'another field manager applies other values: spec.ports[5432/TCP].name (argocd), endpoints (flux); remove the fields there, or set `adopt: true`',
    });
  });
});
