import type { EndpointsObject, KubeObject, ObjectKind, ServiceObject } from '../../manifest/kube-object.ts';
import {
  DELETION_POLICY_ANNOTATION,
  INSTANCE_LABEL,
  LIST_ANNOTATION,
  MANAGED_BY_LABEL,
  MANAGER,
  SKIP_MIRROR_LABEL,
  SLICE_MANAGED_BY_LABEL,
} from '../../manifest/labels.ts';
import { type Adoption, adoptFields } from '../field-ownership/adopt-fields.ts';
import type { FieldChange } from '../field-ownership/field-difference.ts';
import type { JsonPatchOperation, PatchAction } from '../object-plan.ts';
import { versionOf } from './apply-action.ts';

/** What an object has from its target. */
const OUR_ANNOTATIONS = [LIST_ANNOTATION, DELETION_POLICY_ANNOTATION];

/** Patches that change the owner of objects and fields: server-side apply cannot do that. */

/** Gives the object's fields their new owners; its content stays the same. */
export function adoptFieldsAction(existing: KubeObject, adoption: Adoption): PatchAction {
  return patchAction(existing, {
    reason: adoption.isWhole ? 'OwnershipTaken' : 'FieldsTaken',
    patch: [ownersPatch(adoption)],
    changes: adoption.changes,
  });
}

function ownersPatch({ managedFields }: Adoption): JsonPatchOperation {
  return { op: 'add', path: '/metadata/managedFields', value: managedFields };
}

/** An action, and the object as it is after that action. */
export interface ActionResult<O extends KubeObject> {
  readonly action: PatchAction;
  readonly after: O;
}

/**
 * The first step when Endpoints are adopted that are mirrored: they get our ownership labels and go on serving as they
 * are. A release that runs at the same time then meets a conflict (`docs/adr/0017`).
 *
 * @param desired the Endpoints at the end of the adoption.
 */
export function adoptEndpointsAction(
  existing: EndpointsObject,
  desired: EndpointsObject,
): ActionResult<KubeObject> {
  const labelled = withOwnershipLabels(existing, desired);
  const { adoption } = adoptFields(labelled, desired, { adopting: true, force: true });
  const { labels, annotations } = labelled.metadata;
  const action = patchAction(existing, {
    reason: 'OwnershipTaken',
    patch: [
      { op: 'add', path: '/metadata/labels', value: labels },
      ...(annotations === undefined
        ? []
        : [{ op: 'add', path: '/metadata/annotations', value: annotations } as const]),
      ...(adoption === undefined ? [] : [ownersPatch(adoption)]),
    ],
    changes: [...metadataChanges(existing, labelled), ...(adoption?.changes ?? [])],
  });
  return { action, after: adoption?.after ?? labelled };
}

function withOwnershipLabels(existing: EndpointsObject, desired: EndpointsObject): EndpointsObject {
  const { [SKIP_MIRROR_LABEL]: _, ...labels } = desired.metadata.labels ?? {};
  const ours = OUR_ANNOTATIONS.flatMap((key) => {
    const value = desired.metadata.annotations?.[key];
    return value === undefined ? [] : [[key, value] as const];
  });
  const annotations =
    ours.length === 0
      ? existing.metadata.annotations
      : { ...existing.metadata.annotations, ...Object.fromEntries(ours) };
  return {
    ...existing,
    metadata: {
      ...existing.metadata,
      labels: { ...existing.metadata.labels, ...labels },
      ...(annotations === undefined ? {} : { annotations }),
    },
  };
}

function metadataChanges(before: KubeObject, after: KubeObject): FieldChange[] {
  return (['labels', 'annotations'] as const).flatMap((map) =>
    Object.entries(after.metadata[map] ?? {})
      .filter(([key, value]) => before.metadata[map]?.[key] !== value)
      .map(([key, value]) => ({
        path: `metadata.${map}.${key}`,
        from: before.metadata[map]?.[key],
        to: value,
      })),
  );
}

/**
 * Removes our ownership labels and our entries in `managedFields`: the content stays, without an owner. Server-side
 * apply cannot do that: it removes the fields that we stop applying.
 */
export function removeOwnershipLabels(object: KubeObject): PatchAction {
  const { labels = {} } = object.metadata;
  const ownership = [MANAGED_BY_LABEL, INSTANCE_LABEL, SLICE_MANAGED_BY_LABEL];
  // Only a release writes "false", and it needs the label only while it runs.
  const release = labels[SKIP_MIRROR_LABEL] === 'false' ? [SKIP_MIRROR_LABEL] : [];
  const { patch, changes } = metadataRemovals(object, [...ownership, ...release], OUR_ANNOTATIONS);
  return patchAction(object, { reason: 'Released', patch: [...patch, withoutOurEntries(object)], changes });
}

/**
 * Removes only our entries in `managedFields`. The object keeps its content and labels, and every plan that was made
 * from its earlier state meets a conflict. Undefined: it has no entry of ours.
 */
export function dropFieldOwnership(object: KubeObject): PatchAction | undefined {
  if (isFieldOwnershipDropped(object)) return undefined;
  const changes = [{ path: 'metadata.managedFields', from: MANAGER, to: undefined }];
  return patchAction(object, { reason: 'Released', patch: [withoutOurEntries(object)], changes });
}

/** Only a release drops these entries and leaves the labels: it is running, or it was killed. */
export function isFieldOwnershipDropped({ metadata }: KubeObject): boolean {
  return !(metadata.managedFields ?? []).some(({ manager }) => manager === MANAGER);
}

function withoutOurEntries({ metadata }: KubeObject): JsonPatchOperation {
  const others = (metadata.managedFields ?? []).filter(({ manager }) => manager !== MANAGER);
  // The API server ignores an empty list; one empty entry means: remove all entries (`managedfields`' convention).
  return { op: 'add', path: '/metadata/managedFields', value: others.length > 0 ? others : [{}] };
}

/**
 * Lets the mirroring controller copy the Endpoints; it skips only those whose label says `"true"`. The label becomes
 * `"false"`, or goes if it is `"false"` already. So this is always a change, and every plan that was made from the
 * Endpoints' earlier state meets a conflict.
 */
export function allowMirror(endpoints: EndpointsObject): ActionResult<EndpointsObject> {
  const { [SKIP_MIRROR_LABEL]: from, ...others } = endpoints.metadata.labels ?? {};
  const labels = from === 'false' ? others : { ...others, [SKIP_MIRROR_LABEL]: 'false' };
  const after = { ...endpoints, metadata: { ...endpoints.metadata, labels } };
  const { patch, changes } =
    from === 'false'
      ? metadataRemovals(endpoints, [SKIP_MIRROR_LABEL], [])
      : {
          patch: [{ op: 'add', path: '/metadata/labels', value: labels } as const],
          changes: [{ path: `metadata.labels.${SKIP_MIRROR_LABEL}`, from, to: 'false' }],
        };
  return { action: patchAction(endpoints, { reason: 'Released', patch, changes }), after };
}

/** From then on Kubernetes' own controllers write the Service's endpoints. */
export function setSelector(service: ServiceObject, selector: Readonly<Record<string, string>>): PatchAction {
  return patchAction(service, {
    reason: 'Released',
    patch: [{ op: 'add', path: '/spec/selector', value: selector }],
    changes: [{ path: 'spec.selector', from: service.spec.selector, to: selector }],
  });
}

function metadataRemovals(
  { metadata }: KubeObject,
  labels: readonly string[],
  annotations: readonly string[],
): { readonly patch: readonly JsonPatchOperation[]; readonly changes: readonly FieldChange[] } {
  const removed = [
    ...labels.map((key) => ({ map: 'labels', key, from: metadata.labels?.[key] })),
    ...annotations.map((key) => ({ map: 'annotations', key, from: metadata.annotations?.[key] })),
  ].filter(({ from }) => from !== undefined);
  return {
    patch: removed.map(({ map, key }) => ({ op: 'remove', path: `/metadata/${map}/${escaped(key)}` })),
    changes: removed.map(({ map, key, from }) => ({ path: `metadata.${map}.${key}`, from, to: undefined })),
  };
}

/** RFC 6901: `~` and `/` are escaped. */
function escaped(segment: string): string {
  return segment.replaceAll('~', '~0').replaceAll('/', '~1');
}

interface JsonPatch {
  readonly reason: string;
  readonly patch: readonly JsonPatchOperation[];
  readonly changes: readonly FieldChange[];
}

function patchAction(object: KubeObject, { reason, patch, changes }: JsonPatch): PatchAction {
  const { resourceVersion } = versionOf(object);
  const { namespace = '', name } = object.metadata;
  const kind = object.kind as ObjectKind;
  return {
    verb: 'update',
    kind,
    namespace,
    name,
    reason,
    resourceVersion,
    patchType: 'json',
    patch,
    changes,
  };
}
