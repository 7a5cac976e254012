import type { ServicePort } from '../../manifest/kube-object.ts';
import { hasSelector, isExternalName } from '../../manifest/service.ts';
import type { TargetPort } from '../../model/target.ts';
import type { Rule } from './refusal.ts';

/** Rules about the Service: whether it exists, what it is, and what the API server never changes in it. */

const serviceMustExistUnlessCreated: Rule = ({ target, existing }) => {
  if (target.service.create || existing.service !== undefined) return undefined;
  return {
    phase: 'Pending',
    reason: 'ServiceNotFound',
    message: 'the Service does not exist; create it, or set `service.create: true`',
    scope: 'everything',
  };
};

const serviceMustNotBeTerminating: Rule = ({ existing }) => {
  if (existing.service?.metadata.deletionTimestamp === undefined) return undefined;
  return {
    phase: 'Pending',
    reason: 'ServiceTerminating',
    message: 'the Service is being deleted; the target is reconciled when it is gone',
    scope: 'Service',
  };
};

const serviceMustHaveNoSelector: Rule = ({ existing }) => {
  if (!hasSelector(existing.service)) return undefined;
  const text = Object.entries(existing.service?.spec.selector ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  return {
    phase: 'Refused',
    reason: 'ServiceHasSelector',
    message: `the Service selects Pods (${text}); remove its selector, rename the target, or remove the target from the list and run \`release\``,
    scope: 'everything',
  };
};

/** An allocated cluster IP, and `None`, never change (`validation.go:9213-9257`). An ExternalName Service has none yet. */
const clusterIPMustFit: Rule = ({ target, existing }) => {
  const spec = existing.service?.spec;
  if (spec === undefined || !target.service.create || isExternalName(existing.service)) return undefined;
  const isHeadless = spec.clusterIP === 'None';
  const wantsHeadless = target.service.type === 'Headless';
  if (isHeadless === wantsHeadless) return undefined;
  return {
    phase: 'Refused',
    reason: 'ClusterIPImmutable',
    message: isHeadless
      ? `the Service is headless and cannot become ${target.service.type}; delete the Service, or set \`service.type: Headless\``
      : 'the Service has a cluster IP and cannot become headless; delete the Service, or set another `service.type`',
    scope: 'Service',
  };
};

/** The first family of a Service with a cluster IP never changes (`validation.go:9275-9322`). */
const firstFamilyMustStay: Rule = ({ target, existing }) => {
  const wanted = target.service.ipFamilies?.[0];
  const spec = existing.service?.spec;
  const current = spec?.ipFamilies?.[0];
  if (wanted === undefined || current === undefined || wanted === current) return undefined;
  if (!target.service.create || spec?.clusterIP === 'None') return undefined;
  return {
    phase: 'Refused',
    reason: 'IPFamiliesImmutable',
    message: `the first IP family of the Service is ${current} and cannot change; delete the Service, or list ${current} first in \`service.ipFamilies\``,
    scope: 'Service',
  };
};

/** The API server removes a second family only if the policy asks for it; a shorter list of families is not enough. */
const secondFamilyMustBeRemovedByPolicy: Rule = ({ target, existing }) => {
  const { create, ipFamilies, ipFamilyPolicy, type } = target.service;
  if (!create || type === 'Headless' || ipFamilies?.length !== 1 || ipFamilyPolicy !== undefined)
    return undefined;
  if (existing.service?.spec.ipFamilies?.length !== 2) return undefined;
  return {
    phase: 'Refused',
    reason: 'IPFamiliesImmutable',
    message:
      'the Service has two IP families and the list one; to remove the second, set `service.ipFamilyPolicy: SingleStack`',
    scope: 'Service',
  };
};

/** A Service with a cluster IP needs families that the cluster has (`alloc.go:265-276`). */
const clusterMustHaveTheFamilies: Rule = ({ target, options }) => {
  const { clusterFamilies = [] } = options;
  const { create, type, ipFamilies = [], ipFamilyPolicy } = target.service;
  if (clusterFamilies.length === 0 || !create || type === 'Headless') return undefined;
  const missing = ipFamilies.find((family) => !clusterFamilies.includes(family));
  const cluster = clusterFamilies.join(' and ');
  if (missing === undefined && (ipFamilyPolicy !== 'RequireDualStack' || clusterFamilies.length > 1))
    return undefined;
  return {
    phase: 'Refused',
    reason: 'IPFamilyNotInCluster',
    message: `the list asks for ${missing ?? 'both families (`service.ipFamilyPolicy: RequireDualStack`)'}, and Services of this cluster have ${cluster} only`,
    scope: 'Service',
  };
};

/** kube-proxy looks up the endpoints of a Service port by name and protocol (`endpointslicecache.go:183`). */
const otherServiceMustHaveThePorts: Rule = ({ target, existing }) => {
  if (target.service.create || existing.service === undefined) return undefined;
  const ports = existing.service.spec.ports ?? [];
  if (ports.length === 0) return undefined;
  const missing = target.ports.find((port) => !ports.some((each) => isSamePort(port, each)));
  if (missing === undefined) return undefined;
  const has = ports.map(({ name = '', protocol = 'TCP' }) => `${portName(name)}/${protocol}`).join(', ');
  return {
    phase: 'Refused',
    reason: 'ServicePortMissing',
    message: `the Service has no port ${portName(missing.name)}/${missing.protocol}, so kube-proxy would not find the endpoints; its ports are ${has}`,
    scope: 'Service',
  };
};

function isSamePort(port: TargetPort, { name = '', protocol = 'TCP' }: ServicePort): boolean {
  return port.name === name && port.protocol === protocol;
}

function portName(name: string): string {
  return name === '' ? '(unnamed)' : `"${name}"`;
}

/** In a Service that we write, we set this field. */
const otherServiceMustNotBeLocal: Rule = ({ target, existing }) => {
  if (target.service.create || existing.service?.spec.internalTrafficPolicy !== 'Local') return undefined;
  return {
    phase: 'Refused',
    reason: 'TrafficPolicyLocal',
    message:
      'the Service has `internalTrafficPolicy: Local`, and endpoints outside the cluster are on no node: kube-proxy would drop all traffic; set it to `Cluster`',
    scope: 'Service',
  };
};

export const EXISTENCE_RULES: readonly Rule[] = [
  serviceMustExistUnlessCreated,
  serviceMustNotBeTerminating,
  serviceMustHaveNoSelector,
];

export const CONTENT_RULES: readonly Rule[] = [
  clusterIPMustFit,
  firstFamilyMustStay,
  secondFamilyMustBeRemovedByPolicy,
  clusterMustHaveTheFamilies,
  otherServiceMustHaveThePorts,
  otherServiceMustNotBeLocal,
];
