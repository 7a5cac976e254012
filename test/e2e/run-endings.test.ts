import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EmbeddedApiServer, startEmbeddedApiServer } from '../../src/embedded/apiserver/listener.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { systemRandom } from '../../src/io/system-random.ts';
import { CliProcess } from '../support/cli-process.ts';
import { waitFor } from '../support/wait-for.ts';

const LIST = `apiVersion: external-endpoints/v1
kind: TargetList
targets: [{ name: db, ports: [{ port: 1 }], endpoints: [{ address: 192.0.2.1 }], healthCheck: { type: none } }]
`;

const HANGS = 'a file system hangs';

/** Once there is a file of the name `hang`, looking at any other never comes back: as on a network file system. */
const HANGING_FILES = `import { existsSync } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
const { stat } = fs;
fs.stat = (...args) => {
  if (!existsSync(new URL('hang', import.meta.url))) return stat(...args);
  process.stderr.write('${HANGS}\\n');
  return new Promise(() => undefined);
};
syncBuiltinESMExports();
`;

let directory: string;
let server: EmbeddedApiServer;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'external-endpoints-endings-'));
  server = await startEmbeddedApiServer({ clock: systemClock, random: systemRandom });
});
afterEach(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

function startWorker(environment: Readonly<Record<string, string>> = {}): CliProcess {
  const place = [
    '--config',
    file('targets.yaml', LIST),
    '--kubeconfig',
    file('kubeconfig', server.kubeconfig),
  ];
  return new CliProcess(['run', ...place, '--listen', '127.0.0.1:0', '--log-format', 'json'], environment);
}

const heard = (worker: CliProcess, reason: string) =>
  waitFor(reason, () => worker.stderr.includes(`"reason":"${reason}"`));

/** A worker that leads, and whose first write is not answered. */
async function withHangingWrite(): Promise<CliProcess> {
  const { core } = server;
  core.faults.inject({ fault: { type: 'latency', minMs: 60_000, maxMs: 60_000 }, verbs: ['patch'] });
  const written: string[] = [];
  const handle = core.handle.bind(core);
  core.handle = (request, signal) => {
    if (request.method === 'PATCH') written.push(request.path);
    return handle(request, signal);
  };
  const worker = startWorker();
  await heard(worker, 'Leading');
  await waitFor('the write', () => written.some((path) => path.endsWith('/services/db')));
  return worker;
}

describe('the end of run', () => {
  it('comes in order within five seconds of SIGTERM while writes hang', async () => {
    await using worker = await withHangingWrite();
    worker.kill('SIGTERM');
    const fromMs = performance.now();
    expect(await worker.ended).toMatchObject({ code: 0 });
    expect(performance.now() - fromMs).toBeLessThan(5_000);
    expect(worker.stderr).toContain('"StateNotSaved"');
  });

  it('comes at once on a second signal', async () => {
    await using worker = await withHangingWrite();
    worker.kill('SIGTERM');
    await heard(worker, 'Stopping');
    worker.kill('SIGTERM');
    const fromMs = performance.now();
    // By the signal itself: there is no exit code.
    expect(await worker.ended).toMatchObject({ code: undefined });
    expect(performance.now() - fromMs).toBeLessThan(1_000);
  });

  it('comes within five seconds, with a message, while the file system hangs', async () => {
    const preload = file('preload.mjs', HANGING_FILES);
    await using worker = startWorker({ NODE_OPTIONS: `--import ${preload}` });
    await heard(worker, 'Missing');
    file('hang', '');
    await waitFor('a look that hangs', () => worker.stderr.includes(HANGS));
    worker.kill('SIGTERM');
    const fromMs = performance.now();
    expect(await worker.ended).toMatchObject({ code: 130 });
    expect(performance.now() - fromMs).toBeLessThan(5_000);
    expect(worker.stderr).toMatch(/did not stop within 4.8 s of the signal; exiting now\n$/);
  });

  it('comes with a message when the port cannot be opened', async () => {
    const port = new URL(server.url).port;
    const place = [
      '--config',
      file('targets.yaml', LIST),
      '--kubeconfig',
      file('kubeconfig', server.kubeconfig),
    ];
    const args = ['run', ...place, '--listen', `127.0.0.1:${port}`, '--log-format', 'json'];
    await using worker = new CliProcess(args);
    expect(await worker.ended).toMatchObject({ code: 2 });
    expect(worker.stderr).toContain('"CannotListen"');
    expect(worker.stderr).toContain(`--listen 127.0.0.1:${port} is not available: listen EADDRINUSE`);
  });
});
