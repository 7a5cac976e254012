import { parseResolvConf } from '../../src/dns/resolv-conf.ts';
import {
  type CountingResolver,
  createResolver,
  DEFAULT_RESOLVER_LIMITS,
  type ResolverLimits,
} from '../../src/dns/stub-resolver.ts';
import { createDnsTransport } from '../../src/io/dns-transport.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { systemRandom } from '../../src/io/system-random.ts';
import { freePort, RealPeer, run } from './real-peer.ts';

/** A resolver on the real network and clock. */
export function realResolver(limits: Partial<ResolverLimits> = {}): CountingResolver {
  return createResolver({
    transport: createDnsTransport(),
    clock: systemClock,
    random: systemRandom,
    systemConfig: () => parseResolvConf(''),
    systemHosts: () => new Map(),
    limits: { ...DEFAULT_RESOLVER_LIMITS, ...limits },
  });
}

/** Knot DNS as the authority for some zones. */
export class KnotServer implements AsyncDisposable {
  readonly port: number;
  readonly #zones: readonly string[];
  #peer = new RealPeer();
  #serial = 1;
  #records = new Map<string, readonly string[]>();

  static async start(...zones: readonly string[]): Promise<KnotServer> {
    for (let triesLeft = 4; ; triesLeft -= 1) {
      const server = new KnotServer(zones, await freePort());
      try {
        await server.#start();
        return server;
      } catch (error) {
        await server.stop();
        if (triesLeft === 0) throw error;
      }
    }
  }

  private constructor(zones: readonly string[], port: number) {
    this.#zones = zones;
    this.port = port;
  }

  /** Replaces the zone's records, in zone file format with names below the zone, and waits until the server has them. */
  publish(zone: string, ...records: readonly string[]): void {
    this.#serial += 1;
    this.#records.set(zone, records);
    this.#write(zone);
    this.#control('zone-reload', zone);
  }

  async stop(): Promise<void> {
    await this.#peer[Symbol.asyncDispose]();
  }

  /** Starts again at the same port with the same records. */
  async restart(): Promise<void> {
    this.#peer = new RealPeer();
    await this.#start();
  }

  async #start(): Promise<void> {
    for (const zone of this.#zones) this.#write(zone);
    const config = [
      'server:',
      `  listen: 127.0.0.1@${this.port}`,
      `  rundir: ${this.#peer.directory}`,
      'database:',
      `  storage: ${this.#peer.directory}`,
      'control:',
      `  listen: ${this.#peer.directory}/knot.sock`,
      'zone:',
      ...this.#zones.flatMap((zone) => [
        `  - domain: ${zone}`,
        `    storage: ${this.#peer.directory}`,
        `    file: ${zone}`,
        '    zonefile-load: whole',
        '    journal-content: none',
      ]),
    ];
    await this.#peer.start(
      'knotd',
      ['-c', this.#peer.file('knot.conf', `${config.join('\n')}\n`)],
      this.port,
    );
  }

  #write(zone: string): void {
    const head = [
      `$ORIGIN ${zone}.`,
      `@ 5 SOA ns hostmaster ${this.#serial} 60 60 600 1`,
      '@ 5 NS ns',
      'ns 5 A 127.0.0.1',
    ];
    this.#peer.file(zone, `${[...head, ...(this.#records.get(zone) ?? [])].join('\n')}\n`);
  }

  /** Blocking: when it returns, the server has the zone. */
  #control(...args: readonly string[]): void {
    run('knotc', '-s', `${this.#peer.directory}/knot.sock`, '-b', ...args);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** A server that forwards zones to other servers. */
export interface Recursor extends AsyncDisposable {
  readonly port: number;
}

/** A port that is free for TCP may be in use for UDP by a query: then another port is tried. */
async function startSomewhere(start: (peer: RealPeer, port: number) => Promise<void>): Promise<Recursor> {
  for (let triesLeft = 4; ; triesLeft -= 1) {
    const port = await freePort();
    const peer = new RealPeer();
    try {
      await start(peer, port);
      return { port, [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose]() };
    } catch (error) {
      await peer[Symbol.asyncDispose]();
      if (triesLeft === 0) throw error;
    }
  }
}

export function startUnbound(authorities: Readonly<Record<string, number>>): Promise<Recursor> {
  return startSomewhere((peer, port) => unboundAt(peer, port, authorities));
}

async function unboundAt(
  peer: RealPeer,
  port: number,
  authorities: Readonly<Record<string, number>>,
): Promise<void> {
  const config = [
    'server:',
    `  interface: 127.0.0.1@${port}`,
    '  do-daemonize: no',
    '  use-syslog: no',
    '  username: ""',
    '  chroot: ""',
    `  directory: "${peer.directory}"`,
    '  pidfile: ""',
    '  module-config: "iterator"',
    '  do-not-query-localhost: no',
    '  infra-host-ttl: 1',
    '  cache-max-negative-ttl: 1',
    'remote-control:',
    '  control-enable: no',
    ...Object.entries(authorities).flatMap(([zone, at]) => [
      'stub-zone:',
      `  name: "${zone}"`,
      `  stub-addr: 127.0.0.1@${at}`,
    ]),
  ];
  await peer.start('unbound', ['-d', '-p', '-c', peer.file('unbound.conf', `${config.join('\n')}\n`)], port);
}

/**
 * A forwarder with a cache. It takes a reply that ends in a CNAME as complete, so it needs a recursor behind it, not an
 * authority.
 */
export function startDnsmasq(recursorPort: number): Promise<Recursor> {
  return startSomewhere((peer, port) => dnsmasqAt(peer, port, recursorPort));
}

async function dnsmasqAt(peer: RealPeer, port: number, recursorPort: number): Promise<void> {
  const args = [
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    '--no-resolv',
    '--no-hosts',
    '--bind-interfaces',
    '--listen-address=127.0.0.1',
    `--port=${port}`,
    `--pid-file=${peer.directory}/pid`,
    '--user=root',
    '--log-facility=-',
    `--server=127.0.0.1#${recursorPort}`,
  ];
  await peer.start('dnsmasq', args, port);
}
