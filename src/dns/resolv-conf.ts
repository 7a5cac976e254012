import { type Hostname, isHostname, parseHostname } from '../model/hostname.ts';
import { parseIpAddress } from '../model/ip-address.ts';
import type { DnsServerAddress } from '../model/target.ts';

/** The DNS settings of the machine, in the terms of resolv.conf(5). */
export interface SystemDnsConfig {
  readonly servers: readonly DnsServerAddress[];
  readonly search: readonly Hostname[];
  /** A name with at least this many dots is first queried as written. */
  readonly ndots: number;
  /** The time-out of one try at one server; undefined if the file does not set it. */
  readonly timeoutMs: number | undefined;
  /** How many rounds over all servers; undefined if the file does not set it. */
  readonly rounds: number | undefined;
  readonly rotate: boolean;
  readonly useTcp: boolean;
  readonly noAaaa: boolean;
}

/** glibc reads three. More are harmless, but a file must not decide how long a lookup can take. */
const MAX_SERVERS = 8;
const MAX_SEARCH_DOMAINS = 32;

/** glibc's caps (resolv/resolv.h: RES_MAXNDOTS, RES_MAXRETRANS, RES_MAXRETRY). */
const MAX_NDOTS = 15;
const MAX_TIMEOUT_SECONDS = 30;
const MAX_ROUNDS = 5;

const DNS_PORT = 53;

/**
 * Reads resolv.conf as glibc does: the last `search` or `domain` line counts, unknown words are ignored, and without
 * a `nameserver` line the local server is used. IPv6 servers may be written `[fd00::53]:5353`.
 */
export function parseResolvConf(text: string): SystemDnsConfig {
  const lines = text.split(/\r?\n/).map(words);
  const servers = lines
    .filter(([keyword]) => keyword === 'nameserver')
    .map(([, address = '']) => parseServer(address))
    .filter((server) => server !== undefined)
    .slice(0, MAX_SERVERS);
  const [, ...domains] = lines.findLast(([keyword]) => keyword === 'search' || keyword === 'domain') ?? [];
  const options = readOptions(lines);
  const timeoutSeconds = readNumber(options.get('timeout'), MAX_TIMEOUT_SECONDS);
  return {
    servers: servers.length > 0 ? servers : [{ address: LOCAL_SERVER, port: DNS_PORT }],
    search: readDomains(domains),
    ndots: readNumber(options.get('ndots'), MAX_NDOTS) ?? 1,
    timeoutMs: timeoutSeconds === undefined ? undefined : Math.max(1, timeoutSeconds) * 1000,
    rounds: readNumber(options.get('attempts'), MAX_ROUNDS),
    rotate: options.has('rotate'),
    useTcp: options.has('use-vc'),
    noAaaa: options.has('no-aaaa'),
  };
}

function words(line: string): string[] {
  const comment = /^\s*[#;]|\s[#;]/.exec(line);
  const text = comment === null ? line : line.slice(0, comment.index);
  return text.split(/\s+/).filter((word) => word !== '');
}

/** All `options` lines count. Of a repeated option the last one counts. */
function readOptions(lines: readonly (readonly string[])[]): ReadonlyMap<string, string> {
  const options = new Map<string, string>();
  for (const [keyword, ...values] of lines) {
    if (keyword !== 'options') continue;
    for (const value of values) {
      const [name = '', argument = ''] = value.split(':', 2);
      options.set(name, argument);
    }
  }
  return options;
}

const LOCAL_SERVER = '127.0.0.1' as DnsServerAddress['address'];

function parseServer(text: string): DnsServerAddress | undefined {
  const bracketed = /^\[([^\]]+)\]:(\d{1,5})$/.exec(text);
  const address = parseIpAddress(bracketed?.[1] ?? text);
  const port = bracketed === null ? DNS_PORT : Number(bracketed[2]);
  if (address === undefined || port < 1 || port > 65_535) return undefined;
  return { address, port };
}

/** `search .` is the root, which adds nothing to a name. */
function readDomains(words: readonly string[]): readonly Hostname[] {
  const domains = words.map((word) => parseHostname(word.replace(/\.$/, ''))).filter(isHostname);
  return [...new Set(domains)].slice(0, MAX_SEARCH_DOMAINS);
}

function readNumber(text: string | undefined, max: number): number | undefined {
  if (text === undefined || !/^\d{1,9}$/.test(text)) return undefined;
  return Math.min(Number(text), max);
}
