import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type EmbeddedApiServer, startEmbeddedApiServer } from '../../src/embedded/apiserver/listener.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { systemRandom } from '../../src/io/system-random.ts';
import { TestAuthority } from '../support/certificates.ts';
import { CliProcess } from '../support/cli-process.ts';
import { startConnectProxy } from '../support/connect-proxy.ts';
import { missing } from '../support/real-peer.ts';
import { TlsFront } from '../support/tls-front.ts';
import { waitFor } from '../support/wait-for.ts';

function listOf(...names: readonly string[]): string {
  const rest = 'ports: [{ port: 1 }], endpoints: [{ address: 192.0.2.1 }], healthCheck: { type: none }';
  const targets = names.map((name) => `  - { name: ${name}, ${rest} }\n`).join('');
  return `apiVersion: external-endpoints/v1\nkind: TargetList\ntargets:\n${targets}`;
}

let directory: string;
let server: EmbeddedApiServer;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'external-endpoints-credentials-'));
  server = await startEmbeddedApiServer({ clock: systemClock, random: systemRandom });
});
afterEach(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

const port = () => Number(new URL(server.url).port);

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

function kubeconfig(cluster: object, user: object): string {
  return file(
    'kubeconfig',
    stringify({
      'current-context': 'test',
      contexts: [{ name: 'test', context: { cluster: 'there', user: 'somebody' } }],
      clusters: [{ name: 'there', cluster }],
      users: [{ name: 'somebody', user }],
    }),
  );
}

function start(path: string, environment: Readonly<Record<string, string>> = {}): CliProcess {
  const args = ['run', '--config', file('targets.yaml', listOf('db')), '--kubeconfig', path];
  return new CliProcess([...args, '--listen', '127.0.0.1:0', '--log-format', 'json'], environment);
}

/** Reasons of lines that a person should look at. */
function troubles(worker: CliProcess): string[] {
  const lines = worker.stderr.split('\n').filter((line) => line.startsWith('{'));
  const read = lines.map((line) => JSON.parse(line) as { level: number; reason: string });
  return read.filter(({ level }) => level >= 40).map(({ reason }) => reason);
}

describe.skipIf(missing(['openssl']))('run with an API server that requires a client certificate', () => {
  it('connects through the proxy that HTTPS_PROXY names', async () => {
    const authority = new TestAuthority(directory);
    const identity = authority.issue('server', 'DNS:api.cluster.test', 30);
    const { certFile, keyFile } = authority.issue('worker', 'DNS:worker', 30);
    await using front = await TlsFront.start({ ...identity, clientCaFile: authority.caFile }, port());
    const proxy = await startConnectProxy(() => front.port);
    const cluster = {
      server: 'https://api.cluster.test:6443',
      'certificate-authority': authority.caFile,
    };
    const path = kubeconfig(cluster, { 'client-certificate': certFile, 'client-key': keyFile });
    await using worker = start(path, { HTTPS_PROXY: proxy.url });
    await waitFor('it to be published', () => worker.stderr.includes('create EndpointSlice default/db'));
    expect(new Set(proxy.targets)).toEqual(new Set(['api.cluster.test:6443']));
    expect(new Set(front.clients)).toEqual(new Set(['worker']));
    // Watches keep theirs; all else shares a few.
    expect(proxy.targets.length).toBeLessThan(20);
    expect(troubles(worker)).toEqual([]);
    worker.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0 });

    await using excepted = start(path, { HTTPS_PROXY: proxy.url, NO_PROXY: '.cluster.test' });
    await waitFor('it to say that it looks for the server itself', () =>
      troubles(excepted).includes('StateUnreachable'),
    );
    expect(excepted.stderr).toContain('api.cluster.test');
    await proxy.close();
  });
});

describe('run with a credential plugin', () => {
  it('starts the plugin once, and again after its token was refused', async () => {
    let valid = 'first';
    const { core } = server;
    const handle = core.handle.bind(core);
    const refused: string[] = [];
    core.handle = (request, signal) => {
      const { authorization, ...headers } = request.headers;
      if (authorization === `Bearer ${valid}`) return handle({ ...request, headers }, signal);
      refused.push(request.path);
      return handle(request, signal);
    };
    const starts = file('starts', '');
    file('token', valid);
    const plugin = file(
      'plugin',
      `#!/bin/sh
echo start >> '${starts}'
sleep 0.3
printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}' "$(cat '${join(directory, 'token')}')"
`,
    );
    chmodSync(plugin, 0o755);
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: plugin, interactiveMode: 'Never' };
    await using worker = start(kubeconfig({ server: server.url }, { exec }));
    const startsSoFar = () => readFileSync(starts, 'utf8').split('\n').length - 1;
    await waitFor('it to be published', () => worker.stderr.includes('create EndpointSlice default/db'));
    expect([startsSoFar(), refused]).toEqual([1, []]);

    valid = 'second';
    file('token', valid);
    // Watches that are open stay so; whatever is asked next is refused, side by side.
    core.watches.cutAll();
    file('targets.yaml', listOf('db', 'another'));
    await waitFor('the other one', () => worker.stderr.includes('create EndpointSlice default/another'));
    await waitFor('the plugin', () => startsSoFar() === 2);
    expect(refused.length).toBeGreaterThan(0);
    expect(troubles(worker).filter((reason) => reason === 'Unauthorized')).toEqual([]);
    worker.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0 });
    expect(startsSoFar()).toBe(2);
  });
});
