import { problemsText } from '../config/problem-text.ts';
import type { SourcePart } from '../config/source.ts';
import { readTargetList, type TargetList } from '../config/target-list.ts';
import { colorsFor } from './colors.ts';
import type { CliContext } from './context.ts';
import { counted } from './counted.ts';
import type { ListFlags } from './options.ts';

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
