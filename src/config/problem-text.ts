import { type ConfigProblem, UNPRINTABLE } from './problem.ts';

/** Columns of source text that are shown around a problem: one-line JSON is longer than any screen. */
const MAX_SHOWN = 100;

/**
 * A problem as a compiler would print it, ending without a line break:
 *
 *     list.yaml:5:17: targets[0].ports[0].port: expected a whole number from 1 to 65535, found 70000
 *       5 |       - { port: 70000 }
 *         |                 ^
 *       hint: ...
 *
 * `text` is the source's text where the caller has it. What the text holds cannot reach a terminal as
 * anything but visible characters.
 */
export function problemText(problem: ConfigProblem, text?: string): string {
  const { location, path, message, expected, hint } = problem;
  const place = location.line === 0 ? '' : `:${location.line}:${location.column}`;
  const head = `${location.source}${place}: ${path === '' ? '' : `${path}: `}${message}`;
  const lines = [visible(head)];
  if (text !== undefined && location.line > 0) lines.push(...excerpt(text, location.line, location.column));
  // The message of a rule says what is wrong; what would be right stands beside it.
  if (location.line > 0 && path !== '' && !message.includes(expected))
    lines.push(`  expected: ${visible(expected)}`);
  if (hint !== undefined) lines.push(`  hint: ${visible(hint)}`);
  return lines.join('\n');
}

/** All of them, each ended by a blank line; `texts` has the text of each source that could be read. */
export function problemsText(problems: readonly ConfigProblem[], texts: ReadonlyMap<string, string>): string {
  return problems
    .map((problem) => `${problemText(problem, texts.get(problem.location.source))}\n\n`)
    .join('');
}

/** The line and a caret under the column. */
function excerpt(text: string, line: number, column: number): string[] {
  const content = lineOf(text, line);
  const start = Math.max(0, Math.min(column - 1 - MAX_SHOWN / 2, content.length - MAX_SHOWN));
  const shown = content.slice(start, start + MAX_SHOWN);
  const before = start > 0 ? '…' : '';
  const after = start + MAX_SHOWN < content.length ? '…' : '';
  const margin = ' '.repeat(String(line).length);
  // A tab stays a tab under a tab, so that the caret stands below its character at any tab width.
  const pad = visible(content.slice(start, column - 1)).replace(/[^\t]/g, ' ');
  return [
    `  ${line} | ${before}${visible(shown)}${after}`.trimEnd(),
    `  ${margin} | ${before === '' ? '' : ' '}${pad}^`,
  ];
}

function lineOf(text: string, line: number): string {
  let start = 0;
  for (let at = 1; at < line; at++) {
    const next = text.indexOf('\n', start);
    if (next === -1) return '';
    start = next + 1;
  }
  const end = text.indexOf('\n', start);
  return text.slice(start, end === -1 ? undefined : end).replace(/\r$/, '');
}

/** One visible character for each that a terminal might obey. */
function visible(text: string): string {
  return text.replace(UNPRINTABLE, (character) => (character === '\t' ? character : '�'));
}
