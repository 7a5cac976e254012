import type { EndpointsObject } from '../manifest/kube-object.ts';
import { DELETION_POLICY_ANNOTATION, SKIP_MIRROR_LABEL } from '../manifest/labels.ts';
import { type TakeOver, takeOverOf } from './adoption-options.ts';
import type { FieldChange } from './field-difference.ts';
import type { JsonPatchOperation, PatchAction } from './object-plan.ts';

/**
 * The first step of taking over Endpoints that are mirrored: they become ours in name, and serve on as they are. So
 * whoever gives the Service back meanwhile may fence with them (`docs/adr/0017`).
 *
 * @param desired what they shall be in the end.
 */
export function claimOf(existing: EndpointsObject, desired: EndpointsObject): TakeOver {
  const marked = withMarks(existing, desired);
  const { takeOver } = takeOverOf(marked, desired, { adopting: true, mayTake: true });
  const { labels, annotations } = marked.metadata;
  const marks: JsonPatchOperation[] = [{ op: 'add', path: '/metadata/labels', value: labels }];
  if (annotations !== undefined) marks.push({ op: 'add', path: '/metadata/annotations', value: annotations });
  const { namespace = '', name, resourceVersion } = existing.metadata;
  if (resourceVersion === undefined) throw new Error(`Endpoints ${name} were read without a resourceVersion`);
  const action: PatchAction = {
    verb: 'update',
    kind: 'Endpoints',
    namespace,
    name,
    reason: 'OwnershipTaken',
    patchType: 'json',
    resourceVersion,
    patch: [...marks, ...patchIn(takeOver)],
    changes: [...marksChanged(existing, marked), ...(takeOver?.action.changes ?? [])],
  };
  return { action, after: takeOver?.after ?? marked };
}

function withMarks(existing: EndpointsObject, desired: EndpointsObject): EndpointsObject {
  const { [SKIP_MIRROR_LABEL]: _, ...labels } = desired.metadata.labels ?? {};
  const policy = desired.metadata.annotations?.[DELETION_POLICY_ANNOTATION];
  const annotations =
    policy === undefined
      ? existing.metadata.annotations
      : { ...existing.metadata.annotations, [DELETION_POLICY_ANNOTATION]: policy };
  return {
    ...existing,
    metadata: {
      ...existing.metadata,
      labels: { ...existing.metadata.labels, ...labels },
      ...(annotations === undefined ? {} : { annotations }),
    },
  };
}

function marksChanged(existing: EndpointsObject, marked: EndpointsObject): FieldChange[] {
  return (['labels', 'annotations'] as const).flatMap((map) =>
    Object.entries(marked.metadata[map] ?? {})
      .filter(([key, value]) => existing.metadata[map]?.[key] !== value)
      .map(([key, value]) => ({
        path: `metadata.${map}.${key}`,
        from: existing.metadata[map]?.[key],
        to: value,
      })),
  );
}

function patchIn(takeOver: TakeOver | undefined): readonly JsonPatchOperation[] {
  return takeOver?.action.patchType === 'json' ? takeOver.action.patch : [];
}
