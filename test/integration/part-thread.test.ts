import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SourcePart } from '../../src/config/source.ts';
import { partOf } from '../../src/config/target-list.ts';
import { readPartAside } from '../../src/io/part-thread.ts';

/** The same code as in the bundle, started as it stands. */
const ENTRY = new URL('../../src/main.ts', import.meta.url);
const never = new AbortController().signal;

function longList(more = ''): SourcePart {
  const targets = Array.from(
    { length: 1_200 },
    (_, at) =>
      `  - { name: db-${at}, ports: [{ port: 5432 }], endpoints: [{ host: db-${at}.example.test }] }\n`,
  );
  const text = `apiVersion: external-endpoints/v1\nkind: TargetList\ntargets:\n${targets.join('')}${more}`;
  return { ok: true, source: 'long.yaml', text };
}

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'external-endpoints-thread-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function entryThat(does: string): URL {
  const path = join(directory, `${does.replaceAll(/\W/g, '')}.mjs`);
  writeFileSync(path, does);
  return pathToFileURL(path);
}

describe('readPartAside with a long part of the list', () => {
  it('gives the result of a thread, and the event loop goes on meanwhile', async () => {
    const broken = longList('  - { name: last, prots: [], endpoints: [] }\n');
    let turns = 0;
    const turning = setInterval(() => {
      turns += 1;
    }, 5);
    const read = await readPartAside(ENTRY, broken, never);
    clearInterval(turning);
    expect(turns).toBeGreaterThan(10);
    expect(read).toEqual(partOf(broken));
    expect([read.targets.length, read.declarations.length]).toEqual([1_200, 1_201]);
    expect(read.problems[0]?.location).toMatchObject({ source: 'long.yaml', line: 1_204 });
  });

  it.each([
    ['throws', "throw new Error('no more memory')", 'no more memory'],
    ['ends without a result', 'process.exit(0)', 'it ended without a result'],
  ])('reports a problem of that part alone when the thread %s', async (_, does, message) => {
    const read = await readPartAside(entryThat(does), longList(), never);
    expect(read.targets).toEqual([]);
    expect(read.problems).toMatchObject([
      { location: { source: 'long.yaml', line: 0 }, message: `the thread that reads it failed: ${message}` },
    ]);
  });

  it('ends the thread at once when its signal aborts', async () => {
    const stop = new AbortController();
    const reading = readPartAside(entryThat('setInterval(() => undefined, 1_000)'), longList(), stop.signal);
    stop.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
  });
});

it('readPartAside reads a short part without a thread', async () => {
  const short: SourcePart = { ok: true, source: 'short.yaml', text: 'kind: TargetList\n' };
  const nowhere = new URL('file:///nowhere.mjs');
  expect(await readPartAside(nowhere, short, never)).toEqual(partOf(short));
});
