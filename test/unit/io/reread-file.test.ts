import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readAgainWhenChanged } from '../../../src/io/reread-file.ts';

let directory: string;
let path: string;
let nowMs: number;
let problems: string[];
let writes = 0;
let read: () => string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'external-endpoints-'));
  path = join(directory, 'resolv.conf');
  nowMs = 0;
  problems = [];
  read = readAgainWhenChanged(
    path,
    (text) => `<${text}>`,
    ({ message }) => problems.push(message),
    () => nowMs,
  );
});

afterEach(() => rmSync(directory, { recursive: true }));

function write(text: string): void {
  writeFileSync(path, text);
  // Two writes may fall into one tick of the file system's clock; two edits by people do not.
  writes += 1;
  utimesSync(path, writes, writes);
}

describe('readAgainWhenChanged', () => {
  it('reads once, and again within a second after a change', () => {
    write('one');
    expect(read()).toBe('<one>');
    write('two');
    nowMs += 999;
    expect(read()).toBe('<one>');
    nowMs += 1;
    expect(read()).toBe('<two>');
  });

  it('returns the same object while the file has not changed', () => {
    const config = readAgainWhenChanged(
      path,
      (text) => ({ text }),
      () => undefined,
      () => nowMs,
    );
    write('one');
    const first = config();
    nowMs += 5_000;
    expect(config()).toBe(first);
  });

  it('keeps the last good content while the file is missing, and reports that once', () => {
    write('one');
    read();
    rmSync(path);
    for (let second = 0; second < 5; second += 1) {
      nowMs += 1_000;
      expect(read()).toBe('<one>');
    }
    expect(problems).toEqual([expect.stringContaining('ENOENT')]);
    nowMs += 1_000;
    write('two');
    expect(read()).toBe('<two>');
    nowMs += 1_000;
    rmSync(path);
    read();
    expect(problems).toHaveLength(2);
  });

  it('treats a missing file as empty until it appears', () => {
    expect(read()).toBe('<>');
    write('one');
    nowMs += 1_000;
    expect(read()).toBe('<one>');
  });

  it('rejects a file that is too large', () => {
    write('one');
    read();
    nowMs += 1_000;
    write('x'.repeat(16 * 1024 * 1024 + 1));
    expect(read()).toBe('<one>');
    expect(problems).toEqual(['the file is larger than 16777216 bytes']);
  });
});
