import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { followListFile } from '../../../src/io/list-file-watch.ts';
import { listFileSource } from '../../../src/io/list-files.ts';
import { systemClock } from '../../../src/io/system-clock.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'list-file-watch-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

function follow(path: string) {
  const told: string[] = [];
  const stop = new AbortController();
  const source = listFileSource([path], () => Readable.from([Buffer.from('from standard input')]));
  const done = followListFile(path, source, systemClock)
    .run((parts) => {
      const texts = parts.map(
        (part) => `${part.source.slice(folder.length + 1)}=${part.ok ? part.text : part.reason}`,
      );
      // The first reading is done twice; that is of no concern here.
      if (told.at(-1) !== texts.join(' ')) told.push(texts.join(' '));
    }, stop.signal)
    .catch((error: unknown) => {
      if (error !== stop.signal.reason) throw error;
    });
  return {
    told,
    async seen(expected: string): Promise<number> {
      const fromMs = performance.now();
      await vi.waitUntil(() => told.at(-1) === expected, { timeout: 5_000, interval: 10 });
      return performance.now() - fromMs;
    },
    stop: async () => {
      stop.abort(new Error('stop'));
      await done;
    },
  };
}

describe('followListFile', () => {
  it('tells a file at once, and each edit within a second, written in place or renamed', async () => {
    const path = join(folder, 'list.yaml');
    await writeFile(path, 'one');
    const watch = follow(path);
    await watch.seen('list.yaml=one');
    await writeFile(path, 'two');
    expect(await watch.seen('list.yaml=two')).toBeLessThan(1_000);
    await writeFile(`${path}~`, 'new');
    await rename(`${path}~`, path);
    expect(await watch.seen('list.yaml=new')).toBeLessThan(1_000);
    await rm(path);
    expect(await watch.seen('list.yaml=NotFound')).toBeLessThan(1_000);
    await writeFile(path, 'back');
    expect(await watch.seen('list.yaml=back')).toBeLessThan(1_000);
    await watch.stop();
  });

  it('tells nothing of a file that is still being written', async () => {
    const path = join(folder, 'list.yaml');
    await writeFile(path, 'whole');
    const watch = follow(path);
    await watch.seen('list.yaml=whole');
    for (let size = 1; size <= 20; size++) {
      await writeFile(path, 'x'.repeat(size));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await watch.seen(`list.yaml=${'x'.repeat(20)}`);
    expect(watch.told).toHaveLength(2);
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
    await watch.seen('mount/a.yaml=A1 mount/b.yaml=B1');
    await version('..2026_02', { 'a.yaml': 'A2', 'b.yaml': 'B2' });
    await rm(join(mount, '..2026_01'), { recursive: true });
    expect(await watch.seen('mount/a.yaml=A2 mount/b.yaml=B2')).toBeLessThan(1_000);
    expect(watch.told).toHaveLength(2);
    await watch.stop();
  });

  it('sees files come to a directory and go', async () => {
    const watch = follow(folder);
    await watch.seen('=NoListFiles');
    await writeFile(join(folder, 'b.yaml'), 'B');
    await writeFile(join(folder, '.hidden.yaml'), 'no');
    await watch.seen('b.yaml=B');
    await writeFile(join(folder, 'a.json'), 'A');
    await watch.seen('a.json=A b.yaml=B');
    await rm(join(folder, 'b.yaml'));
    await watch.seen('a.json=A');
    await watch.stop();
  });

  it('reads standard input, once', async () => {
    const watch = follow('-');
    await vi.waitUntil(() => watch.told.length === 1, { timeout: 5_000 });
    expect(watch.told[0]).toContain('from standard input');
    await watch.stop();
  });
});
