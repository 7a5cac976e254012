import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Backend } from '../../src/embedded/backend.ts';
import { startDnsServer } from '../../src/embedded/dns-server.ts';
import { DnsZone } from '../../src/embedded/dns-zone.ts';
import type { DnsServerAddress } from '../../src/model/target.ts';
import { ip } from './addresses.ts';
import { TestAuthority } from './certificates.ts';
import { address } from './dns-resolver.ts';
import { startEmbeddedCluster } from './embedded-cluster.ts';
import { freePort } from './real-peer.ts';

/** What the program `heap-growth.ts` talks to. */
export interface HeapPeers {
  readonly dns: DnsServerAddress;
  readonly silentDns: DnsServerAddress;
  readonly closedDns: DnsServerAddress;
  /** Listeners on every address of this host. */
  readonly greeterPort: number;
  readonly hangingPort: number;
  readonly httpPort: number;
  readonly tlsPort: number;
  readonly closedPort: number;
  readonly kubeconfig: string;
}

/** One line of the program. */
export interface HeapGrowth {
  readonly what: string;
  readonly count: number;
  readonly grownBytes: number;
  readonly elapsedMs: number;
}

const PROGRAM = fileURLToPath(new URL('../programs/heap-growth.ts', import.meta.url));

/** Servers of every kind in this process, so that the program's heap holds its own side alone. */
export async function startHeapPeers(): Promise<HeapPeers & AsyncDisposable> {
  const everywhere = ip('0.0.0.0');
  const zone = new DnsZone('corp.test', 0);
  for (let at = 0; at < 50; at += 1) {
    zone.set(`name-${at}.corp.test`, [address(ip('10.0.0.1'), 0)]);
    const many = Array.from({ length: 100 }, (_, last) => address(ip(`10.0.1.${last}`), 0));
    zone.set(`large-${at}.corp.test`, many);
  }
  const [dns, silentDns, cluster, greeter, hanging] = await Promise.all([
    startDnsServer([zone]),
    startDnsServer([zone]),
    startEmbeddedCluster(),
    Backend.start(everywhere, { greeting: 'hello' }),
    Backend.start(everywhere),
  ]);
  silentDns.outage = 'silent';
  await hanging.become('hang');
  const directory = mkdtempSync(join(tmpdir(), 'external-endpoints-'));
  const { certFile, keyFile } = new TestAuthority(directory).issue('server', 'DNS:db.example', 30);
  const http = await listening(createServer((_request, response) => response.end('ok')));
  const tls = await listening(
    createTlsServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, (socket) =>
      socket.on('error', () => socket.destroy()).resume(),
    ),
  );
  return {
    dns: dns.address,
    silentDns: silentDns.address,
    closedDns: { ...dns.address, port: await freePort() },
    greeterPort: greeter.port,
    hangingPort: hanging.port,
    httpPort: portOf(http),
    tlsPort: portOf(tls),
    closedPort: await freePort('0.0.0.0'),
    kubeconfig: cluster.server.kubeconfig,
    async [Symbol.asyncDispose]() {
      const closed = [http, tls].map((server) => once(server, 'close'));
      for (const server of [http, tls]) server.close();
      await Promise.all([
        dns.close(),
        silentDns.close(),
        cluster.close(),
        greeter.stop(),
        hanging.stop(),
        ...closed,
      ]);
      rmSync(directory, { recursive: true });
    },
  };
}

export async function measureHeapGrowth(group: string, peers: HeapPeers): Promise<HeapGrowth[]> {
  const args = ['--expose-gc', PROGRAM, group, JSON.stringify(peers)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as HeapGrowth);
}

async function listening<T extends Server>(server: T): Promise<T> {
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
