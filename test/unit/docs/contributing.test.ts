import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const ROOT = new URL('../../../', import.meta.url);

/** The first column of the table after a mark. */
function firstColumn(mark: string): string[] {
  const page = readFileSync(new URL('CONTRIBUTING.md', ROOT), 'utf8');
  const [table = ''] = (page.split(`<!-- ${mark} -->\n`)[1] ?? '').split('\n\n');
  const [, , ...rows] = table.split('\n');
  return rows.map((row) => row.split('|')[1]?.trim() ?? '');
}

function quoted(cells: readonly string[]): string[] {
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word));
}

it('CONTRIBUTING.md lists every folder of src once', () => {
  const folders = readdirSync(new URL('src/', ROOT), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `src/${name}`);
  expect(quoted(firstColumn('folders')).toSorted()).toEqual(folders.toSorted());
});

it('CONTRIBUTING.md lists every file of test/support once', () => {
  const files = readdirSync(new URL('test/support/', ROOT)).map((name) => name.replace(/\.ts$/, ''));
  expect(quoted(firstColumn('support')).toSorted()).toEqual(files.toSorted());
});

it('CONTRIBUTING.md has a glossary of at most 30 terms, each once', () => {
  const terms = firstColumn('glossary');
  expect(terms.length).toBeGreaterThan(0);
  expect(terms.length).toBeLessThanOrEqual(30);
  expect(new Set(terms).size).toBe(terms.length);
});
