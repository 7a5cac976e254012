import { ownerOf } from '../manifest/labels.ts';
import { slicesByOwner } from './existing-objects.ts';
import { mayAdopt, type PlanInput } from './plan-input.ts';

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
  | 'ClusterIPImmutable'
  | 'FieldConflict'
  | 'ExcludedByPolicy';

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

/** Kubernetes' own controllers write the endpoints of such a Service; nobody else can win there. */
const serviceMustHaveNoSelector: Rule = ({ existing }) => {
  const selector = Object.entries(existing.service?.spec.selector ?? {});
  if (selector.length === 0) return undefined;
  const text = selector.map(([key, value]) => `${key}=${value}`).join(',');
  return {
    phase: 'Refused',
    reason: 'ServiceHasSelector',
    message: `the Service selects Pods (${text}); remove its selector or give the target another name`,
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

const RULES: readonly Rule[] = [
  serviceMustExistUnlessCreated,
  serviceMustNotBeTerminating,
  serviceMustHaveNoSelector,
  serviceMustBeOurs,
  endpointsMustBeOurs,
  slicesMustBeOurs,
  clusterIPMustFit,
];

function otherInstance(kind: string): Refusal {
  return {
    phase: 'Refused',
    reason: 'OwnedByOtherInstance',
    message: `the ${kind} belong${kind === 'Service' ? 's' : ''} to another instance of external-endpoints; see its label external-endpoints/instance`,
  };
}
