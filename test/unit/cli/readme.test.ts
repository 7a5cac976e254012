import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../../src/cli/exit-code.ts';
import { COMMANDS } from '../../../src/cli/program.ts';
import { parseTargetList } from '../../../src/config/target-list.ts';

const readme = readFileSync('README.md', 'utf8');

/** The first column of the table with this heading. */
function columnOf(heading: string): string[] {
  const [, table = ''] = readme.split(new RegExp(`\\| ${heading} +\\|.*\\n\\| -.*\\n`));
  const rows = table.slice(0, table.search(/\n(?!\|)/)).split('\n');
  return rows.map((row) => row.split('|')[1]?.trim().replaceAll('`', '') ?? '');
}

const shellBlocks = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1]?.trim() ?? '');

describe('the README', () => {
  it('begins with exactly two commands, and a real cluster takes five lines', () => {
    expect(shellBlocks.slice(0, 2)).toEqual(['npm ci && npm run demo', 'npm ci && npm test']);
    expect(shellBlocks[2]?.split('\n')).toHaveLength(5);
    expect(shellBlocks).toHaveLength(3);
  });

  it('contains a valid target list and existing commands', () => {
    const [, list = ''] = /EOF'\n([\s\S]*?)\nEOF/.exec(shellBlocks[2] ?? '') ?? [];
    expect(parseTargetList(list, 'README.md').ok).toBe(true);
    const called = [...readme.matchAll(/npx external-endpoints (\w+)/g)].map((match) => match[1]);
    expect(called).toEqual(['plan', 'sync']);
  });

  it('lists every command, in the order of the help', () => {
    expect(columnOf('command')).toEqual(COMMANDS.map(({ name }) => name));
  });

  it('lists every exit code', () => {
    expect(columnOf('code').map(Number)).toEqual(Object.values(EXIT).toSorted((a, b) => a - b));
  });

  it('links to existing files', () => {
    const linked = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map((match) => match[1] ?? '');
    expect(linked.filter((path) => !existsSync(path))).toEqual([]);
    expect(linked.length).toBeGreaterThan(3);
  });
});
