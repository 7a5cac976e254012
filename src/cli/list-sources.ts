import { type ConfigMapReference, readConfigMapReference } from '../config/config-map-reference.ts';
import type { ClusterListFlags } from './options.ts';

/** Where parts of the list are; there is one at least. */
export interface ListSources {
  /** Of `--config`. */
  readonly paths: readonly string[];
  /** Of `--configmap`. */
  readonly configMaps: readonly ConfigMapReference[];
}

export type SourcesFound =
  | ({ readonly ok: true } & ListSources)
  | { readonly ok: false; readonly message: string };

/** Where the flags say that the list is, or what is wrong with them. */
export function sourcesOf({ config: paths = [], configmap = [] }: ClusterListFlags): SourcesFound {
  const configMaps: ConfigMapReference[] = [];
  for (const text of configmap) {
    const read = readConfigMapReference(text);
    if (!read.ok) return read;
    configMaps.push(read.reference);
  }
  if (paths.length > 0 || configMaps.length > 0) return { ok: true, paths, configMaps };
  const message = 'no target list is given: pass --config FILE or --configmap NAMESPACE/NAME';
  return { ok: false, message };
}
