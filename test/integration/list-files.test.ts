import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MAX_LIST_BYTES } from '../../src/config/limits.ts';
import type { SourcePart } from '../../src/config/source.ts';
import { listFileSource } from '../../src/io/list-files.ts';

const NEVER = new AbortController().signal;

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'external-endpoints-list-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function read(...paths: string[]): Promise<readonly SourcePart[]> {
  return listFileSource(paths, () => Readable.from([])).read(NEVER);
}

/** `SOURCE: TEXT` or `SOURCE! REASON`, below the test's folder. */
function shown(parts: readonly SourcePart[]): string[] {
  return parts.map((part) => {
    const source = part.source.replace(`${folder}/`, '');
    return part.ok ? `${source}: ${part.text}` : `${source}! ${part.reason}`;
  });
}

async function file(name: string, text: string | Uint8Array = name): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe('a list in files', () => {
  test('is read in the given order, with unreadable files reported in their place', async () => {
    const b = await file('b.yaml');
    const a = await file('a.txt');
    expect(shown(await read(b, join(folder, 'missing'), join(b, 'below'), a))).toEqual([
      'b.yaml: b.yaml',
      'missing! NotFound',
      'b.yaml/below! NotFound',
      'a.txt: a.txt',
    ]);
  });

  test('is UTF-8, with or without a byte order mark', async () => {
    const marked = await file('marked', Buffer.from('\ufeffä'));
    const latin = await file('latin', Buffer.from([0xe4, 0x20]));
    const utf16 = await file('utf16', Buffer.from('\ufeffa', 'utf16le'));
    expect(shown(await read(marked))).toEqual(['marked: ä']);
    expect(await read(latin, utf16)).toEqual([
      {
        ok: false,
        source: latin,
        list: { given: latin },
        reason: 'NotText',
        message: 'the text is not UTF-8',
      },
      {
        ok: false,
        source: utf16,
        list: { given: utf16 },
        reason: 'NotText',
        message: 'the text is UTF-16; save it as UTF-8',
      },
    ]);
  });

  test('is refused by its size before it is read, or after as many bytes if it has no end', async () => {
    const path = await file('large.yaml', '');
    await truncate(path, 7_654_321);
    expect(await read(path)).toEqual([
      {
        ok: false,
        source: path,
        list: { given: path },
        reason: 'TooLarge',
        message: 'the list has 7654321 bytes (7.3 MiB); it must have fewer than 5242880 bytes (5 MiB)',
      },
    ]);
    await truncate(path, MAX_LIST_BYTES);
    expect(shown(await read(path))).toEqual(['large.yaml! TooLarge']);
    await truncate(path, MAX_LIST_BYTES - 1);
    expect((await read(path))[0]?.ok).toBe(true);
    expect(shown(await read('/dev/zero'))).toEqual(['/dev/zero! TooLarge']);
  });

  test('is read from a pipe, as in --config <(command)', async () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const [parts] = await Promise.all([read(path), writeFile(path, 'piped')]);
    expect(shown(parts)).toEqual(['pipe: piped']);
  });

  test('is unreadable when its links form a loop', async () => {
    await symlink('loop', join(folder, 'loop'));
    expect(await read(join(folder, 'loop'))).toMatchObject([
      { reason: 'Unreadable', message: 'it cannot be read: ELOOP' },
    ]);
  });
});

describe('a list in a directory', () => {
  test('is read in the order of names, without dot files, other extensions and subdirectories', async () => {
    for (const name of ['b.yml', 'a.yaml', 'C.json', '.hidden.yaml', 'notes.txt', 'a.yaml~', '.yaml'])
      await file(name);
    await mkdir(join(folder, 'sub.yaml'));
    await writeFile(join(folder, 'sub.yaml', 'x.yaml'), 'x');
    execFileSync('mkfifo', [join(folder, 'pipe.yaml')]);
    await symlink('nowhere', join(folder, 'dangling.yaml'));
    expect(shown(await read(folder))).toEqual([
      'C.json: C.json',
      'a.yaml: a.yaml',
      'b.yml: b.yml',
      'dangling.yaml! NotFound',
    ]);
  });

  test('is an error when the directory has no list', async () => {
    await file('notes.txt');
    expect(await read(folder)).toEqual([
      {
        ok: false,
        source: folder,
        list: { given: folder },
        reason: 'NoListFiles',
        message: 'the directory holds no *.yaml, *.yml or *.json file',
      },
    ]);
  });

  test('is refused when the directory has more than a thousand lists', async () => {
    for (let at = 0; at <= 1_000; at++) await file(`${at}.yaml`);
    expect(shown(await read(folder))).toEqual([`${folder}! TooManyFiles`]);
  });
});

describe('a list in a mounted ConfigMap', () => {
  /** As kubelet does it: a new folder, the link swapped, links for new names, the old folder removed. */
  async function publish(version: string, names: readonly string[]): Promise<void> {
    const versioned = `..${version}`;
    await mkdir(join(folder, versioned));
    for (const name of names) await writeFile(join(folder, versioned, name), `${version} ${name}`);
    await symlink(versioned, join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  }

  async function link(name: string): Promise<void> {
    await symlink(join('..data', name), join(folder, name));
  }

  test('is read through the ..data link, also while the other links are old', async () => {
    await publish('v1', ['a.yaml', 'old.yaml']);
    await link('a.yaml');
    await link('old.yaml');
    expect(shown(await read(folder))).toEqual(['a.yaml: v1 a.yaml', 'old.yaml: v1 old.yaml']);
    // The link is swapped; those of the files are not yet put right.
    await publish('v2', ['a.yaml', 'new.yaml']);
    expect(shown(await read(folder))).toEqual(['a.yaml: v2 a.yaml', 'new.yaml: v2 new.yaml']);
  });

  test('is read completely old or completely new when the mount is updated meanwhile', async () => {
    const names = Array.from({ length: 20 }, (_, at) => `${10 + at}.yaml`);
    await publish('v0', names);
    for (let version = 1; version <= 40; version++) {
      const swap = async () => {
        await publish(`v${version}`, names);
        await rm(join(folder, `..v${version - 1}`), { recursive: true });
      };
      const [parts] = await Promise.all([read(folder), swap()]);
      const versions = new Set(parts.map((part) => (part.ok ? part.text.split(' ')[0] : part.message)));
      expect([[`v${version - 1}`], [`v${version}`]]).toContainEqual([...versions]);
      expect(parts).toHaveLength(names.length);
    }
  });
});

describe('a list on standard input', () => {
  test('is read from standard input once, however often the list is read', async () => {
    let opened = 0;
    const source = listFileSource(['-'], () => {
      opened += 1;
      return Readable.from([Buffer.from('a: '), Buffer.from('b')]);
    });
    for (let at = 0; at < 2; at++) {
      expect(await source.read(NEVER)).toEqual([{ ok: true, source: '<stdin>', text: 'a: b' }]);
    }
    expect(opened).toBe(1);
  });

  test('ends when the user interrupts and nothing was written', async () => {
    const stdin = new Readable({ read: () => undefined });
    const interruption = new AbortController();
    const reading = listFileSource(['-'], () => stdin).read(interruption.signal);
    interruption.abort(new Error('interrupted'));
    await expect(reading).rejects.toThrow('interrupted');
    expect(stdin.destroyed).toBe(true);
  });
});
