import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { ALL_CONTROLLERS } from '../../src/embedded/apiserver/controllers/controllers.ts';
import { type EmbeddedApiServer, startEmbeddedApiServer } from '../../src/embedded/apiserver/listener.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { systemRandom } from '../../src/io/system-random.ts';
import { ControlPlane, type ControlPlaneOptions } from './control-plane.ts';
import { waitFor } from './wait-for.ts';

/** A running cluster needs a while to empty namespaces. */
const NAMESPACE_GONE_WITHIN_MS = 60_000;

/** The API server that the environment names, for e2e tests. */
export interface TestCluster {
  /**
   * `existing` when `E2E_KUBECONFIG` names the kubeconfig of a running cluster, `envtest` when
   * `KUBEBUILDER_ASSETS` names a folder with etcd and kube-apiserver, else `embedded`.
   */
  readonly kind: 'embedded' | 'envtest' | 'existing';
  /** The current context of the kubeconfig. */
  readonly name: string;
  readonly kubeconfigPath: string;
  /** Whether mirroring, endpoints, garbage and namespace controllers run. */
  readonly hasControllers: boolean;
  /** The embedded server itself, for tests that make it fail; undefined for the others. */
  readonly embedded: EmbeddedApiServer | undefined;
  /** Creates a namespace for a test; `stop` deletes it. */
  createNamespace(prefix: string): Promise<string>;
  /**
   * Stops the API server, as a restart of its machine does. The result starts it again with all its objects. Undefined for
   * a running cluster.
   */
  readonly interrupt: (() => Promise<() => Promise<void>>) | undefined;
  /** Leaves no process, file or namespace behind. */
  stop(): Promise<void>;
}

export interface TestClusterOptions {
  /** False: only the API server. A running cluster always has its controllers. */
  readonly controllers?: boolean;
  /** Ranges of the cluster's Services, one for each family. A running cluster has its own. */
  readonly serviceCidrs?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
}

export async function startCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const { controllers = true, serviceCidrs = ['10.96.0.0/16'], environment = process.env } = options;
  const { E2E_KUBECONFIG: kubeconfigPath = '', KUBEBUILDER_ASSETS: assets = '' } = environment;
  if (kubeconfigPath !== '') return existingCluster(kubeconfigPath);
  return assets === ''
    ? await embeddedCluster(controllers, serviceCidrs)
    : await envtestCluster(assets, { controllers, serviceCidrs });
}

async function embeddedCluster(
  hasControllers: boolean,
  serviceCidrs: readonly string[],
): Promise<TestCluster> {
  const server = await startEmbeddedApiServer({ clock: systemClock, random: systemRandom, serviceCidrs });
  const controllers = new AbortController();
  if (hasControllers) server.core.startControllers({ controllers: ALL_CONTROLLERS }, controllers.signal);
  const directory = mkdtempSync(join(tmpdir(), 'external-endpoints-cluster-'));
  const kubeconfigPath = join(directory, 'kubeconfig');
  writeFileSync(kubeconfigPath, server.kubeconfig, { mode: 0o600 });
  const namespaces = new OwnNamespaces(kubeconfigPath);
  return {
    kind: 'embedded',
    name: namespaces.context,
    kubeconfigPath,
    hasControllers,
    embedded: server,
    createNamespace: (prefix) => namespaces.create(prefix),
    interrupt: async () => {
      await server.close();
      return () => server.reopen();
    },
    stop: async () => {
      controllers.abort();
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function envtestCluster(assets: string, options: ControlPlaneOptions): Promise<TestCluster> {
  const plane = await ControlPlane.start(assets, options);
  const namespaces = new OwnNamespaces(plane.kubeconfigPath);
  return {
    kind: 'envtest',
    name: namespaces.context,
    kubeconfigPath: plane.kubeconfigPath,
    hasControllers: plane.hasControllers,
    embedded: undefined,
    createNamespace: (prefix) => namespaces.create(prefix),
    interrupt: () => plane.interrupt(),
    stop: () => plane.stop(),
  };
}

function existingCluster(kubeconfigPath: string): TestCluster {
  const namespaces = new OwnNamespaces(kubeconfigPath);
  return {
    kind: 'existing',
    name: namespaces.context,
    kubeconfigPath,
    hasControllers: true,
    embedded: undefined,
    createNamespace: (prefix) => namespaces.create(prefix),
    interrupt: undefined,
    stop: () => namespaces.remove(),
  };
}

/** The namespaces that one run of the tests created. */
class OwnNamespaces {
  readonly context: string;
  readonly #api: CoreV1Api;
  readonly #names: string[] = [];

  constructor(kubeconfigPath: string) {
    const config = new KubeConfig();
    config.loadFromFile(kubeconfigPath);
    this.context = config.getCurrentContext();
    this.#api = config.makeApiClient(CoreV1Api);
  }

  async create(prefix: string): Promise<string> {
    const created = await this.#api.createNamespace({ body: { metadata: { generateName: `${prefix}-` } } });
    const name = created.metadata?.name;
    if (name === undefined) throw new Error('a namespace without a name was created');
    this.#names.push(name);
    return name;
  }

  async remove(): Promise<void> {
    const names = this.#names.splice(0);
    for (const name of names) await this.#api.deleteNamespace({ name });
    const areGone = async () => {
      const { items } = await this.#api.listNamespace();
      return !items.some(({ metadata }) => names.includes(metadata?.name ?? ''));
    };
    const options = { deadlineMs: NAMESPACE_GONE_WITHIN_MS, everyMs: 200 };
    if (names.length > 0) await waitFor(`namespaces to be gone: ${names.join(', ')}`, areGone, options);
  }
}
