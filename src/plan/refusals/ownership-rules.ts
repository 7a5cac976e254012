import { LEADER_ANNOTATION } from '../../manifest/labels.ts';
import { publishingList } from '../existing-objects.ts';
import type { ContestedField } from '../field-ownership/field-difference.ts';
import { mayAdopt } from '../plan-input.ts';
import type { Refusal, Rule } from './refusal.ts';

/** Rules about objects that are not ours. */

const HOW_TO_ADOPT = 'set `adopt: true` on the target or pass --adopt';

/** Two lists that name one Service would otherwise undo each other's settings, and each could delete it. */
const objectsMustBeOfThisList: Rule = (ownership) => {
  const { existing, options, target } = ownership;
  const other = publishingList(existing, options.instance);
  if (other === undefined || other === target.list) return undefined;
  if (options.lists?.has(other) || mayAdopt(ownership)) return undefined;
  const here = target.list === undefined ? 'this list has no name' : `this is the list "${target.list}"`;
  return {
    phase: 'Refused',
    reason: 'OwnedByOtherList',
    message: `the list "${other}" published this Service, and ${here}; to move it here, ${HOW_TO_ADOPT}`,
    scope: 'everything',
  };
};

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

/** Labels of Services that the control plane or the installer of the cluster owns. */
const CLUSTER_LABELS: Readonly<Record<string, string>> = {
  'kubernetes.io/cluster-service': 'true',
  provider: 'kubernetes',
};

/**
 * All Pods reach the API server through `default/kubernetes`. A Service that the cluster owns is never adopted,
 * whatever the list and the flags say.
 */
const serviceMustNotBeTheClusters: Rule = ({ existing, serviceOwner, target: { name, namespace } }) => {
  const isApiServer = namespace === 'default' && name === 'kubernetes';
  const labels = existing.service?.metadata.labels ?? {};
  const label = Object.entries(CLUSTER_LABELS).find(([key, value]) => labels[key] === value);
  if (!isApiServer && (label === undefined || serviceOwner === 'us')) return undefined;
  const why = isApiServer ? 'all Pods reach the API server through it' : `label ${label?.join('=')}`;
  return {
    phase: 'Refused',
    reason: 'ServiceOwnedByCluster',
    message: `the cluster itself owns this Service (${why}); rename the target`,
    scope: 'everything',
  };
};

/** Patroni's lock has at least `leader` and `ttl`; the others come with its first leader. */
const PATRONI_ANNOTATIONS = ['leader', 'ttl', 'optime', 'renewTime', 'transitions', 'acquireTime'];

/** Leader election keeps its lock in annotations of Endpoints. Adopting them would make two leaders. */
const endpointsMustBeNoLock: Rule = ({ existing }) => {
  const annotations = existing.endpoints?.metadata.annotations ?? {};
  const ofPatroni = PATRONI_ANNOTATIONS.filter((key) => annotations[key] !== undefined);
  const found = annotations[LEADER_ANNOTATION] !== undefined ? [LEADER_ANNOTATION] : ofPatroni;
  if (found.length === 0 || (found === ofPatroni && found.length < 2)) return undefined;
  const which = `${found.length === 1 ? 'annotation' : 'annotations'} ${found.join(', ')}`;
  return {
    phase: 'Refused',
    reason: 'EndpointsAreLock',
    message: `the Endpoints of this name are the lock of a leader election (${which}); rename the target`,
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
  serviceMustNotBeTheClusters,
  objectsMustBeOfThisList,
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
