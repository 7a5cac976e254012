import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { textTable } from '../../../src/cli/rendering/table.ts';

const { red } = pc.createColors(true);

describe('a table', () => {
  it('has columns as wide as their widest cell, and no trailing spaces', () => {
    expect(textTable(['A', 'LONG HEAD'], [['longer cell', 'x'], ['y']])).toBe(
      ['A            LONG HEAD', 'longer cell  x', 'y'].join('\n'),
    );
  });

  it('does not count colours as width', () => {
    const [, first = '', second = ''] = textTable(
      ['A', 'B'],
      [
        [red('ab'), '1'],
        ['abc', '2'],
      ],
    ).split('\n');
    expect(first.replace(red('ab'), 'ab').indexOf('1')).toBe(second.indexOf('2'));
  });

  it('is only the header when there are no rows', () => {
    expect(textTable(['A', 'B'], [])).toBe('A  B');
  });

  const WORDS = 'a sentence of several words that goes on for longer than there is room';

  it('wraps the given columns until it fits', () => {
    const text = textTable(['A', 'WHY', 'B'], [['x', WORDS, 'y']], { columns: [1], width: 40 });
    const lines = text.split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40);
    expect(lines[1]).toMatch(/^x {2}a sentence of .* y$/);
    const again = lines
      .slice(1)
      .map((line) => line.slice(3, 37).trim())
      .join(' ');
    expect(again).toBe(WORDS);
  });

  it('is not wrapped when it fits, or when no width is given', () => {
    for (const width of [undefined, 200]) {
      expect(textTable(['A', 'WHY'], [['x', WORDS]], { columns: [1], width })).toBe(`A  WHY\nx  ${WORDS}`);
    }
  });

  it('keeps a wrapped column 20 characters wide, cuts longer words, and drops its colour', () => {
    const long = 'x'.repeat(50);
    const lines = textTable(['WHY'], [[red(long)]], { columns: [0], width: 5 }).split('\n');
    expect(lines.slice(1)).toEqual(['x'.repeat(20), 'x'.repeat(20), 'x'.repeat(10)]);
  });
});
