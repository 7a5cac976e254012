import type {
  EndpointSliceObject,
  EndpointsObject,
  KubeObject,
  ServiceObject,
} from '../manifest/kube-object.ts';
import { ownerOf, skipsMirror } from '../manifest/labels.ts';
import { hasSelector } from '../manifest/service.ts';
import {
  allowMirror,
  deleteAction,
  dropFieldOwnership,
  removeOwnershipLabels,
  setSelector,
} from './actions.ts';
import {
  endpointsAgree,
  endpointsCover,
  isMirrorInStep,
  publishedReadiness,
  type SlicesByOwner,
  slicesByOwner,
} from './existing-objects.ts';
import type { Action, ObjectPlan } from './object-plan.ts';
import type { RemovalInput } from './plan-removal.ts';

export interface ReleaseInput extends RemovalInput {
  /** Hand the Service over to the Pods with these labels. Absent: leave everything as it stands. */
  readonly selector?: Readonly<Record<string, string>>;
}

/**
 * Gives the objects back without our marks and without a gap. Who serves the addresses from then on follows from
 * what is there:
 *
 *   a selector            the Pods' slices, once one of them is ready; ours go
 *   Endpoints             the mirroring controller: skip-mirror off, wait for its slices, then ours go
 *   neither, or Endpoints that say something else
 *                         our slices, as nobody's
 *
 * Each step follows from what exists, so a pass that died is continued by the next.
 */
export function planRelease(input: ReleaseInput): ObjectPlan {
  const { namespace, name, existing, instance, selector } = input;
  const owned = ownedBy(input);
  const plan: ObjectPlan = {
    namespace,
    name,
    phase: 'Orphaned',
    reason: 'Released',
    message: '',
    actions: [],
  };
  if (owned.service === undefined && owned.endpoints === undefined && owned.slices.length === 0) {
    return { ...plan, ...notManaged(input) };
  }
  const slices = slicesByOwner(existing, instance);
  if (selector !== undefined || hasSelector(existing.service)) {
    return { ...plan, ...stepsToPods(existing.service, selector, owned, slices) };
  }
  const endpoints = owned.endpoints ?? mirroredByNow(existing.endpoints);
  if (endpoints !== undefined && existing.service !== undefined && mirrorMayCopy(endpoints, owned.slices)) {
    return { ...plan, ...stepsToMirror(endpoints, input, owned, slices) };
  }
  return { ...plan, actions: removeAllOwnershipLabels(owned) };
}

/** Also what a release that died after its last write finds: then all is as it should be. */
function notManaged({ existing, instance }: ReleaseInput): Pick<ObjectPlan, 'phase' | 'reason' | 'message'> {
  const objects = [existing.service, existing.endpoints].flatMap((object) => object ?? []);
  if (objects.length === 0 && existing.slices.length === 0) {
    return { phase: 'Refused', reason: 'ServiceNotFound', message: 'there is nothing under this name' };
  }
  const { otherInstances } = slicesByOwner(existing, instance);
  if (otherInstances.length > 0 || objects.some((each) => ownerOf(each, instance) === 'otherInstance')) {
    const message = 'the objects belong to another instance; name it with --instance';
    return { phase: 'Refused', reason: 'OwnedByOtherInstance', message };
  }
  return { phase: 'Orphaned', reason: 'NotManaged', message: 'nothing under this name bears our marks' };
}

interface Owned {
  readonly service: ServiceObject | undefined;
  readonly endpoints: EndpointsObject | undefined;
  readonly slices: readonly EndpointSliceObject[];
}

type Steps = Pick<ObjectPlan, 'actions'> & Partial<ObjectPlan>;

function ownedBy({ existing, instance }: RemovalInput): Owned {
  const { service, endpoints } = existing;
  const isOurs = (object: KubeObject) => ownerOf(object, instance) === 'us';
  return {
    service: service !== undefined && isOurs(service) ? service : undefined,
    endpoints: endpoints !== undefined && isOurs(endpoints) ? endpoints : undefined,
    slices: slicesByOwner(existing, instance).ours,
  };
}

function stepsToPods(
  service: ServiceObject | undefined,
  selector: ReleaseInput['selector'],
  owned: Owned,
  slices: SlicesByOwner,
): Steps {
  if (!hasSelector(service)) {
    if (owned.service === undefined || selector === undefined) {
      const message = 'the Service itself is not managed by external-endpoints; set its selector there';
      return { phase: 'Refused', reason: 'ServiceNotOurs', message, actions: [] };
    }
    return { actions: [setSelector(owned.service, selector)], continuation: { until: 'SelectedPodsReady' } };
  }
  if (selector !== undefined && !isSelector(service, selector)) {
    const message = 'the Service has another selector already';
    return { phase: 'Refused', reason: 'ServiceHasSelector', message, actions: [] };
  }
  if (owned.slices.length > 0 && !arePodsReady(slices)) {
    return { actions: [], continuation: { until: 'SelectedPodsReady' } };
  }
  return {
    actions: [
      ...dropSliceOwnership(owned),
      ...removeSlices(owned),
      ...removeAllOwnershipLabels({ ...owned, slices: [] }),
    ],
  };
}

function isSelector(service: ServiceObject | undefined, selector: Readonly<Record<string, string>>): boolean {
  const current = service?.spec.selector ?? {};
  const keys = new Set([...Object.keys(current), ...Object.keys(selector)]);
  return [...keys].every((key) => current[key] === selector[key]);
}

/** The endpointslice controller has found a Pod that takes traffic. */
export function arePodsReady({ orphaned }: Pick<SlicesByOwner, 'orphaned'>): boolean {
  return [...publishedReadiness(orphaned).values()].includes(true);
}

function stepsToMirror(
  endpoints: EndpointsObject,
  { existing }: RemovalInput,
  owned: Owned,
  slices: SlicesByOwner,
): Steps {
  const disowned = dropSliceOwnership(owned);
  if (skipsMirror(endpoints)) {
    const actions = [...disowned, allowMirror(endpoints).action];
    return { actions, continuation: { until: 'MirroredSlicesPresent' } };
  }
  if (owned.slices.length > 0 && !isMirrorInStep(existing, slices)) {
    return { actions: [], continuation: { until: 'MirroredSlicesPresent' } };
  }
  if (owned.slices.length === 0) return { actions: removeAllOwnershipLabels(owned) };
  // A pass over a list that still has the target may tell the mirroring controller to stop, and would leave the Service
  // unserved if our slices went at the same moment. It writes our slices first, because they are disowned, and then the
  // Endpoints; so one of the two, it or this release, meets a conflict.
  const { service, endpoints: ours } = owned;
  const fence = ours === undefined ? undefined : allowMirror(ours);
  return {
    actions: [
      ...disowned,
      ...(fence === undefined ? [] : [fence.action]),
      ...removeSlices(owned),
      ...removeAllOwnershipLabels({ service, endpoints: fence?.after, slices: [] }),
    ],
  };
}

/**
 * Mirrored, the Endpoints serve what our slices serve. A pass that died between the two leaves them contradicting each
 * other; where nothing is mirrored yet, our slices stay instead.
 */
function mirrorMayCopy(endpoints: EndpointsObject, slices: readonly EndpointSliceObject[]): boolean {
  if (!endpointsCover(endpoints, slices)) return false;
  return !skipsMirror(endpoints) || endpointsAgree(endpoints, slices);
}

/** Somebody else's, or given back by a release that died: what is mirrored from them needs no slices of ours beside. */
function mirroredByNow(endpoints: EndpointsObject | undefined): EndpointsObject | undefined {
  return endpoints === undefined || skipsMirror(endpoints) ? undefined : endpoints;
}

/**
 * Whoever changes or keeps one of our slices after that has read anew, and first takes what it has lost back: so neither
 * what was planned for it before goes through, nor a deletion of ours that comes when all is different again.
 */
function dropSliceOwnership({ slices }: Owned): Action[] {
  return slices.flatMap((slice) => dropFieldOwnership(slice) ?? []);
}

function removeSlices({ slices }: Owned): Action[] {
  return slices.map((slice) => deleteAction('EndpointSlice', slice, 'Released'));
}

/** The Service last: as long as it bears our marks, whoever comes after a kill finds the rest. */
function removeAllOwnershipLabels({ service, endpoints, slices }: Owned): Action[] {
  return [...slices, endpoints, service].flatMap((object) =>
    object === undefined ? [] : [removeOwnershipLabels(object)],
  );
}
