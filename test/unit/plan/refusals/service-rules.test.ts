import { describe, expect, it } from 'vitest';
import type { ServiceObject } from '../../../../src/manifest/kube-object.ts';
import { ownershipOf } from '../../../../src/plan/ownership.ts';
import type { PlanOptions } from '../../../../src/plan/plan-input.ts';
import { CONTENT_RULES, EXISTENCE_RULES } from '../../../../src/plan/refusals/service-rules.ts';
import { otherService, ourService, targetDb } from '../../../support/kube-objects.ts';
import { contextOf } from '../../../support/plans.ts';

interface Row {
  /** The condition; `$result` says what comes of it. */
  readonly given: string;
  readonly service?: ServiceObject;
  /** Fields of the target besides its port and address. */
  readonly target?: string;
  readonly options?: Partial<PlanOptions>;
  /** `PHASE REASON (SCOPE)`; `allowed`: no refusal. */
  readonly result: string;
  readonly message?: string;
}

const KEPT_BY_OTHERS = 'service: { create: false }';
const HEADLESS = 'service: { type: Headless }';
const IPV6_FIRST = 'service: { ipFamilies: [IPv6] }';
const headless = { clusterIP: 'None' };
const externalName = { type: 'ExternalName', externalName: 'db.example', ipFamilies: [] };

function refusalOf({ service, target = 'deletionPolicy: Delete', options }: Row) {
  const context = contextOf(
    service === undefined ? [] : [service],
    targetDb(`endpoints: [{ address: 10.0.0.1 }], ${target}`),
    options,
  );
  const ownership = ownershipOf(context);
  const [refusal, ...more] = [...EXISTENCE_RULES, ...CONTENT_RULES].flatMap((rule) => rule(ownership) ?? []);
  expect(more).toEqual([]);
  if (refusal === undefined) return { result: 'allowed' };
  const { phase, reason, scope, message } = refusal;
  return { result: `${phase} ${reason} (${scope})`, message };
}

const TABLE: Readonly<Record<string, readonly Row[]>> = {
  'a Service that must exist': [
    {
      given: 'no Service, create: false',
      target: KEPT_BY_OTHERS,
      result: 'Pending ServiceNotFound (everything)',
      message: 'the Service does not exist; create it, or set `service.create: true`',
    },
    { given: 'no Service, create: true', result: 'allowed' },
    { given: 'a Service, create: false', service: otherService(), target: KEPT_BY_OTHERS, result: 'allowed' },
  ],
  'a Service that is being deleted': [
    {
      given: 'a deletionTimestamp',
      service: otherService({}, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
      result: 'Pending ServiceTerminating (Service)',
      message: 'the Service is being deleted; the target is reconciled when it is gone',
    },
    { given: 'no deletionTimestamp', service: otherService(), result: 'allowed' },
  ],
  'a Service with a selector': [
    {
      given: 'a selector of two labels',
      service: otherService({ selector: { app: 'db', tier: 'back' } }),
      result: 'Refused ServiceHasSelector (everything)',
      message:
        'the Service selects Pods (app=db,tier=back); remove its selector, rename the target, or remove the target from the list and run `release`',
    },
    { given: 'an empty selector', service: otherService({ selector: {} }), result: 'allowed' },
    {
      given: 'a selector, although the target adopts',
      service: otherService({ selector: { app: 'db' } }),
      target: 'adopt: true',
      result: 'Refused ServiceHasSelector (everything)',
    },
  ],
  'headless or not': [
    {
      given: 'a headless Service, the target is ClusterIP',
      service: ourService(targetDb(), headless),
      result: 'Refused ClusterIPImmutable (Service)',
      message:
        'the Service is headless and cannot become ClusterIP; delete the Service, or set `service.type: Headless`',
    },
    {
      given: 'a Service with a cluster IP, the target is headless',
      service: ourService(),
      target: HEADLESS,
      result: 'Refused ClusterIPImmutable (Service)',
      message:
        'the Service has a cluster IP and cannot become headless; delete the Service, or set another `service.type`',
    },
    {
      given: 'both headless',
      service: ourService(targetDb(), headless),
      target: HEADLESS,
      result: 'allowed',
    },
    { given: 'both with a cluster IP', service: ourService(), result: 'allowed' },
    {
      given: 'an ExternalName Service, the target is headless',
      service: otherService(externalName),
      target: HEADLESS,
      result: 'allowed',
    },
    {
      given: 'a headless Service of another owner, create: false',
      service: otherService(headless),
      target: KEPT_BY_OTHERS,
      result: 'allowed',
    },
  ],
  'the first IP family': [
    {
      given: 'the Service has IPv4, the target IPv6 and a policy',
      service: ourService(),
      target: 'service: { ipFamilies: [IPv6], ipFamilyPolicy: SingleStack }',
      result: 'Refused IPFamiliesImmutable (Service)',
      message:
        'the first IP family of the Service is IPv4 and cannot change; delete the Service, or list IPv4 first in `service.ipFamilies`',
    },
    {
      given: 'the Service has IPv4, the target IPv4 and IPv6',
      service: ourService(),
      target: 'service: { ipFamilies: [IPv4, IPv6], ipFamilyPolicy: PreferDualStack }',
      result: 'allowed',
    },
    {
      given: 'the Service has IPv4, the target lists none',
      service: ourService(),
      target: 'service: { ipFamilyPolicy: SingleStack }',
      result: 'allowed',
    },
    {
      given: 'an ExternalName Service has none, the target IPv6',
      service: otherService(externalName),
      target: IPV6_FIRST,
      result: 'allowed',
    },
    {
      given: 'a headless Service has IPv4, the target IPv6',
      service: ourService(targetDb(), headless),
      target: 'service: { type: Headless, ipFamilies: [IPv6] }',
      result: 'allowed',
    },
  ],
  'the second IP family': [
    {
      given: 'the Service has two, the target lists one without a policy',
      service: ourService(targetDb(), { ipFamilies: ['IPv4', 'IPv6'] }),
      target: 'service: { ipFamilies: [IPv4] }',
      result: 'Refused IPFamiliesImmutable (Service)',
      message:
        'the Service has two IP families and the list one; to remove the second, set `service.ipFamilyPolicy: SingleStack`',
    },
    {
      given: 'the Service has two, the target one and the policy SingleStack',
      service: ourService(targetDb(), { ipFamilies: ['IPv4', 'IPv6'] }),
      target: 'service: { ipFamilies: [IPv4], ipFamilyPolicy: SingleStack }',
      result: 'allowed',
    },
    {
      given: 'both have one',
      service: ourService(),
      target: 'service: { ipFamilies: [IPv4] }',
      result: 'allowed',
    },
  ],
  'IP families of the cluster': [
    {
      given: 'the target asks for IPv6, the cluster has IPv4',
      target: IPV6_FIRST,
      options: { clusterFamilies: ['IPv4'] },
      result: 'Refused IPFamilyNotInCluster (Service)',
      message: 'the list asks for IPv6, and Services of this cluster have IPv4 only',
    },
    {
      given: 'the target requires both, the cluster has IPv4',
      target: 'service: { ipFamilyPolicy: RequireDualStack }',
      options: { clusterFamilies: ['IPv4'] },
      result: 'Refused IPFamilyNotInCluster (Service)',
      message:
        'the list asks for both families (`service.ipFamilyPolicy: RequireDualStack`), and Services of this cluster have IPv4 only',
    },
    {
      given: 'the target prefers both, the cluster has IPv4',
      target: 'service: { ipFamilyPolicy: PreferDualStack }',
      options: { clusterFamilies: ['IPv4'] },
      result: 'allowed',
    },
    {
      given: 'the target requires both, the cluster has both',
      target: 'service: { ipFamilyPolicy: RequireDualStack }',
      options: { clusterFamilies: ['IPv4', 'IPv6'] },
      result: 'allowed',
    },
    { given: 'the families of the cluster are unknown', target: IPV6_FIRST, result: 'allowed' },
    {
      given: 'the target is headless',
      target: 'service: { type: Headless, ipFamilies: [IPv6] }',
      options: { clusterFamilies: ['IPv4'] },
      result: 'allowed',
    },
  ],
  'ports of a Service of another owner': [
    {
      given: 'create: false, a port of another name',
      service: otherService({
        ports: [
          { name: 'q', port: 5432 },
          { port: 1, protocol: 'UDP' },
        ],
      }),
      target: KEPT_BY_OTHERS,
      result: 'Refused ServicePortMissing (Service)',
      message:
        'the Service has no port "p"/TCP, so kube-proxy would not find the endpoints; its ports are "q"/TCP, (unnamed)/UDP',
    },
    {
      given: 'create: false, a port of the name and another protocol',
      service: otherService({ ports: [{ name: 'p', port: 5432, protocol: 'UDP' }] }),
      target: KEPT_BY_OTHERS,
      result: 'Refused ServicePortMissing (Service)',
    },
    {
      given: 'create: false, the port among others',
      service: otherService({
        ports: [
          { name: 'q', port: 1 },
          { name: 'p', port: 2 },
        ],
      }),
      target: KEPT_BY_OTHERS,
      result: 'allowed',
    },
    {
      given: 'create: false, a Service without ports',
      service: otherService({ ports: [] }),
      target: KEPT_BY_OTHERS,
      result: 'allowed',
    },
    {
      given: 'create: true, a port of another name',
      service: ourService(targetDb(), { ports: [{ name: 'q', port: 5432 }] }),
      result: 'allowed',
    },
  ],
  'internalTrafficPolicy of a Service of another owner': [
    {
      given: 'create: false, Local',
      service: otherService({ internalTrafficPolicy: 'Local' }),
      target: KEPT_BY_OTHERS,
      result: 'Refused TrafficPolicyLocal (Service)',
      message:
        'the Service has `internalTrafficPolicy: Local`, and endpoints outside the cluster are on no node: kube-proxy would drop all traffic; set it to `Cluster`',
    },
    {
      given: 'create: false, Cluster',
      service: otherService({ internalTrafficPolicy: 'Cluster' }),
      target: KEPT_BY_OTHERS,
      result: 'allowed',
    },
    {
      given: 'create: true, Local',
      service: ourService(targetDb(), { internalTrafficPolicy: 'Local' }),
      result: 'allowed',
    },
  ],
};

describe.each(Object.entries(TABLE))('the rule about %s', (_about, rows) => {
  it.each(rows)('$given: $result', ({ result, message, ...question }) => {
    expect(refusalOf({ result, ...question })).toMatchObject(
      message === undefined ? { result } : { result, message },
    );
  });
});
