import type { ServicePort } from '../manifest/kube-object.ts';
import { LEADER_ANNOTATION, ownerOf } from '../manifest/labels.ts';
import type { TargetPort } from '../target/target.ts';
import { slicesByOwner } from './existing-objects.ts';
import { mayAdopt, type PlanInput } from './plan-input.ts';
import { hasSelector } from './service-view.ts';

/** Why nothing is done to a target's objects. */
export interface Refusal {
  readonly phase: 'Refused' | 'Pending';
  readonly reason: RefusalReason;
  readonly message: string;
}

export type RefusalReason =
  | 'ServiceNotFound'
  | 'ServiceTerminating'
  | 'ServiceHasSelector'
  | 'ServiceNotOurs'
  | 'OwnedByOtherInstance'
  | 'EndpointsNotOurs'
  | 'SlicesNotOurs'
  | 'EndpointsAreLock'
  | 'ServicePortMissing'
  | 'TrafficPolicyLocal'
  | 'ClusterIPImmutable'
  | 'IPFamiliesImmutable'
  | 'IPFamilyNotInCluster'
  | 'WouldLeaveNoneReady';

const HOW_TO_ADOPT = 'set `adopt: true` on the target or pass --adopt to take it over';

/** The first reason not to touch this target's objects, or undefined when there is none. */
export function refusalOf(input: PlanInput): Refusal | undefined {
  for (const rule of RULES) {
    const refusal = rule(input);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

type Rule = (input: PlanInput) => Refusal | undefined;

const serviceMustExistUnlessCreated: Rule = ({ target, existing }) => {
  if (target.service.create || existing.service !== undefined) return undefined;
  return {
    phase: 'Pending',
    reason: 'ServiceNotFound',
    message: 'the Service does not exist, and `service.create: false` leaves making it to somebody else',
  };
};

const serviceMustNotBeTerminating: Rule = ({ existing }) => {
  if (existing.service?.metadata.deletionTimestamp === undefined) return undefined;
  return {
    phase: 'Pending',
    reason: 'ServiceTerminating',
    message: 'the Service is being deleted; a new one is made when it is gone',
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
    message: `the Service selects Pods (${text}); remove its selector, give the target another name, or take it off the list and \`release\` the Service`,
  };
};

const serviceMustBeOurs: Rule = (input) => {
  const { service } = input.existing;
  if (service === undefined || !input.target.service.create) return undefined;
  const owner = ownerOf(service, input.options.instance);
  if (owner === 'otherInstance') return otherInstance('Service');
  if (owner === 'us' || mayAdopt(input)) return undefined;
  return {
    phase: 'Refused',
    reason: 'ServiceNotOurs',
    message: `a Service of this name exists and is not managed by external-endpoints; ${HOW_TO_ADOPT}`,
  };
};

const endpointsMustBeOurs: Rule = (input) => {
  const { endpoints } = input.existing;
  if (endpoints === undefined) return undefined;
  const owner = ownerOf(endpoints, input.options.instance);
  if (owner === 'otherInstance') return otherInstance('Endpoints');
  if (owner === 'us' || mayAdopt(input)) return undefined;
  return {
    phase: 'Refused',
    reason: 'EndpointsNotOurs',
    message: `Endpoints of this name exist and are not managed by external-endpoints; ${HOW_TO_ADOPT}`,
  };
};

/** Leader election keeps its lock in the annotations of Endpoints; taking those over would end in two leaders. */
const endpointsMustBeNoLock: Rule = ({ existing }) => {
  if (existing.endpoints?.metadata.annotations?.[LEADER_ANNOTATION] === undefined) return undefined;
  return {
    phase: 'Refused',
    reason: 'EndpointsAreLock',
    message: `the Endpoints of this name are the lock of some program's leader election (annotation ${LEADER_ANNOTATION}); give the target another name`,
  };
};

const slicesMustBeOurs: Rule = (input) => {
  const slices = slicesByOwner(input.existing, input.options.instance);
  if (slices.otherInstances.length > 0) return otherInstance('EndpointSlices');
  const first = slices.foreign[0] ?? (input.target.service.create ? undefined : slices.leftover[0]);
  if (first === undefined || mayAdopt(input)) return undefined;
  return {
    phase: 'Refused',
    reason: 'SlicesNotOurs',
    message: `EndpointSlice ${first.metadata.name} serves this Service and is not ours; ${HOW_TO_ADOPT}`,
  };
};

/** `validation.go:9213-9257`: an allocated cluster IP, and `None`, may not change. ExternalName has none yet. */
const clusterIPMustFit: Rule = ({ target, existing }) => {
  const spec = existing.service?.spec;
  if (spec === undefined || !target.service.create || spec.type === 'ExternalName') return undefined;
  const isHeadless = spec.clusterIP === 'None';
  const wantsHeadless = target.service.type === 'Headless';
  if (isHeadless === wantsHeadless) return undefined;
  return {
    phase: 'Refused',
    reason: 'ClusterIPImmutable',
    message: isHeadless
      ? `the Service is headless and the API server lets none become ${target.service.type}; delete it, or set \`service.type: Headless\``
      : 'the Service has a cluster IP and the API server lets none become headless; delete it, or set another `service.type`',
  };
};

/** `validation.go:9275-9322`: the first family of a Service that has an address may not change. */
const firstFamilyMustStay: Rule = ({ target, existing }) => {
  const wanted = target.service.ipFamilies?.[0];
  const spec = existing.service?.spec;
  const current = spec?.ipFamilies?.[0];
  if (wanted === undefined || current === undefined || wanted === current) return undefined;
  if (!target.service.create || spec?.clusterIP === 'None') return undefined;
  return {
    phase: 'Refused',
    reason: 'IPFamiliesImmutable',
    message: `the Service has ${current} first and the API server lets no other come first; delete it, or set \`service.ipFamilies\` accordingly`,
  };
};

/** `alloc.go:265-276`: a Service with an address needs the cluster to have the families. */
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
    message: `the list asks for ${missing ?? 'both families (`service.ipFamilyPolicy: RequireDualStack`)'}, and the cluster's Services have ${cluster} only`,
  };
};

/** kube-proxy finds the endpoints of a Service's port by name and protocol (`endpointslicecache.go:183`). */
const keptServiceMustHaveThePorts: Rule = ({ target, existing }) => {
  if (target.service.create || existing.service === undefined) return undefined;
  const ports = existing.service.spec.ports ?? [];
  if (ports.length === 0) return undefined;
  const missing = target.ports.find((port) => !ports.some((each) => isSamePort(port, each)));
  if (missing === undefined) return undefined;
  const has = ports.map(({ name = '', protocol = 'TCP' }) => `${portName(name)}/${protocol}`).join(', ');
  return {
    phase: 'Refused',
    reason: 'ServicePortMissing',
    message: `the Service has no port ${portName(missing.name)}/${missing.protocol}, so nobody would find the endpoints; it has ${has}`,
  };
};

function isSamePort(port: TargetPort, { name = '', protocol = 'TCP' }: ServicePort): boolean {
  return port.name === name && port.protocol === protocol;
}

function portName(name: string): string {
  return name === '' ? '(unnamed)' : `"${name}"`;
}

/** Where we write the Service, we write this too. */
const keptServiceMustNotBeLocal: Rule = ({ target, existing }) => {
  if (target.service.create || existing.service?.spec.internalTrafficPolicy !== 'Local') return undefined;
  return {
    phase: 'Refused',
    reason: 'TrafficPolicyLocal',
    message:
      'the Service has `internalTrafficPolicy: Local`: as endpoints outside the cluster are on no node, all its traffic would be dropped',
  };
};

const RULES: readonly Rule[] = [
  serviceMustExistUnlessCreated,
  serviceMustNotBeTerminating,
  serviceMustHaveNoSelector,
  serviceMustBeOurs,
  endpointsMustBeNoLock,
  endpointsMustBeOurs,
  slicesMustBeOurs,
  clusterIPMustFit,
  firstFamilyMustStay,
  clusterMustHaveTheFamilies,
  keptServiceMustHaveThePorts,
  keptServiceMustNotBeLocal,
];

function otherInstance(kind: string): Refusal {
  return {
    phase: 'Refused',
    reason: 'OwnedByOtherInstance',
    message: `the ${kind} belong${kind === 'Service' ? 's' : ''} to another instance of external-endpoints; see its label external-endpoints/instance`,
  };
}
