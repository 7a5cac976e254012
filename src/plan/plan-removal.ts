import type { KubeObject, ObjectKind } from '../manifest/kube-object.ts';
import {
  DELETION_POLICY_ANNOTATION,
  INSTANCE_LABEL,
  MANAGED_BY_LABEL,
  MANAGER,
  ownerOf,
  SKIP_MIRROR_LABEL,
  SLICE_MANAGED_BY_LABEL,
} from '../manifest/labels.ts';
import {
  type ExistingObjects,
  publishedReadiness,
  type SlicesByOwner,
  slicesByOwner,
} from './existing-objects.ts';
import type { Action, DeleteAction, ObjectPlan, PatchAction } from './object-plan.ts';

/** Where a target has left the list: what to do with what it leaves behind. */
export interface RemovalInput {
  readonly namespace: string;
  readonly name: string;
  readonly existing: ExistingObjects;
  readonly instance: string;
}

/** The policy that the target had, kept on its Service because the list no longer says. */
export function deletionPolicyOf({ existing }: RemovalInput): 'Delete' | 'Orphan' {
  const noted = existing.service?.metadata.annotations?.[DELETION_POLICY_ANNOTATION];
  return noted === 'Orphan' ? 'Orphan' : 'Delete';
}

/** Takes away what is ours under this name, and nothing else. */
export function planDeletion(input: RemovalInput): ObjectPlan {
  const { service, endpoints } = input.existing;
  const { ours } = slicesByOwner(input.existing, input.instance);
  const isOurs = (object: KubeObject | undefined): object is KubeObject =>
    object !== undefined && ownerOf(object, input.instance) === 'us';
  const actions: Action[] = [];
  // The Service goes first: what has no Service takes no traffic, whereas a Service without endpoints refuses
  // it. Its Endpoints go with it (`service/storage/storage.go:341`).
  if (isOurs(service)) actions.push(deletion('Service', service, 'NotInList'));
  if (isOurs(endpoints) && !isOurs(service)) actions.push(deletion('Endpoints', endpoints, 'NotInList'));
  actions.push(...ours.map((slice) => deletion('EndpointSlice', slice, 'NotInList')));
  return { ...identity(input), phase: 'Deleted', reason: 'NotInList', message: '', actions };
}

/**
 * Gives the objects back as they stand, without our marks and without a gap: with Endpoints, mirroring takes
 * over (skip-mirror off, wait for the mirror's slices, then ours go); without, our slices stay as nobody's.
 * Each step follows from what is there, so a pass that died is continued by the next.
 */
export function planRelease(input: RemovalInput): ObjectPlan {
  const slices = slicesByOwner(input.existing, input.instance);
  const plan: ObjectPlan = {
    ...identity(input),
    phase: 'Orphaned',
    reason: 'Released',
    message: '',
    actions: [],
  };
  const { endpoints, service } = input.existing;
  const mirrorTakesOver = endpoints !== undefined && ownerOf(endpoints, input.instance) === 'us';
  if (mirrorTakesOver && endpoints.metadata.labels?.[SKIP_MIRROR_LABEL] !== undefined) {
    return {
      ...plan,
      actions: [unmark('Endpoints', endpoints, [SKIP_MIRROR_LABEL])],
      continuation: { until: 'MirroredSlicesPresent' },
    };
  }
  if (mirrorTakesOver && slices.ours.length > 0 && !mirrorCovers(slices)) {
    return { ...plan, continuation: { until: 'MirroredSlicesPresent' } };
  }
  const actions: Action[] = slices.ours.map((slice) =>
    mirrorTakesOver
      ? deletion('EndpointSlice', slice, 'Released')
      : unmark('EndpointSlice', slice, OUR_LABELS),
  );
  if (mirrorTakesOver) actions.push(unmark('Endpoints', endpoints, OUR_LABELS));
  if (service !== undefined && ownerOf(service, input.instance) === 'us') {
    actions.push(unmark('Service', service, OUR_LABELS));
  }
  return { ...plan, actions };
}

const OUR_LABELS = [MANAGED_BY_LABEL, INSTANCE_LABEL, SLICE_MANAGED_BY_LABEL];

function identity({ namespace, name }: RemovalInput) {
  return { namespace, name };
}

/** Every address that we serve as ready, the mirror serves as ready. */
export function mirrorCovers(slices: Pick<SlicesByOwner, 'ours' | 'mirrored'>): boolean {
  const mirrored = publishedReadiness(slices.mirrored);
  return [...publishedReadiness(slices.ours)].every(([key, ready]) => !ready || mirrored.get(key) === true);
}

/**
 * Takes labels off, and with them our entry in `managedFields`: the content stays, but nobody is left who owns
 * it. Server-side apply could not do that: dropping fields from what we apply would remove them.
 */
function unmark(kind: ObjectKind, object: KubeObject, labels: readonly string[]): PatchAction {
  const { metadata } = object;
  const present = labels.filter((label) => metadata.labels?.[label] !== undefined);
  const annotated = kind === 'Service' && metadata.annotations?.[DELETION_POLICY_ANNOTATION] !== undefined;
  const releasing = labels === OUR_LABELS;
  const others = (metadata.managedFields ?? []).filter((entry) => entry.manager !== MANAGER);
  return {
    verb: 'update',
    kind,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    reason: 'Released',
    patchType: 'json',
    patch: [
      { op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
      ...present.map((label) => ({ op: 'remove', path: `/metadata/labels/${pointer(label)}` })),
      ...(annotated
        ? [{ op: 'remove', path: `/metadata/annotations/${pointer(DELETION_POLICY_ANNOTATION)}` }]
        : []),
      // An empty list is ignored; a list of one empty entry resets it (`managedfields`' own convention).
      ...(releasing
        ? [{ op: 'replace', path: '/metadata/managedFields', value: others.length > 0 ? others : [{}] }]
        : []),
    ],
    changes: present.map((label) => ({
      path: `metadata.labels.${label}`,
      from: metadata.labels?.[label],
      to: undefined,
    })),
  };
}

/** RFC 6901: `~` and `/` are escaped. */
function pointer(segment: string): string {
  return segment.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** A deletion that hits the very object that was read, or nothing. */
export function deletion(kind: ObjectKind, object: KubeObject, reason: string): DeleteAction {
  const { uid, resourceVersion, namespace, name } = object.metadata;
  if (uid === undefined || resourceVersion === undefined) {
    throw new Error(`${kind} ${name} was read without uid or resourceVersion`);
  }
  return { verb: 'delete', kind, namespace: namespace ?? '', name, uid, resourceVersion, reason };
}
