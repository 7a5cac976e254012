import type { ApiFailure, ObjectStore } from '../cluster/object-store.ts';
import type { ConfigMapReference } from '../config/config-map-reference.ts';
import type { SourcePart } from '../config/source.ts';
import { partsOf, scopeOf } from './config-map-parts.ts';

export type ConfigMapsRead =
  | { readonly ok: true; readonly parts: readonly SourcePart[] }
  /** The list is unknown. A ConfigMap that does not exist is not such a failure, but a part with a reason. */
  | { readonly ok: false; readonly failure: ApiFailure };

/** Reads the list once. */
export async function readConfigMaps(
  store: ObjectStore,
  references: readonly ConfigMapReference[],
  signal: AbortSignal,
): Promise<ConfigMapsRead> {
  const parts: SourcePart[] = [];
  for (const reference of references) {
    const listed = await store.list('ConfigMap', scopeOf(reference), signal);
    if (!listed.ok) return { ok: false, failure: withSource(listed.failure, reference) };
    parts.push(...partsOf(reference, listed.value.items));
  }
  return { ok: true, parts };
}

function withSource(failure: ApiFailure, { text }: ConfigMapReference): ApiFailure {
  return { ...failure, message: `configmap ${text}: ${failure.message}` };
}
