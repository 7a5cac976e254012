import type { EndpointsObject } from '../manifest/kube-object.ts';
import { DELETION_POLICY_ANNOTATION, SKIP_MIRROR_LABEL } from '../manifest/labels.ts';
import { type Adoption, adoptionOf } from './adoption-options.ts';
import type { FieldChange } from './field-difference.ts';
import type { JsonPatchOperation, PatchAction } from './object-plan.ts';

/**
 * The first step of taking over Endpoints that are mirrored: they become ours in name, and serve on as they are. So
 * whoever gives the Service back meanwhile may fence with them (`docs/adr/0017`).
 *
 * @param desired what they shall be in the end.
 */
export function adoptEndpoints(existing: EndpointsObject, desired: EndpointsObject): Adoption {
  const marked = withOwnershipLabels(existing, desired);
  const { adoption } = adoptionOf(marked, desired, { adopting: true, force: true });
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
    patch: [...marks, ...patchIn(adoption)],
    changes: [...ownershipLabelChanges(existing, marked), ...(adoption?.action.changes ?? [])],
  };
  return { action, after: adoption?.after ?? marked };
}

function withOwnershipLabels(existing: EndpointsObject, desired: EndpointsObject): EndpointsObject {
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

function ownershipLabelChanges(existing: EndpointsObject, marked: EndpointsObject): FieldChange[] {
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

function patchIn(adoption: Adoption | undefined): readonly JsonPatchOperation[] {
  return adoption?.action.patchType === 'json' ? adoption.action.patch : [];
}
