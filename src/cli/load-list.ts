import { type ConfigMapReference, readConfigMapReference } from '../config/config-map-reference.ts';
import { counted, problemsText } from '../config/problem-text.ts';
import type { SourcePart } from '../config/source.ts';
import { readTargetList, type TargetList } from '../config/target-list.ts';
import type { ListSources } from '../sync/worker-context.ts';
import type { CliContext } from './context.ts';
import type { ClusterListFlags, ListFlags } from './options.ts';
import { colorsFor } from './rendering/terminal.ts';

/** The target list of `--config`. Returns undefined after printing the problems of the list. */
export async function loadList(flags: ListFlags, context: CliContext): Promise<TargetList | undefined> {
  const parts = await readFiles(flags, context);
  return parts === undefined ? undefined : listIn(parts, flags.listName, context);
}

/** The files of `--config`. Returns undefined after printing that the flag is missing. */
export async function readFiles(
  { config: paths = [] }: ListFlags,
  context: CliContext,
): Promise<readonly SourcePart[] | undefined> {
  if (paths.length > 0) return context.readList(paths);
  context.terminal.err.write(
    'error: no target list is given: pass --config FILE (repeatable, or a directory, or - for standard input), or set EXTERNAL_ENDPOINTS_CONFIG\n',
  );
  return undefined;
}

/**
 * Merges the parts into one list. Returns undefined after printing its problems. An empty list is a problem too,
 * because applying it would delete everything.
 */
export function listIn(
  parts: readonly SourcePart[],
  listName: string | undefined,
  { terminal: { err } }: CliContext,
): TargetList | undefined {
  const result = readTargetList(parts, { listName });
  if (result.ok) return result.list;
  const texts = new Map(parts.flatMap((part) => (part.ok ? [[part.source, part.text] as const] : [])));
  err.write(problemsText(result.problems, texts));
  const summary = `${result.reason}: ${counted(result.problems.length, 'problem')}; nothing was changed`;
  err.write(`${colorsFor(err).red(summary)}\n`);
  return undefined;
}

export type SourcesFound =
  | ({ readonly ok: true } & ListSources)
  | { readonly ok: false; readonly message: string };

/** Reads the list's sources from the flags. */
export function sourcesOf({ config: paths = [], configmap = [], listName }: ClusterListFlags): SourcesFound {
  const configMaps: ConfigMapReference[] = [];
  for (const text of configmap) {
    const read = readConfigMapReference(text);
    if (!read.ok) return read;
    configMaps.push(read.reference);
  }
  if (paths.length > 0 || configMaps.length > 0) return { ok: true, paths, configMaps, listName };
  const message = 'no target list is given: pass --config FILE or --configmap NAMESPACE/NAME';
  return { ok: false, message };
}
