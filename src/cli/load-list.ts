import { type ConfigMapReference, readConfigMapReference } from '../config/config-map-reference.ts';
import { problemsText } from '../config/problem-text.ts';
import type { SourcePart } from '../config/source.ts';
import { readTargetList, type TargetList } from '../config/target-list.ts';
import type { CliContext } from './context.ts';
import type { ClusterListFlags, ListFlags } from './options.ts';
import { counted } from './rendering/output.ts';
import { colorsFor } from './rendering/terminal.ts';

/** The target list of `--config`, or nothing after its problems have been told. */
export async function loadList(flags: ListFlags, context: CliContext): Promise<TargetList | undefined> {
  const parts = await readFiles(flags, context);
  return parts === undefined ? undefined : listIn(parts, context);
}

/** The parts of the list in files, or nothing after it was told that none is given. */
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
 * What the parts say together, or nothing after their problems have been told. A list that names no target is
 * broken too: following it would delete everything.
 */
export function listIn(
  parts: readonly SourcePart[],
  { terminal: { err } }: CliContext,
): TargetList | undefined {
  const result = readTargetList(parts);
  if (result.ok) return result.list;
  const texts = new Map(parts.flatMap((part) => (part.ok ? [[part.source, part.text] as const] : [])));
  err.write(problemsText(result.problems, texts));
  const sum = `${result.reason}: ${counted(result.problems.length, 'problem')}; nothing was changed`;
  err.write(`${colorsFor(err).red(sum)}\n`);
  return undefined;
}

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
