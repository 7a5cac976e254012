import type {
  EndpointSliceObject,
  EndpointsObject,
  KubeObject,
  ServiceObject,
} from '../manifest/kube-object.ts';
import { ownerOf, skipsMirror } from '../manifest/labels.ts';
import { hasSelector } from '../manifest/service.ts';
import { deleteAction } from './actions/apply-action.ts';
import {
  allowMirror,
  dropFieldOwnership,
  removeOwnershipLabels,
  setSelector,
} from './actions/ownership-patches.ts';
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
  /** Give the Service this selector. Absent: leave everything as it is. */
  readonly selector?: Readonly<Record<string, string>>;
}

/**
 * Removes our ownership from the objects, without a gap in traffic. The objects decide which slices serve the addresses
 * afterwards:
 *
 *     a selector                                  the slices of the Pods; ours are deleted once one Pod is ready
 *     Endpoints with the same ready addresses     the mirrored slices: skip-mirror goes, then ours are deleted once the
 *                                                 mirrored slices say what the Endpoints say
 *     otherwise                                   our slices, without an owner
 *
 * Each step follows from the objects alone, so the next pass continues after a kill. A release has no verdicts: the
 * target has left the list, or a worker that still has it takes it back and publishes them.
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
  const endpoints = owned.endpoints ?? mirroredAlready(existing.endpoints);
  if (endpoints !== undefined && existing.service !== undefined && mirrorMayCopy(endpoints, owned.slices)) {
    return { ...plan, ...stepsToMirror(endpoints, input, owned, slices) };
  }
  return { ...plan, actions: removeAllOwnershipLabels(owned) };
}

/** Also the result when a release was killed after its last write: then it is complete. */
function notManaged({ existing, instance }: ReleaseInput): Pick<ObjectPlan, 'phase' | 'reason' | 'message'> {
  const objects = [existing.service, existing.endpoints].flatMap((object) => object ?? []);
  if (objects.length === 0 && existing.slices.length === 0) {
    return { phase: 'Refused', reason: 'ServiceNotFound', message: 'no object has this name' };
  }
  const { otherInstances } = slicesByOwner(existing, instance);
  if (otherInstances.length > 0 || objects.some((each) => ownerOf(each, instance) === 'otherInstance')) {
    const message = 'another instance owns the objects; pass its name with --instance';
    return { phase: 'Refused', reason: 'OwnedByOtherInstance', message };
  }
  return {
    phase: 'Orphaned',
    reason: 'NotManaged',
    message: 'no object of this name has our ownership labels',
  };
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
      const message = 'the Service is not managed by external-endpoints; set its selector yourself';
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

/** The endpointslice controller published a ready Pod. */
export function arePodsReady({ orphaned }: Pick<SlicesByOwner, 'orphaned'>): boolean {
  return [...publishedReadiness(orphaned).values()].includes(true);
}

function stepsToMirror(
  endpoints: EndpointsObject,
  { existing }: RemovalInput,
  owned: Owned,
  slices: SlicesByOwner,
): Steps {
  const dropped = dropSliceOwnership(owned);
  if (skipsMirror(endpoints)) {
    const actions = [...dropped, allowMirror(endpoints).action];
    return { actions, continuation: { until: 'MirroredSlicesPresent' } };
  }
  if (owned.slices.length > 0 && !isMirrorInStep(existing, slices)) {
    return { actions: [], continuation: { until: 'MirroredSlicesPresent' } };
  }
  if (owned.slices.length === 0) return { actions: removeAllOwnershipLabels(owned) };
  // A worker that still has the target may write skip-mirror at this moment. With our slices deleted, nothing would serve
  // the Service. That worker writes our slices first, because their field ownership was dropped, and the Endpoints next.
  // This plan writes both too, so either the worker or this release meets a conflict.
  const { service, endpoints: ours } = owned;
  const fence = ours === undefined ? undefined : allowMirror(ours);
  return {
    actions: [
      ...dropped,
      ...(fence === undefined ? [] : [fence.action]),
      ...removeSlices(owned),
      ...removeAllOwnershipLabels({ service, endpoints: fence?.after, slices: [] }),
    ],
  };
}

/**
 * Mirrored, the Endpoints serve what our slices serve. After a kill between the two writes they can disagree; then our
 * slices stay, unless the Endpoints are mirrored already.
 */
function mirrorMayCopy(endpoints: EndpointsObject, slices: readonly EndpointSliceObject[]): boolean {
  if (!endpointsCover(endpoints, slices)) return false;
  return !skipsMirror(endpoints) || endpointsAgree(endpoints, slices);
}

/** Endpoints of another owner, or of a killed release: their mirrored slices need none of ours beside them. */
function mirroredAlready(endpoints: EndpointsObject | undefined): EndpointsObject | undefined {
  return endpoints === undefined || skipsMirror(endpoints) ? undefined : endpoints;
}

/**
 * After this step another process must read a slice again and apply its field ownership first. Plans that were made
 * earlier, and late deletes of ours, then fail with a conflict.
 */
function dropSliceOwnership({ slices }: Owned): Action[] {
  return slices.flatMap((slice) => dropFieldOwnership(slice) ?? []);
}

function removeSlices({ slices }: Owned): Action[] {
  return slices.map((slice) => deleteAction('EndpointSlice', slice, 'Released'));
}

/** The Service last: while it has our ownership labels, the next pass finds the rest after a kill. */
function removeAllOwnershipLabels({ service, endpoints, slices }: Owned): Action[] {
  return [...slices, endpoints, service].flatMap((object) =>
    object === undefined ? [] : [removeOwnershipLabels(object)],
  );
}
