import { LEADER_ANNOTATION } from '../../manifest/labels.ts';
import type { ContestedField } from '../field-ownership/field-difference.ts';
import { mayAdopt } from '../plan-input.ts';
import type { Refusal, Rule } from './refusal.ts';

/** Rules about objects that are not ours. */

const HOW_TO_ADOPT = 'set `adopt: true` on the target or pass --adopt';

const serviceMustBeOurs: Rule = (ownership) => {
  const { serviceOwner, target } = ownership;
  if (serviceOwner === undefined || !target.service.create) return undefined;
  if (serviceOwner === 'otherInstance') return otherInstance('Service');
  if (serviceOwner === 'us' || mayAdopt(ownership)) return undefined;
  return {
    phase: 'Refused',
    reason: 'ServiceNotOurs',
    message: `a Service of this name exists and is not managed by external-endpoints; to adopt it, ${HOW_TO_ADOPT}`,
    scope: 'Service',
  };
};

/** Leader election keeps its lock in annotations of Endpoints. Adopting them would make two leaders. */
const endpointsMustBeNoLock: Rule = ({ existing }) => {
  if (existing.endpoints?.metadata.annotations?.[LEADER_ANNOTATION] === undefined) return undefined;
  return {
    phase: 'Refused',
    reason: 'EndpointsAreLock',
    message: `the Endpoints of this name are the lock of a leader election (annotation ${LEADER_ANNOTATION}); rename the target`,
    scope: 'Endpoints',
  };
};

const endpointsMustBeOurs: Rule = (ownership) => {
  const { endpointsOwner, isEndpointsOrphaned } = ownership;
  if (endpointsOwner === undefined) return undefined;
  if (endpointsOwner === 'otherInstance') return otherInstance('Endpoints');
  if (endpointsOwner === 'us' || mayAdopt(ownership) || isEndpointsOrphaned) return undefined;
  return {
    phase: 'Refused',
    reason: 'EndpointsNotOurs',
    message: `Endpoints of this name exist and are not managed by external-endpoints; to adopt them, ${HOW_TO_ADOPT}`,
    scope: 'Endpoints',
  };
};

const slicesMustBeOurs: Rule = ({ slices, refusedSlices }) => {
  if (slices.otherInstances.length > 0) return otherInstance('EndpointSlices');
  const [first] = refusedSlices;
  if (first === undefined) return undefined;
  return {
    phase: 'Refused',
    reason: 'SlicesNotOurs',
    message: `EndpointSlice ${first.metadata.name} serves this Service and is not managed by external-endpoints; delete it, or, to adopt it, ${HOW_TO_ADOPT}`,
    scope: 'slices',
  };
};

function otherInstance(kind: string): Refusal {
  return {
    phase: 'Refused',
    reason: 'OwnedByOtherInstance',
    message: `another instance of external-endpoints owns the ${kind}; see the label external-endpoints/instance`,
    scope: 'everything',
  };
}

export const OWNERSHIP_RULES: readonly Rule[] = [
  serviceMustBeOurs,
  endpointsMustBeNoLock,
  endpointsMustBeOurs,
  slicesMustBeOurs,
];

/** The plan would have to change fields that another manager applies. */
export function conflictRefusal(conflicts: readonly ContestedField[], scope: Refusal['scope']): Refusal {
  const text = conflicts.map(({ path, manager }) => `${path} (${manager})`).join(', ');
  return {
    phase: 'Refused',
    reason: 'FieldConflict',
    message: `another field manager applies other values: ${text}; remove the fields there, or set \`adopt: true\``,
    scope,
  };
}
