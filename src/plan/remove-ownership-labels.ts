import type { EndpointsObject, KubeObject, ObjectKind, ServiceObject } from '../manifest/kube-object.ts';
import {
  DELETION_POLICY_ANNOTATION,
  INSTANCE_LABEL,
  MANAGED_BY_LABEL,
  MANAGER,
  SKIP_MIRROR_LABEL,
  SLICE_MANAGED_BY_LABEL,
} from '../manifest/labels.ts';
import type { JsonPatchOperation, PatchAction } from './object-plan.ts';

/**
 * Takes our marks off, and with them our entries in `managedFields`: the content stays, but nobody is left who owns
 * it. Server-side apply could not do that: dropping fields from what we apply would remove them.
 */
export function removeOwnershipLabels(object: KubeObject): PatchAction {
  const labels = [MANAGED_BY_LABEL, INSTANCE_LABEL, SLICE_MANAGED_BY_LABEL];
  // Of no meaning to anybody, but for a release that is under way.
  if (object.metadata.labels?.[SKIP_MIRROR_LABEL] === 'false') labels.push(SKIP_MIRROR_LABEL);
  return patchOf(object, labels, [DELETION_POLICY_ANNOTATION], [forgetOwnership(object)]);
}

/**
 * Takes nothing but our entries in `managedFields` off. The object says what it said, and whatever was planned for it
 * before meets a conflict and is decided anew. Undefined where there is none of ours.
 */
export function dropFieldOwnership(object: KubeObject): PatchAction | undefined {
  if (isOwnershipDropped(object)) return undefined;
  const change = { path: 'metadata.managedFields', from: MANAGER, to: undefined };
  return { ...patchOf(object, [], [], [forgetOwnership(object)]), changes: [change] };
}

/** Nobody else leaves our marks and takes this: a release is under way, or one has died. */
export function isOwnershipDropped({ metadata }: KubeObject): boolean {
  return !(metadata.managedFields ?? []).some(({ manager }) => manager === MANAGER);
}

function forgetOwnership({ metadata }: KubeObject): JsonPatchOperation {
  const others = (metadata.managedFields ?? []).filter(({ manager }) => manager !== MANAGER);
  // An empty list would be ignored; one empty entry asks to forget them all (`managedfields`' own convention).
  return { op: 'add', path: '/metadata/managedFields', value: others.length > 0 ? others : [{}] };
}

/**
 * Lets the mirroring controller copy the Endpoints, which skips what says `"true"` and nothing else. The label goes or
 * says `"false"`, whichever it does not yet: each time a change, so that whatever was planned for the Endpoints before
 * meets a conflict.
 */
export function allowMirror(endpoints: EndpointsObject): {
  readonly action: PatchAction;
  readonly after: EndpointsObject;
} {
  const { [SKIP_MIRROR_LABEL]: from, ...others } = endpoints.metadata.labels ?? {};
  const labels = from === 'false' ? others : { ...others, [SKIP_MIRROR_LABEL]: 'false' };
  const after = { ...endpoints, metadata: { ...endpoints.metadata, labels } };
  if (from === 'false') return { action: patchOf(endpoints, [SKIP_MIRROR_LABEL], [], []), after };
  const patch = patchOf(endpoints, [], [], [{ op: 'add', path: '/metadata/labels', value: labels }]);
  const changes = [{ path: `metadata.labels.${SKIP_MIRROR_LABEL}`, from, to: 'false' }];
  return { action: { ...patch, changes }, after };
}

/** From then on Kubernetes' own controllers write the Service's endpoints. */
export function setSelector(service: ServiceObject, selector: Readonly<Record<string, string>>): PatchAction {
  const change = { path: 'spec.selector', from: service.spec.selector, to: selector };
  const patch = patchOf(service, [], [], [{ op: 'add', path: '/spec/selector', value: selector }]);
  return { ...patch, changes: [change] };
}

function patchOf(
  { kind, metadata }: KubeObject,
  labels: readonly string[],
  annotations: readonly string[],
  besides: readonly JsonPatchOperation[],
): PatchAction {
  const { namespace = '', name, resourceVersion } = metadata;
  if (resourceVersion === undefined) throw new Error(`${kind} ${name} was read without a resourceVersion`);
  const gone = [
    ...labels.map((key) => ({ map: 'labels', key, from: metadata.labels?.[key] })),
    ...annotations.map((key) => ({ map: 'annotations', key, from: metadata.annotations?.[key] })),
  ].filter(({ from }) => from !== undefined);
  return {
    verb: 'update',
    kind: kind as ObjectKind,
    namespace,
    name,
    reason: 'Released',
    resourceVersion,
    patchType: 'json',
    patch: [
      ...gone.map(({ map, key }) => ({ op: 'remove', path: `/metadata/${map}/${escaped(key)}` }) as const),
      ...besides,
    ],
    changes: gone.map(({ map, key, from }) => ({ path: `metadata.${map}.${key}`, from, to: undefined })),
  };
}

/** RFC 6901: `~` and `/` are escaped. */
function escaped(segment: string): string {
  return segment.replaceAll('~', '~0').replaceAll('/', '~1');
}
