import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import packageJson from '../../package.json' with { type: 'json' };
import { CliProcess, type Ended, runCli } from '../support/cli-process.ts';
import { Stage } from '../support/e2e-stage.ts';
import { kubectl, noKubectl } from '../support/kubectl.ts';
import { freePort } from '../support/real-peer.ts';
import { waitFor } from '../support/wait-for.ts';

/** The namespace that the manifests name; on the cluster of the tests they get one of their own. */
const NAMESPACE = 'external-endpoints-system';
/** What the embedded API server knows; the others are for a real one. */
const KNOWN_TO_EMBEDDED = new Set(['ConfigMap']);

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly [field: string]: unknown;
}

interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly securityContext: object;
}

interface PodSpec {
  readonly serviceAccountName: string;
  readonly securityContext: object;
  readonly containers: readonly [Container];
}

describe.skipIf(noKubectl())('the manifests in deploy', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.start('deploy');
  });
  afterAll(() => stage?.[Symbol.asyncDispose]());

  /** An overlay as `kubectl kustomize` renders it, in the namespace of the tests. */
  async function rendered(overlay: string): Promise<Manifest[]> {
    const path = `deploy/kustomize/overlays/${overlay}`;
    const text = await kubectl(stage.cluster.kubeconfigPath, ['kustomize', path]);
    const documents = parseAllDocuments(text.replaceAll(NAMESPACE, stage.namespace));
    return documents.map((document) => document.toJS() as Manifest);
  }

  function podOf(manifests: readonly Manifest[]): PodSpec {
    const workload = manifests.find(({ kind }) => kind === 'CronJob' || kind === 'Deployment');
    const spec = workload?.spec as {
      template?: { spec: PodSpec };
      jobTemplate?: { spec: { template: { spec: PodSpec } } };
    };
    const pod = spec?.template?.spec ?? spec?.jobTemplate?.spec.template.spec;
    if (pod === undefined) throw new Error('no workload');
    return pod;
  }

  function listIn(manifests: readonly Manifest[]): string {
    const found = manifests.find(({ metadata }) => metadata.name === 'external-endpoints-targets');
    const data = found?.data as Record<string, string> | undefined;
    return data?.['targets.yaml'] ?? '';
  }

  /** Everything that the API server knows and that is not there yet. */
  async function apply(manifests: readonly Manifest[], ...flags: readonly string[]): Promise<string> {
    const { kind } = stage.cluster;
    const mine = manifests.filter(
      (manifest) =>
        manifest.kind !== 'Namespace' && (kind !== 'embedded' || KNOWN_TO_EMBEDDED.has(manifest.kind)),
    );
    const text = mine.map((manifest) => stringify(manifest)).join('---\n');
    return kubectl(stage.cluster.kubeconfigPath, ['apply', ...flags, '-f', '-'], text);
  }

  /** A kubeconfig for the ServiceAccount of the manifests, where there are users to be. */
  function asServiceAccount(): string {
    const config = parse(readFileSync(stage.cluster.kubeconfigPath, 'utf8'));
    if (stage.cluster.kind !== 'embedded') {
      config.users[0].user.as = `system:serviceaccount:${stage.namespace}:external-endpoints`;
    }
    return stage.file('service-account.kubeconfig', stringify(config));
  }

  describe.each(['cronjob', 'deployment'])('of the overlay %s', (overlay) => {
    it('are accepted by the API server', async () => {
      const manifests = await rendered(overlay);
      expect(manifests.map(({ kind }) => kind)).toEqual(
        expect.arrayContaining(['Namespace', 'ServiceAccount', 'ClusterRole', 'Role', 'ConfigMap']),
      );
      // A cluster that is running must not get Pods, nor ClusterRoles, from a test.
      const flags = stage.cluster.kind === 'existing' ? ['--dry-run=server'] : [];
      const applied = await apply(manifests, ...flags);
      expect(applied).toMatch(/^configmap\/external-endpoints-targets (created|unchanged)/m);
    });

    it('run the version of the package as a restricted user', async () => {
      const pod = podOf(await rendered(overlay));
      expect(pod.serviceAccountName).toBe('external-endpoints');
      expect(pod.securityContext).toEqual({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      const [container] = pod.containers;
      expect(container.image).toBe(`external-endpoints:${packageJson.version}`);
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    });

    it('contain a valid list', async () => {
      const path = stage.file(`${overlay}.yaml`, listIn(await rendered(overlay)));
      expect(await runCli(['validate', '--config', path])).toMatchObject({ code: 0, stderr: '' });
    });
  });

  /** The arguments of the Pod, in this process's place: the kubeconfig, and where Pods would find their own namespace. */
  async function argumentsOf(overlay: string): Promise<string[]> {
    const manifests = await rendered(overlay);
    const path = stage.file('mounted.yaml', listIn(manifests));
    const args = podOf(manifests).containers[0].args.map((each) =>
      each === '/etc/external-endpoints/targets.yaml' ? path : each,
    );
    return [...args, '--kubeconfig', asServiceAccount(), '--state-namespace', stage.namespace];
  }

  it('start `sync` as the CronJob does, and it publishes the list', async ({ skip }) => {
    if (stage.cluster.kind === 'existing') skip('nothing is installed on a cluster that is running');
    await apply(await rendered('cronjob'));
    const sync = (): Promise<Ended> => argumentsOf('cronjob').then((args) => runCli(args));
    const first = await sync();
    // Nobody answers at the address of the example.
    expect(first).toMatchObject({ code: 3, stderr: '' });
    expect(first.stdout).toContain('created Service, EndpointSlice, Endpoints');
    const second = await sync();
    expect(second.stdout).toContain('0 created, 0 updated, 0 deleted');
    expect(second.stderr).toBe('');
  });

  it('start `run` as the Deployment does, and it publishes the list', async ({ skip }) => {
    if (stage.cluster.kind === 'existing') skip('nothing is installed on a cluster that is running');
    await apply(await rendered('deployment'));
    const port = await freePort();
    const args = [...(await argumentsOf('deployment')), '--listen', `127.0.0.1:${port}`];
    await using run = new CliProcess(args);
    const ready = async () => {
      if (run.stderr.includes('Forbidden')) throw new Error(run.stderr);
      return fetch(`http://127.0.0.1:${port}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
    };
    await waitFor('the worker to be ready', ready);
    await waitFor('the worker to lead', () => run.stderr.includes('"Leading"'));
    run.kill('SIGTERM');
    const ended = await run.ended;
    expect(ended.code).toBe(0);
    expect(ended.stderr).not.toMatch(/Forbidden|"level":50/);
  });
});
