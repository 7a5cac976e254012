import { execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedApiServer, startEmbeddedApiServer } from '../../src/embedded/apiserver/listener.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { systemRandom } from '../../src/io/system-random.ts';
import { missing, programPath } from '../support/real-peer.ts';
import { waitFor } from '../support/wait-for.ts';

/** Clients that nobody wrote for this server: kubectl in every version found, and the one for Python. */

let server: EmbeddedApiServer;
let directory: string;
let kubeconfig: string;

beforeAll(async () => {
  server = await startEmbeddedApiServer({ clock: systemClock, random: systemRandom });
  directory = mkdtempSync(join(tmpdir(), 'external-endpoints-clients-'));
  kubeconfig = file('kubeconfig', server.kubeconfig);
});

afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

function file(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(program: string, args: readonly string[]): Promise<Result> {
  return new Promise((resolve) => {
    execFile(program, [...args], { env: environment(), timeout: 30_000 }, (error, stdout, stderr) => {
      resolve({
        code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1,
        stdout,
        stderr,
      });
    });
  });
}

/** A home of its own, so that no cache of an earlier server is read. */
function environment(): NodeJS.ProcessEnv {
  return { ...process.env, KUBECONFIG: kubeconfig, HOME: directory };
}

/** Every kubectl on this machine, each once. */
function kubectls(): string[] {
  const places = [process.env.KUBEBUILDER_ASSETS ?? '', ...(process.env.PATH ?? '').split(delimiter)];
  const found = places.filter((place) => place !== '').map((place) => join(place, 'kubectl'));
  return [...new Set(found.filter((path) => existsSync(path)).map((path) => realpathSync(path)))];
}

const MANIFEST = `
apiVersion: v1
kind: Service
metadata:
  name: web
  labels: { app: web }
spec:
  ports:
  - { name: http, port: 80, targetPort: 8080 }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: web-1
  labels: { kubernetes.io/service-name: web }
addressType: IPv4
endpoints:
- addresses: [10.1.1.1]
ports:
- { name: http, port: 8080 }
`;

const absent = missing(['kubectl']);

describe.each(absent === undefined ? kubectls() : [])(
  'the embedded API server with kubectl at %s',
  (kubectl) => {
    const call = async (...args: string[]) => {
      const result = await run(kubectl, args);
      expect(result, `kubectl ${args.join(' ')}`).toMatchObject({ code: 0 });
      return result.stdout;
    };

    it('handles apply, get, edit and delete', async () => {
      const manifest = file('web.yaml', MANIFEST);
      expect(await call('apply', '-f', manifest)).toBe(
        'service/web created\nendpointslice.discovery.k8s.io/web-1 created\n',
      );
      expect(await call('apply', '-f', manifest)).toMatch('service/web unchanged');

      const table = await call('get', 'services', 'web', '-o', 'wide');
      expect(table).toMatch(/^NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE +SELECTOR\n/);
      expect(table).toMatch(/\nweb +ClusterIP +10\.\d+\.\d+\.\d+ +<none> +80\/TCP +\d+s +<none>\n$/);
      expect(await call('get', 'endpointslices')).toMatch(/\nweb-1 +IPv4 +8080 +10\.1\.1\.1 +\d+s\n/);
      expect(await call('get', 'service', 'web', '-o', 'yaml')).toMatch(/\n {2}- name: http\n {4}port: 80\n/);
      const description = await call('describe', 'service', 'web');
      expect(description).toMatch(/\nPort: +http {2}80\/TCP\nTargetPort: +8080\/TCP\n/);
      expect(description).toMatch(/\nEvents: +<none>\n/);

      const changed = file('changed.yaml', MANIFEST.replace('8080', '9090').replace('10.1.1.1', '10.1.1.2'));
      const difference = await run(kubectl, ['diff', '-f', changed]);
      expect(difference.code).toBe(1);
      expect(difference.stdout).toMatch(/\n- {4}targetPort: 8080\n\+ {4}targetPort: 9090\n/);
      expect(await call('apply', '-f', changed)).toMatch('service/web configured');

      expect(await call('label', 'service', 'web', 'tier=front')).toMatch('service/web labeled');
      expect(await call('annotate', 'service', 'web', 'note=hello')).toMatch('service/web annotated');
      const labels = [
        'get',
        'service',
        'web',
        '-o',
        'jsonpath={.metadata.labels} {.metadata.annotations.note}',
      ];
      expect(await call(...labels)).toBe('{"app":"web","tier":"front"} hello');
      expect(await call('delete', '-f', manifest)).toMatch(/service "web" deleted/);
      const gone = await run(kubectl, ['get', 'service', 'web']);
      expect(gone).toMatchObject({ code: 1, stderr: expect.stringMatching(/services "web" not found/) });
    });

    it('handles server-side apply, with reported and forced conflicts', async () => {
      const manifest = file('ssa.yaml', MANIFEST);
      const changed = file('ssa-changed.yaml', MANIFEST.replace('8080', '9090'));
      const apply = ['apply', '--server-side', '-f'];
      expect(await call(...apply, manifest)).toMatch('service/web serverside-applied');
      const refused = await run(kubectl, [...apply, changed, '--field-manager', 'other']);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toMatch(
        /conflict with "kubectl".*\.spec\.ports\[port=80,protocol="TCP"\]\.targetPort/,
      );
      await call(...apply, changed, '--field-manager', 'other', '--force-conflicts');
      const port = ['get', 'service', 'web', '-o', 'jsonpath={.spec.ports[0].targetPort}'];
      expect(await call(...port)).toBe('9090');
      await call('delete', '-f', manifest);
    });

    it('handles a watch', async () => {
      const child = spawn(kubectl, ['get', 'services', '-w', '-l', 'app=watched'], { env: environment() });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      try {
        await waitFor('the watch to open', () => server.core.watches.count > 0);
        const manifest = file('watched.yaml', (MANIFEST.split('---')[0] ?? '').replaceAll('web', 'watched'));
        await call('apply', '-f', manifest);
        await waitFor('the new Service in the table', () => /\nwatched +ClusterIP/.test(output));
        await call('delete', '-f', manifest);
        await waitFor('it to go', () => output.match(/\nwatched +ClusterIP/g)?.length === 2);
      } finally {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGTERM');
        await ended;
      }
    });
  },
);

/** A Python that has the client: Debian's own before any other. */
function pythonWithClient(): string | undefined {
  const candidates = ['/usr/bin/python3', programPath('python3') ?? ''].filter((path) => existsSync(path));
  return candidates.find((path) => spawnSync(path, ['-c', 'import kubernetes']).status === 0);
}

describe('the embedded API server with the Python client', () => {
  const python = pythonWithClient();
  if (python === undefined) missing(['python3-kubernetes']);

  it.skipIf(python === undefined)('handles create, patch, list, watch and delete', async () => {
    const script = fileURLToPath(new URL('../support/python-client.py', import.meta.url));
    const result = await run(python ?? '', [script, kubeconfig]);
    expect(result.stderr).toBe('');
    expect(JSON.parse(result.stdout)).toEqual({
      clusterIP: expect.stringMatching(/^10\./),
      labels: { by: 'python' },
      listed: ['python'],
      events: ['MODIFIED', 'DELETED'],
      afterwards: 'NotFound',
    });
  });
});
