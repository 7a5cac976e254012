import { problemsText } from '../config/problem-text.ts';
import type { SourcePart } from '../config/source.ts';
import { readTargetList, type TargetList, type TargetListResult } from '../config/target-list.ts';
import { colorsFor } from './colors.ts';
import type { CliContext } from './context.ts';
import { counted } from './counted.ts';
import type { ListFlags } from './options.ts';

/**
 * The target list of `--config`, or nothing after its problems have been told. A list that names no target is
 * broken too: following it would delete everything.
 */
export async function loadList(flags: ListFlags, context: CliContext): Promise<TargetList | undefined> {
  const reading = await readList(flags, context);
  if (reading === undefined) return undefined;
  const { result, parts } = reading;
  if (result.ok) return result.list;
  const { err } = context.terminal;
  const texts = new Map(parts.flatMap((part) => (part.ok ? [[part.source, part.text] as const] : [])));
  err.write(problemsText(result.problems, texts));
  const sum = `${result.reason}: ${counted(result.problems.length, 'problem')}; nothing was changed`;
  err.write(`${colorsFor(err).red(sum)}\n`);
  return undefined;
}

/** The list with its problems, or nothing after it was told that none is given. */
export async function readList(
  { config: paths = [] }: ListFlags,
  context: CliContext,
): Promise<{ readonly result: TargetListResult; readonly parts: readonly SourcePart[] } | undefined> {
  if (paths.length === 0) {
    context.terminal.err.write(
      'error: no target list is given: pass --config FILE (repeatable, or a directory, or - for standard input), or set EXTERNAL_ENDPOINTS_CONFIG\n',
    );
    return undefined;
  }
  const parts = await context.readList(paths);
  return { result: readTargetList(parts), parts };
}
