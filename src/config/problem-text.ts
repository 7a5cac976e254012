import { type ConfigProblem, UNPRINTABLE } from './problem.ts';

/** Characters of the source line to show around a problem, because JSON may be one very long line. */
const MAX_SHOWN = 100;

/**
 * A problem as a compiler would print it, ending without a line break:
 *
 *     list.yaml:5:17: targets[0].ports[0].port: expected a whole number from 1 to 65535, found 70000
 *       5 |       - { port: 70000 }
 *         |                 ^
 *       hint: ...
 *
 * `text` is the text of the source, if the caller has it. Its control characters are replaced, so that they
 * cannot reach a terminal.
 */
export function problemText(problem: ConfigProblem, text?: string): string {
  const { location, path, message, expected, hint } = problem;
  const place = location.line === 0 ? '' : `:${location.line}:${location.column}`;
  const head = `${location.source}${place}: ${path === '' ? '' : `${path}: `}${message}`;
  const lines = [visible(head)];
  if (text !== undefined && location.line > 0) lines.push(...excerpt(text, location.line, location.column));
  // The message of a rule says only what is wrong, so print the expectation too.
  if (location.line > 0 && path !== '' && !message.includes(expected))
    lines.push(`  expected: ${visible(expected)}`);
  if (hint !== undefined) lines.push(`  hint: ${visible(hint)}`);
  return lines.join('\n');
}

/** All problems, with an empty line after each. `texts` has the text of each readable source. */
export function problemsText(problems: readonly ConfigProblem[], texts: ReadonlyMap<string, string>): string {
  return problems
    .map((problem) => `${problemText(problem, texts.get(problem.location.source))}\n\n`)
    .join('');
}

/** The source line, and a caret under the column. */
function excerpt(text: string, line: number, column: number): string[] {
  const content = lineOf(text, line);
  const start = Math.max(0, Math.min(column - 1 - MAX_SHOWN / 2, content.length - MAX_SHOWN));
  const shown = content.slice(start, start + MAX_SHOWN);
  const before = start > 0 ? '…' : '';
  const after = start + MAX_SHOWN < content.length ? '…' : '';
  const margin = ' '.repeat(String(line).length);
  // Keep tabs, so that the caret is below its character at any tab width.
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

/** Replaces each control character by a visible one. */
function visible(text: string): string {
  return text.replace(UNPRINTABLE, (character) => (character === '\t' ? character : '�'));
}

/** `1 target`, `2 targets`; `1 address`, `2 addresses`. */
export function counted(count: number, noun: string): string {
  if (count === 1) return `1 ${noun}`;
  return `${count} ${noun}${noun.endsWith('s') ? 'es' : 's'}`;
}
