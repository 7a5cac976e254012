import { expect, test } from 'vitest';
import type { ConfigProblem } from '../../../src/config/problem.ts';
import { problemsText, problemText } from '../../../src/config/problem-text.ts';

const PROBLEM: ConfigProblem = {
  location: { source: 'list.yaml', line: 2, column: 11 },
  path: 'targets[0].ports[0].port',
  found: '70000',
  expected: 'a whole number from 1 to 65535',
  message: 'expected a whole number from 1 to 65535, found 70000',
};

function textOf(problem: Partial<ConfigProblem>, text?: string): string[] {
  return problemText({ ...PROBLEM, ...problem }, text).split('\n');
}

test('A problem shows its line with a caret, and a hint', () => {
  expect(textOf({ hint: 'write 7000' }, 'ports:\n  - port: 70000\n')).toEqual([
    'list.yaml:2:11: targets[0].ports[0].port: expected a whole number from 1 to 65535, found 70000',
    '  2 |   - port: 70000',
    '    |           ^',
    '  hint: write 7000',
  ]);
});

test('The expectation is printed when the message does not contain it', () => {
  expect(textOf({ message: 'taken', location: { source: 'a', line: 1, column: 1 } })).toEqual([
    'a:1:1: targets[0].ports[0].port: taken',
    '  expected: a whole number from 1 to 65535',
  ]);
});

test('A problem of a whole source has no line and column', () => {
  const location = { source: 'a', line: 0, column: 0 };
  expect(textOf({ location, path: '', message: 'permission denied' }, '')).toEqual(['a: permission denied']);
});

test('The caret is at the right column after tabs, and past the end of a line', () => {
  expect(textOf({}, 'x\n\t{ a: 1,\tb: 70000 }\r\n').slice(1)).toEqual([
    '  2 | \t{ a: 1,\tb: 70000 }',
    '    | \t       \t ^',
  ]);
  expect(textOf({}, 'x\nab\n').slice(1)).toEqual(['  2 | ab', '    |   ^']);
  expect(textOf({}, 'x').slice(1)).toEqual(['  2 |', '    | ^']);
});

test('A long line is cut around the column', () => {
  const line = Array.from({ length: 100 }, (_, at) => `${1000 + at},`).join('');
  const column = line.indexOf('1060') + 1;
  const [, shown = '', caret = ''] = textOf({ location: { source: 'a', line: 1, column } }, line);
  expect(shown).toMatch(/^ {2}1 \| ….{100}…$/);
  expect(shown.slice(caret.indexOf('^')).startsWith('1060')).toBe(true);
});

test('Control characters of the list are replaced', () => {
  const hostile = 'a\u001b[2Jb\u0007\u202ec\u009bd';
  const output = problemText(
    { ...PROBLEM, message: hostile, hint: hostile, location: { source: hostile, line: 1, column: 1 } },
    hostile,
  );
  for (const line of output.split('\n')) expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});

test('Several problems are separated by empty lines', () => {
  const text = problemsText([PROBLEM, PROBLEM], new Map([['list.yaml', 'x\n  - port: 70000']]));
  expect(text.split('\n\n')).toHaveLength(3);
  expect(text.match(/\^/g)).toHaveLength(2);
});
