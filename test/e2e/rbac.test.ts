import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { EVERYTHING_ALLOWED, type PolicyRule } from '../../src/embedded/apiserver/auth.ts';
import { ALL_CONTROLLERS } from '../../src/embedded/apiserver/controllers/controllers.ts';
import { kubeconfigFor } from '../../src/embedded/apiserver/kubeconfig.ts';
import { type EmbeddedApiServer, startEmbeddedApiServer } from '../../src/embedded/apiserver/listener.ts';
import { parseResourcePath } from '../../src/embedded/apiserver/request.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { systemRandom } from '../../src/io/system-random.ts';
import { CliProcess, runCli } from '../support/cli-process.ts';
import { InMemoryClient } from '../support/in-memory-cluster.ts';
import { OtherManager } from '../support/other-manager.ts';
import { waitFor } from '../support/wait-for.ts';

const NAMESPACE = 'external-endpoints-system';
const TOKEN = 'of-the-service-account';
const BOUND_TOKEN = 'of-one-bound-in-one-namespace';

interface RoleManifest {
  readonly kind: string;
  readonly rules?: readonly PolicyRule[];
}

/** What the overlays allow the ServiceAccount, and where. */
function rulesOfManifests(): PolicyRule[] {
  const documents = parseAllDocuments(readFileSync('deploy/kustomize/base/rbac.yaml', 'utf8'));
  return documents
    .map((document) => document.toJS() as RoleManifest)
    .flatMap(({ kind, rules = [] }) =>
      rules.map((rule) => (kind === 'Role' ? { ...rule, namespaces: [NAMESPACE] } : rule)),
    );
}

/** `verb resource.group`, one line for each right. */
function rightsIn(rules: readonly PolicyRule[]): string[] {
  return rules.flatMap(({ verbs, resources, apiGroups }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.map((verb) => `${verb} ${group === '' ? resource : `${resource}.${group}`}`),
      ),
    ),
  );
}

let directory: string;
let server: EmbeddedApiServer;
const controllers = new AbortController();
const used = new Set<string>();
const refused: string[] = [];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'external-endpoints-rbac-'));
  const user = {
    name: `system:serviceaccount:${NAMESPACE}:external-endpoints`,
    groups: ['system:serviceaccounts', 'system:authenticated'],
    token: TOKEN,
    rules: rulesOfManifests(),
  };
  // As when the ClusterRole is bound by a RoleBinding: ranges of the whole cluster are not for it to see.
  const rules = rulesOfManifests().map((rule) => ({ ...rule, namespaces: [NAMESPACE] }));
  const bound = { ...user, token: BOUND_TOKEN, rules };
  const admin = { name: 'admin', groups: [], token: 'admin', rules: [EVERYTHING_ALLOWED] };
  server = await startEmbeddedApiServer({
    clock: systemClock,
    random: systemRandom,
    users: [user, bound, admin],
  });
  server.core.startControllers({ controllers: ALL_CONTROLLERS }, controllers.signal);
  const { core } = server;
  const handle = core.handle.bind(core);
  core.handle = async (request, signal) => {
    const response = await handle(request, signal);
    const path = parseResourcePath(request.path);
    const status = 'status' in response ? response.status : 0;
    if (request.headers.authorization !== `Bearer ${TOKEN}` || path === undefined) return response;
    const { resource, group, name } = path;
    const one = { GET: 'get', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };
    const many = { GET: request.query.has('watch') ? 'watch' : 'list', POST: 'create' };
    const verbs: Readonly<Record<string, string>> = name === '' ? many : one;
    const on = group === '' ? resource : `${resource}.${group}`;
    used.add(`${verbs[request.method]} ${on}`);
    // An apply that creates an object also needs the right to create.
    if (request.method === 'PATCH' && status === 201) used.add(`create ${on}`);
    if (status === 403) refused.push(`${request.method} ${request.path}`);
    return response;
  };
  await person().create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
});
afterAll(async () => {
  controllers.abort();
  await server.close();
  rmSync(directory, { recursive: true });
});

function person(): OtherManager {
  return new OtherManager(new InMemoryClient(server.core, systemClock), 'kubectl');
}

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

/** Targets by name, each with one address; `TAKEN` is taken over from somebody. */
function listOf(addresses: Readonly<Record<string, string>>, resources = 'EndpointSlice, Endpoints'): string {
  const targets = Object.entries(addresses).map(
    ([name, address]) =>
      `  - { name: ${name}, adopt: ${name === TAKEN}, ports: [{ port: 80 }], endpoints: [{ address: ${address} }], publish: { resources: [${resources}] }, healthCheck: { type: none } }\n`,
  );
  return `apiVersion: external-endpoints/v1\nkind: TargetList\nmetadata: { name: rights }\ndefaults: { namespace: ${NAMESPACE} }\nguards: { maxDeletes: 100% }\ntargets:\n${targets.join('')}`;
}

const TAKEN = 'taken';

function cluster(token = TOKEN): string[] {
  const path = file(`${token}.kubeconfig`, kubeconfigFor(server.url, token));
  return ['--kubeconfig', path, '--state-namespace', NAMESPACE];
}

async function handKept(name: string): Promise<void> {
  const metadata = { name, namespace: NAMESPACE };
  const ports = [{ port: 80, protocol: 'TCP' as const }];
  await person().create({ apiVersion: 'v1', kind: 'Service', metadata, spec: { ports } } as never);
  await person().create({
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata,
    subsets: [{ addresses: [{ ip: '192.0.2.9' }], ports }],
  } as never);
}

describe('the RBAC rules of the overlays', () => {
  it('are enough for `sync` to publish, update, adopt and delete', async () => {
    const sync = async (addresses: Readonly<Record<string, string>>, resources?: string) => {
      const list = file('list.yaml', listOf(addresses, resources));
      const ended = await runCli(['sync', '--config', list, ...cluster()]);
      expect(ended).toMatchObject({ code: 0, stderr: '' });
    };
    await handKept(TAKEN);
    await sync({ a: '192.0.2.1', b: '192.0.2.2', [TAKEN]: '192.0.2.9' });
    await sync({ a: '192.0.2.3', b: '192.0.2.2', [TAKEN]: '192.0.2.9' });
    await sync({ a: '192.0.2.3' });
    await sync({ a: '192.0.2.3' }, 'EndpointSlice');
    expect(refused).toEqual([]);
  });

  it('are enough for `run` to lead, watch the list and the cluster, and send Events', async () => {
    const configMap = (addresses: Readonly<Record<string, string>>) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'external-endpoints-targets', namespace: NAMESPACE },
      data: { 'targets.yaml': listOf(addresses) },
    });
    await person().create(configMap({ a: '192.0.2.3' }));
    const reference = `${NAMESPACE}/external-endpoints-targets`;
    const args = ['run', '--configmap', reference, '--list-name', 'rights', ...cluster()];
    await using worker = new CliProcess([...args, '--listen', '127.0.0.1:0', '--log-format', 'json']);
    const heard = (text: string) => waitFor(text, () => worker.stderr.includes(text));
    await heard('"Leading"');
    await heard('"AllReady"');
    await person().apply(configMap({ a: '192.0.2.4', c: '192.0.2.5' }));
    await heard(`create Service ${NAMESPACE}/c`);
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'c', namespace: NAMESPACE } };
    // The second Event of the same kind is counted on the first, a minute later; a patch, that is.
    await person().merge(service, { metadata: { labels: { 'app.kubernetes.io/managed-by': null } } });
    await heard('"DriftRepaired"');
    await waitFor('the Event', () => used.has('create events.events.k8s.io'));
    worker.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0 });
    expect(refused).toEqual([]);
    expect(worker.stderr).not.toContain('Forbidden');
  });

  it('are enough for `run` in one namespace, with rights in that namespace alone', async () => {
    const list = file('one-namespace.yaml', listOf({ d: '192.0.2.6' }));
    const args = ['run', '--config', list, ...cluster(BOUND_TOKEN), '--instance', 'bound'];
    await using worker = new CliProcess([...args, '--listen', '127.0.0.1:0', '--log-format', 'json']);
    const heard = (text: string) => waitFor(text, () => worker.stderr.includes(text));
    await heard('"WatchingNamespaces"');
    await heard('"AllReady"');
    const slice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'd-ipv4-0', namespace: NAMESPACE },
    };
    await person().delete(slice);
    await heard('"DriftRepaired"');
    worker.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0 });
    expect(worker.stderr).not.toContain('"level":50');
  });

  it('contain no unused verb', () => {
    // Events are counted once a minute, which no test waits for: test/unit/cluster/event-recorder.test.ts shows the patch.
    const unused = rightsIn(rulesOfManifests()).filter((right) => !used.has(right));
    expect(unused).toEqual(['patch events.events.k8s.io']);
    expect([...used].filter((right) => !rightsIn(rulesOfManifests()).includes(right))).toEqual([]);
  });
});
