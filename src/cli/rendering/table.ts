import { stripVTControlCharacters } from 'node:util';

const GAP = '  ';
const NARROWEST = 20;

/** The columns that may be wrapped, in this order, until the table fits `width`. An undefined width wraps none. */
export interface Wrapping {
  readonly columns: readonly number[];
  readonly width: number | undefined;
}

/** A table in kubectl's style: each column is as wide as its widest cell. Colour codes do not count as width. */
export function textTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  wrapping?: Wrapping,
): string {
  const table = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...table.map((row) => widthOf(row[column] ?? ''))));
  for (const column of wrapping?.columns ?? []) {
    const total = widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length);
    const own = widths[column] ?? 0;
    const excess = Math.max(0, total - (wrapping?.width ?? total));
    widths[column] = Math.min(own, Math.max(NARROWEST, own - excess));
  }
  return table.flatMap((row) => linesOf(row, widths)).join('\n');
}

/** One row. It takes several lines when a cell is wider than its column. */
function linesOf(row: readonly string[], widths: readonly number[]): string[] {
  const cells = widths.map((width, column) => {
    const cell = row[column] ?? '';
    return widthOf(cell) <= width ? [cell] : wrap(cell, width);
  });
  const height = Math.max(...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    cells
      .map((lines, column) => padded(lines[line] ?? '', widths[column] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
}

/** Breaks at spaces and cuts words longer than a line. Removes colours, which would continue in the next cell. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [''];
  const words = stripVTControlCharacters(text).split(' ');
  for (const word of words.flatMap((each) => pieces(each, width))) {
    const line = lines.at(-1) ?? '';
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function pieces(word: string, width: number): string[] {
  const count = Math.max(1, Math.ceil(word.length / width));
  return Array.from({ length: count }, (_, at) => word.slice(at * width, (at + 1) * width));
}

function padded(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - widthOf(cell)));
}

function widthOf(cell: string): number {
  return stripVTControlCharacters(cell).length;
}
