import type { HostsTable } from '../../src/dns/hosts-file.ts';
import type { NameResolution, Resolution } from '../../src/dns/resolution.ts';
import type { SystemDnsConfig } from '../../src/dns/resolv-conf.ts';
import { parseResolvConf } from '../../src/dns/resolv-conf.ts';
import {
  type CountingResolver,
  createResolver,
  DEFAULT_RESOLVER_LIMITS,
  type ResolverLimits,
} from '../../src/dns/stub-resolver.ts';
import { DnsZone, type ZoneRecord } from '../../src/embedded/dns-zone.ts';
import { type Hostname, isHostname, parseHostname } from '../../src/model/hostname.ts';
import type { DnsSettings } from '../../src/model/target.ts';
import { ip } from './addresses.ts';
import { DnsNetwork, serverAt, servingZones } from './dns-network.ts';
import { ManualClock } from './manual-clock.ts';
import { seededRandom } from './seeded-random.ts';

export const SERVER = serverAt('10.0.0.53');

export const DNS_SETTINGS: DnsSettings = {
  servers: [SERVER],
  minTtlMs: 5_000,
  maxTtlMs: 300_000,
  hosts: false,
  hold: { obsoleteMs: 30_000, notFoundMs: 300_000, failureMs: Number.POSITIVE_INFINITY },
};

/** A resolver on a simulated clock and network, with one authority for `example.test`. */
export class ResolverBench {
  readonly clock = new ManualClock();
  readonly network = new DnsNetwork(this.clock);
  readonly zone = new DnsZone('example.test', 60);
  readonly resolver: CountingResolver;
  readonly signal = new AbortController().signal;
  system: SystemDnsConfig = parseResolvConf('nameserver 10.0.0.53');
  hosts: HostsTable = new Map();

  constructor(limits: Partial<ResolverLimits> = {}) {
    this.network.set(SERVER, servingZones(this.zone));
    this.resolver = createResolver({
      transport: this.network,
      clock: this.clock,
      random: seededRandom(1),
      systemConfig: () => this.system,
      systemHosts: () => this.hosts,
      limits: { ...DEFAULT_RESOLVER_LIMITS, ...limits },
    });
  }

  resolve(name: string, settings: Partial<DnsSettings> = {}): Promise<NameResolution> {
    const source = name.startsWith('_')
      ? ({ kind: 'srv', srv: host(name) } as const)
      : ({ kind: 'host', host: host(name) } as const);
    const resolving = this.resolver.resolve(source, { ...DNS_SETTINGS, ...settings }, this.signal);
    return this.clock.advanceUntil(resolving);
  }
}

export function host(text: string): Hostname {
  const parsed = parseHostname(text);
  if (!isHostname(parsed)) throw new Error(`${text} is no hostname: ${parsed}`);
  return parsed;
}

/** An A or AAAA record, by the family of the address. */
export function address(text: string, ttlSeconds = 60): ZoneRecord {
  return { type: text.includes(':') ? 'AAAA' : 'A', address: ip(text), ttlSeconds };
}

export function cname(target: string, ttlSeconds = 60): ZoneRecord {
  return { type: 'CNAME', target: host(target), ttlSeconds };
}

export function srv(target: string, port: number, priority = 0, weight = 1, ttlSeconds = 60): ZoneRecord {
  return { type: 'SRV', priority, weight, port, target: host(target), ttlSeconds };
}

/** A resolution in one line: `10.0.0.1 10.0.0.2`, or the reason why there is none. */
export function inShort(resolution: Resolution): string {
  if (resolution.outcome !== 'resolved') return resolution.reason;
  return resolution.answers
    .map(({ address, port, priority, drained }) => {
      if (port === undefined) return address;
      return `${address}:${port}/${priority}${drained === true ? ' drained' : ''}`;
    })
    .join(' ');
}
