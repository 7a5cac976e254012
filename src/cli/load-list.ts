import { problemsText } from '../config/problem-text.ts';
import { readTargetList, type TargetList } from '../config/target-list.ts';
import { colorsFor } from './colors.ts';
import type { CliContext } from './context.ts';
import type { ListFlags } from './options.ts';

/**
 * The target list of `--config`, or nothing after its problems have been told. A list that names no target is
 * broken too: following it would delete everything.
 */
export async function loadList(
  { config: paths = [] }: ListFlags,
  context: CliContext,
): Promise<TargetList | undefined> {
  if (paths.length === 0) {
    context.terminal.err.write(
      'error: no target list is given: pass --config FILE (repeatable, or a directory, or - for standard input), or set EXTERNAL_ENDPOINTS_CONFIG\n',
    );
    return undefined;
  }
  const parts = await context.readList(paths);
  const result = readTargetList(parts);
  if (result.ok) return result.list;
  const { err } = context.terminal;
  const texts = new Map(parts.flatMap((part) => (part.ok ? [[part.source, part.text] as const] : [])));
  err.write(problemsText(result.problems, texts));
  const count = result.problems.length;
  const colors = colorsFor(err);
  err.write(colors.red(`${result.reason}: ${count} problem${count === 1 ? '' : 's'}; nothing was changed\n`));
  return undefined;
}
