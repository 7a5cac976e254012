import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { followListFile } from '../../../src/io/list-file-watch.ts';
import { listFileSource } from '../../../src/io/list-files.ts';
import { ManualClock } from '../../support/manual-clock.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'list-file-watch-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Watches `path` on a clock that stands still: looks happen only when the test moves it. */
function follow(path: string) {
  const clock = new ManualClock();
  const reported: string[] = [];
  const stop = new AbortController();
  const source = listFileSource([path], () => Readable.from([Buffer.from('from standard input')]));
  const done = followListFile(path, source, clock)
    .run((parts) => {
      const texts = parts.map(
        (part) => `${part.source.slice(folder.length + 1)}=${part.ok ? part.text : part.reason}`,
      );
      // The first reading is done twice; that is of no concern here.
      if (reported.at(-1) !== texts.join(' ')) reported.push(texts.join(' '));
    }, stop.signal)
    .catch((error: unknown) => {
      if (error !== stop.signal.reason) throw error;
    });
  const looked = () => vi.waitUntil(() => clock.sleeping === 1, { timeout: 5_000, interval: 1 });
  return {
    reported,
    looked,
    /** Once more; it takes a fifth of a second to come to that. */
    look: async () => {
      await looked();
      await clock.advance(200);
      await looked();
    },
    stop: async () => {
      stop.abort(new Error('stop'));
      await done;
      expect(clock.sleeping).toBe(0);
    },
  };
}

describe('followListFile', () => {
  it('reports a file at once, and each edit at the second look, in place or by renaming', async () => {
    const path = join(folder, 'list.yaml');
    await writeFile(path, 'one');
    const watch = follow(path);
    await watch.looked();
    expect(watch.reported).toEqual(['list.yaml=one']);
    const tells = async (expected: string) => {
      await watch.look();
      await watch.look();
      expect(watch.reported.at(-1)).toBe(`list.yaml=${expected}`);
    };
    await tells('one');
    await writeFile(path, 'second');
    await tells('second');
    await writeFile(`${path}~`, 'renamed');
    await rename(`${path}~`, path);
    await tells('renamed');
    await rm(path);
    await tells('NotFound');
    await writeFile(path, 'back');
    await tells('back');
    expect(watch.reported).toHaveLength(5);
    await watch.stop();
  });

  it('does not report a file that is being written, unless that takes long', async () => {
    const path = join(folder, 'list.yaml');
    await writeFile(path, 'whole');
    const watch = follow(path);
    await watch.look();
    const write = async (looks: number) => {
      for (let size = 1; size <= looks; size++) {
        await writeFile(path, 'x'.repeat(size));
        await watch.look();
      }
    };
    await write(20);
    expect(watch.reported).toEqual(['list.yaml=whole']);
    await watch.look();
    expect(watch.reported.at(-1)).toBe(`list.yaml=${'x'.repeat(20)}`);
    await write(60);
    expect(watch.reported).toHaveLength(4);
    await watch.stop();
  });

  it("sees kubelet's swap of a mounted ConfigMap as one change", async () => {
    const mount = join(folder, 'mount');
    const version = async (name: string, texts: Readonly<Record<string, string>>) => {
      await mkdir(join(mount, name), { recursive: true });
      for (const [file, text] of Object.entries(texts)) await writeFile(join(mount, name, file), text);
      await symlink(name, join(mount, '..data_tmp'));
      await rename(join(mount, '..data_tmp'), join(mount, '..data'));
    };
    await version('..2026_01', { 'a.yaml': 'A1', 'b.yaml': 'B1' });
    await symlink('..data/a.yaml', join(mount, 'a.yaml'));
    await symlink('..data/b.yaml', join(mount, 'b.yaml'));
    const watch = follow(mount);
    await watch.look();
    await version('..2026_02', { 'a.yaml': 'A2', 'b.yaml': 'B2' });
    await rm(join(mount, '..2026_01'), { recursive: true });
    await watch.look();
    await watch.look();
    expect(watch.reported).toEqual(['mount/a.yaml=A1 mount/b.yaml=B1', 'mount/a.yaml=A2 mount/b.yaml=B2']);
    await watch.stop();
  });

  it('reports files that are added to a directory or removed', async () => {
    const watch = follow(folder);
    const tells = async (expected: string) => {
      await watch.look();
      await watch.look();
      expect(watch.reported.at(-1)).toBe(expected);
    };
    await tells('=NoListFiles');
    await writeFile(join(folder, 'b.yaml'), 'B');
    await writeFile(join(folder, '.hidden.yaml'), 'no');
    await tells('b.yaml=B');
    await writeFile(join(folder, 'a.json'), 'A');
    await tells('a.json=A b.yaml=B');
    await rm(join(folder, 'b.yaml'));
    await tells('a.json=A');
    await watch.stop();
  });

  it('reads standard input, once', async () => {
    const watch = follow('-');
    await watch.look();
    await watch.look();
    expect(watch.reported).toHaveLength(1);
    expect(watch.reported[0]).toContain('from standard input');
    await watch.stop();
  });
});
