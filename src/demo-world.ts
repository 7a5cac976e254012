import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import type { Cluster } from './cli/cluster.ts';
import type { DemoWorld } from './cli/context.ts';
import { parseResolvConf } from './dns/resolv-conf.ts';
import { createResolver, DEFAULT_RESOLVER_LIMITS } from './dns/stub-resolver.ts';
import { ALL_CONTROLLERS } from './embedded/apiserver/controllers/controllers.ts';
import { startEmbeddedApiServer } from './embedded/apiserver/listener.ts';
import { Backend } from './embedded/backend.ts';
import { startDnsServer } from './embedded/dns-server.ts';
import { DnsZone } from './embedded/dns-zone.ts';
import type { Dialer, DialRequest } from './health/dialer.ts';
import { proberOver } from './health/probe.ts';
import { createDnsTransport } from './io/dns-transport.ts';
import { cpuTimeOfProcess, systemClock } from './io/system-clock.ts';
import { systemRandom } from './io/system-random.ts';
import { TcpDialer } from './io/tcp-dialer.ts';
import type { IpAddress } from './model/ip-address.ts';

const LOOPBACK = '127.0.0.1' as IpAddress;
const BACKENDS = [
  '192.0.2.10',
  '192.0.2.11',
  '192.0.2.12',
  '192.0.2.20',
  '192.0.2.21',
  '192.0.2.30',
] as const;
const TTL_SECONDS = 1;

/** Starts the demo's API server, DNS server and backends. */
export async function startDemoWorld(
  connect: (load: () => KubeConfig, place: { instance: string; stateNamespace: string }) => Promise<Cluster>,
): Promise<DemoWorld> {
  const zone = new DnsZone('corp.example', TTL_SECONDS);
  const setRecord = (name: string, address: string) =>
    zone.set(name, [{ type: 'A', address: address as IpAddress, ttlSeconds: TTL_SECONDS }]);
  setRecord('replica.db.corp.example', '192.0.2.12');
  setRecord('ldap.corp.example', '192.0.2.20');
  const dns = await startDnsServer([zone]);
  const backends = new Map<string, Backend>();
  for (const address of BACKENDS) backends.set(address, await Backend.start(LOOPBACK));
  const server = await startEmbeddedApiServer({ clock: systemClock, random: systemRandom });
  const ending = new AbortController();
  server.core.startControllers({ controllers: ALL_CONTROLLERS }, ending.signal);
  const load = () => {
    const config = new KubeConfig();
    config.loadFromString(server.kubeconfig);
    return config;
  };
  const cluster = await connect(load, { instance: 'demo', stateNamespace: 'default' });
  const listeners = new Map(
    [...backends].map(([address, { port }]) => [address as IpAddress, { address: LOOPBACK, port }]),
  );
  const directories: string[] = [];
  const backend = (address: string): Backend => {
    const found = backends.get(address);
    if (found === undefined) throw new Error(`the demo has no backend ${address}`);
    return found;
  };
  return {
    cluster,
    listText: listText(dns.address.port),
    addresses: [...listeners].map(([documented, { address, port }]) => ({
      documented,
      listener: `${address}:${port}`,
    })),
    prober: proberOver(mappedDialer(new TcpDialer(systemClock), listeners), systemClock, cpuTimeOfProcess),
    newResolver: () =>
      createResolver({
        transport: createDnsTransport(),
        clock: systemClock,
        random: systemRandom,
        systemConfig: () => parseResolvConf(''),
        systemHosts: () => new Map(),
        limits: DEFAULT_RESOLVER_LIMITS,
      }),
    stopBackend: (address) => backend(address).become('refuse'),
    startBackend: (address) => backend(address).become('accept'),
    moveRecord: setRecord,
    async writeKubeconfig() {
      const directory = await mkdtemp(join(tmpdir(), 'external-endpoints-demo-'));
      directories.push(directory);
      const path = join(directory, 'kubeconfig');
      await writeFile(path, server.kubeconfig, { mode: 0o600 });
      return path;
    },
    async close() {
      ending.abort();
      await cluster.close();
      await Promise.all([server.close(), dns.close(), ...[...backends.values()].map((each) => each.stop())]);
      await Promise.all(directories.map((directory) => rm(directory, { recursive: true })));
    },
  };
}

function listText(dnsPort: number): string {
  return `apiVersion: external-endpoints/v1
kind: TargetList
metadata: { name: demo }
defaults:
  namespace: default
  healthCheck: { interval: 2s, fastInterval: 200ms, timeout: 1s }
  dns: { servers: ["127.0.0.1:${dnsPort}"], hold: { obsolete: 0s } }
targets:
  - name: orders-db
    ports: [{ name: postgres, port: 5432, targetPort: 6432 }]
    endpoints:
      - address: 192.0.2.10
      - address: 192.0.2.11
      - host: replica.db.corp.example
  - name: ldap
    ports: [{ name: ldaps, port: 636 }]
    endpoints: [{ host: ldap.corp.example }]
  - name: mainframe
    ports: [{ name: tn3270, port: 23, targetPort: 992 }]
    endpoints: [{ address: 192.0.2.30 }]
`;
}

/**
 * Maps connections to documentation addresses (RFC 5737) to listeners on loopback, because the API server rejects
 * loopback addresses as endpoints. Other addresses are dialled directly.
 */
function mappedDialer(
  dialer: Dialer,
  listeners: ReadonlyMap<IpAddress, { readonly address: IpAddress; readonly port: number }>,
): Dialer {
  const mapped = (request: DialRequest) => {
    const listener = listeners.get(request.address);
    return listener === undefined ? request : { ...request, ...listener };
  };
  return {
    dial: (request, signal) => dialer.dial(mapped(request), signal),
    reach: (request, signal) => dialer.reach(mapped(request), signal),
  };
}
