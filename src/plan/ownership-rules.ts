import { ENDPOINTS_MANAGED_BY_LABEL, LEADER_ANNOTATION, ownerOf } from '../manifest/labels.ts';
import { hasSelector } from '../manifest/service.ts';
import { slicesByOwner } from './existing-objects.ts';
import type { ContestedField } from './field-difference.ts';
import { notOursToTake } from './foreign-slices.ts';
import { mayAdopt, type PlanContext } from './plan-input.ts';
import type { Refusal, Rule } from './refusal.ts';

const HOW_TO_ADOPT = 'set `adopt: true` on the target or pass --adopt to take it over';

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
    scope: 'Service',
  };
};

/** Leader election keeps its lock in the annotations of Endpoints; taking those over would end in two leaders. */
const endpointsMustBeNoLock: Rule = ({ existing }) => {
  if (existing.endpoints?.metadata.annotations?.[LEADER_ANNOTATION] === undefined) return undefined;
  return {
    phase: 'Refused',
    reason: 'EndpointsAreLock',
    message: `the Endpoints of this name are the lock of some program's leader election (annotation ${LEADER_ANNOTATION}); give the target another name`,
    scope: 'Endpoints',
  };
};

const endpointsMustBeOurs: Rule = (input) => {
  const { endpoints } = input.existing;
  if (endpoints === undefined) return undefined;
  const owner = ownerOf(endpoints, input.options.instance);
  if (owner === 'otherInstance') return otherInstance('Endpoints');
  if (owner === 'us' || mayAdopt(input) || isLeftBySelector(input)) return undefined;
  return {
    phase: 'Refused',
    reason: 'EndpointsNotOurs',
    message: `Endpoints of this name exist and are not managed by external-endpoints; ${HOW_TO_ADOPT}`,
    scope: 'Endpoints',
  };
};

/** What the endpoints controller leaves behind on a Service of ours when its selector goes is nobody's any more. */
function isLeftBySelector({ target, existing: { service, endpoints }, options }: PlanContext): boolean {
  const isByController = endpoints?.metadata.labels?.[ENDPOINTS_MANAGED_BY_LABEL] !== undefined;
  const isOurs = service !== undefined && ownerOf(service, options.instance) === 'us';
  return isByController && isOurs && target.service.create && !hasSelector(service);
}

const slicesMustBeOurs: Rule = (input) => {
  const slices = slicesByOwner(input.existing, input.options.instance);
  if (slices.otherInstances.length > 0) return otherInstance('EndpointSlices');
  const [first] = notOursToTake(input, slices);
  if (first === undefined) return undefined;
  return {
    phase: 'Refused',
    reason: 'SlicesNotOurs',
    message: `EndpointSlice ${first.metadata.name} serves this Service and is not ours; ${HOW_TO_ADOPT}`,
    scope: 'slices',
  };
};

function otherInstance(kind: string): Refusal {
  return {
    phase: 'Refused',
    reason: 'OwnedByOtherInstance',
    message: `the ${kind} belong${kind === 'Service' ? 's' : ''} to another instance of external-endpoints; see its label external-endpoints/instance`,
    scope: 'everything',
  };
}

export const OWNERSHIP_RULES: readonly Rule[] = [
  serviceMustBeOurs,
  endpointsMustBeNoLock,
  endpointsMustBeOurs,
  slicesMustBeOurs,
];

/** What an object turned out to have when it was to be written. */
export function conflictRefusal(conflicts: readonly ContestedField[], scope: Refusal['scope']): Refusal {
  const text = conflicts.map(({ path, manager }) => `${path} (${manager})`).join(', ');
  return {
    phase: 'Refused',
    reason: 'FieldConflict',
    message: `applied by another field manager with another value: ${text}; set \`adopt: true\` to take the fields over`,
    scope,
  };
}
