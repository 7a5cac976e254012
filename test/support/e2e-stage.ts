import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoreV1Api, DiscoveryV1Api, KubeConfig, type V1EndpointSlice } from '@kubernetes/client-node';
import { Backend } from '../../src/embedded/backend.ts';
import { type EmbeddedDnsServer, startDnsServer } from '../../src/embedded/dns-server.ts';
import { DnsZone } from '../../src/embedded/dns-zone.ts';
import type { SyncReport } from '../../src/sync/sync-report.ts';
import { ip } from './addresses.ts';
import { BackendAddresses } from './backend-address.ts';
import { CliProcess, type Ended, runCli } from './cli-process.ts';
import { startCluster, type TestCluster, type TestClusterOptions } from './cluster.ts';
import { address } from './dns-resolver.ts';
import { freePort } from './real-peer.ts';

/** The defaults of all lists of the tests: fast checks, and the stage's own DNS server. */
const QUICK = 'healthCheck: { interval: 2s, fastInterval: 50ms, timeout: 1s }';

/** A cluster, a namespace in it, a DNS zone and backends that a list can name. */
export class Stage implements AsyncDisposable {
  readonly cluster: TestCluster;
  readonly namespace: string;
  readonly zone = new DnsZone('corp.test', 1);
  readonly dns: EmbeddedDnsServer;
  /** All backends listen on this port, each on an address of its own. */
  readonly port: number;
  readonly core: CoreV1Api;
  readonly discovery: DiscoveryV1Api;
  readonly #addresses = new BackendAddresses();
  readonly #backends: Backend[] = [];
  readonly #directory = mkdtempSync(join(tmpdir(), 'external-endpoints-e2e-'));

  private constructor(cluster: TestCluster, namespace: string, port: number, dns: EmbeddedDnsServer) {
    this.cluster = cluster;
    this.namespace = namespace;
    this.port = port;
    this.dns = dns;
    const config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfigPath);
    this.core = config.makeApiClient(CoreV1Api);
    this.discovery = config.makeApiClient(DiscoveryV1Api);
  }

  static async start(prefix: string, options: Pick<TestClusterOptions, 'controllers'> = {}): Promise<Stage> {
    const cluster = await startCluster(options);
    const namespace = await cluster.createNamespace(prefix);
    const zones: DnsZone[] = [];
    const stage = new Stage(cluster, namespace, await freePort('0.0.0.0'), await startDnsServer(zones));
    zones.push(stage.zone);
    return stage;
  }

  async newBackend(): Promise<Backend> {
    const backend = await Backend.start(ip(this.#addresses.take()), { port: this.port });
    this.#backends.push(backend);
    return backend;
  }

  /** Sets the records of `name`.corp.test to these backends; without backends the name has no address. */
  point(name: string, ...backends: readonly Backend[]): void {
    const records = backends.map((backend) => address(backend.address, 1));
    this.zone.set(`${name}.corp.test`, records);
  }

  file(name: string, text: string): string {
    const path = join(this.#directory, name);
    writeFileSync(path, text);
    return path;
  }

  /** Writes a list with these targets, with `NS` and `PORT` replaced. Returns its path. */
  list(name: string, targets: string, { dns = '', guards = '' } = {}): string {
    const { address: server, port } = this.dns.address;
    const dnsServer = `servers: ["${server}:${port}"], timeout: 500ms, attempts: 2`;
    const text = `apiVersion: external-endpoints/v1
kind: TargetList
metadata: { name: stage }
defaults:
  namespace: ${this.namespace}
  ${QUICK}
  dns: { ${dnsServer}${dns === '' ? '' : `, ${dns}`} }
${guards === '' ? '' : `guards: { ${guards} }\n`}targets:
${targets}`;
    return this.file(name, text.replaceAll('PORT', String(this.port)));
  }

  /** Flags for a state and an instance of the stage's own, so that stages do not share objects. */
  arguments(command: string, list: string, more: readonly string[] = []): string[] {
    const namespace = this.namespace;
    const place = ['--instance', namespace, '--state-namespace', namespace];
    return [command, '--config', list, '--kubeconfig', this.cluster.kubeconfigPath, ...place, ...more];
  }

  run(command: string, list: string, ...more: string[]): Promise<Ended> {
    return runCli(this.arguments(command, list, more));
  }

  start(command: string, list: string, ...more: string[]): CliProcess {
    return new CliProcess(this.arguments(command, list, more));
  }

  /** The same with `-o json`, parsed. */
  async report(
    command: 'sync' | 'plan',
    list: string,
    ...more: string[]
  ): Promise<SyncReport & { readonly code: number | undefined }> {
    const ended = await this.run(command, list, '-o', 'json', ...more);
    if (!ended.stdout.startsWith('{')) throw new Error(`${ended.code}: ${ended.stderr}`);
    return { ...(JSON.parse(ended.stdout) as SyncReport), code: ended.code };
  }

  async slicesOf(service: string): Promise<V1EndpointSlice[]> {
    const { items } = await this.discovery.listNamespacedEndpointSlice({
      namespace: this.namespace,
      labelSelector: `kubernetes.io/service-name=${service}`,
    });
    return items;
  }

  /** `{ '198.18.0.1': true }`: readiness by address, over all slices of the Service. */
  async served(service: string): Promise<Record<string, boolean | undefined>> {
    const endpoints = (await this.slicesOf(service)).flatMap((slice) => slice.endpoints ?? []);
    return Object.fromEntries(
      endpoints.map(({ addresses, conditions }) => [addresses[0] ?? '', conditions?.ready]),
    );
  }

  /** All our objects in the namespace with their versions: if they are equal later, nothing was written. */
  async versions(): Promise<Record<string, string | undefined>> {
    const namespace = this.namespace;
    const lists = await Promise.all([
      this.core.listNamespacedService({ namespace }),
      this.core.listNamespacedEndpoints({ namespace }),
      this.discovery.listNamespacedEndpointSlice({ namespace }),
      this.core.listNamespacedConfigMap({ namespace }),
    ]);
    const kinds = ['Service', 'Endpoints', 'EndpointSlice', 'ConfigMap'];
    return Object.fromEntries(
      lists.flatMap(({ items }, at) =>
        items.map(({ metadata }) => [`${kinds[at]} ${metadata?.name}`, metadata?.resourceVersion]),
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const backend of this.#backends) await backend.stop();
    this.#addresses[Symbol.dispose]();
    await this.dns.close();
    await this.cluster.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
