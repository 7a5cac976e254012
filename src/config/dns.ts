import type * as z from 'zod';
import { parseIpAddress } from '../model/ip-address.ts';
import type { DnsServerAddress, DnsSettings } from '../model/target.ts';
import { flag, listOf, type RuleProblem, ruledText, section, wholeNumber } from './field.ts';
import type { Report } from './field-rules.ts';
import { uniqueBy } from './field-rules.ts';
import { quoted } from './problem.ts';
import { durationField, durationMs } from './quantities.ts';

const MAX_SERVERS = 8;
const DNS_PORT = 53;
const DEFAULTS = { timeout: '2s', attempts: 3, minTTL: '5s', maxTTL: '5m' } as const;
const HOLD_DEFAULTS = { obsolete: '30s', notFound: '5m', failure: 'forever' } as const;

const serverSchema = ruledText(
  {
    description: 'ADDRESS or ADDRESS:PORT. An IPv6 address with a port is written in brackets.',
    expected: 'a DNS server such as 10.0.0.53 or "[fd00::53]:5353"',
    maxLength: 72,
  },
  serverRule,
);

const holdSchema = section(
  {
    obsolete: durationField({
      description: 'How long an address is kept after it left the DNS answer, while it is healthy.',
      default: HOLD_DEFAULTS.obsolete,
      min: '0s',
      max: '168h',
    }).optional(),
    notFound: durationField({
      description: 'How long the last known addresses are kept after NXDOMAIN or NODATA.',
      default: HOLD_DEFAULTS.notFound,
      min: '0s',
      max: '168h',
      forever: true,
    }).optional(),
    failure: durationField({
      description:
        'How long the last known addresses are kept after SERVFAIL, REFUSED, a timeout or a malformed answer.',
      default: HOLD_DEFAULTS.failure,
      min: '0s',
      max: '168h',
      forever: true,
    }).optional(),
  },
  { id: 'Hold', description: 'How long addresses are kept after DNS no longer returns them, by cause.' },
);

export const dnsSchema = section(
  {
    servers: listOf(serverSchema, {
      description: 'DNS servers to query.',
      otherwise: "the servers of the system's resolv.conf, which is read again when it changes",
      examples: [['10.0.0.53', '[fd00::53]:5353']],
      max: MAX_SERVERS,
      of: 'DNS servers',
    })
      .superRefine(uniqueBy(serverKey))
      .optional(),
    timeout: durationField({
      description:
        "Time limit for one query to one server. With the system's servers, `options timeout` of resolv.conf replaces the default.",
      default: DEFAULTS.timeout,
      min: '10ms',
      max: '60s',
    }).optional(),
    attempts: wholeNumber({
      description:
        "Number of queries in total, over all servers. With the system's servers, `options attempts` of resolv.conf (rounds over all servers) replaces the default.",
      default: DEFAULTS.attempts,
      min: 1,
      max: 10,
    }).optional(),
    minTTL: durationField({
      description: 'Shortest time between two queries for a name, even if its TTL is shorter.',
      default: DEFAULTS.minTTL,
      min: '100ms',
      max: '24h',
    }).optional(),
    maxTTL: durationField({
      description: 'Longest time between two queries for a name, even if its TTL is longer.',
      default: DEFAULTS.maxTTL,
      min: '100ms',
      max: '168h',
    }).optional(),
    hosts: flag({
      description: "Whether to read the system's hosts file before querying a server.",
      default: false,
    }).optional(),
    hold: holdSchema.optional(),
  },
  { id: 'Dns', description: 'How DNS names are resolved.' },
);

type WrittenDns = z.infer<typeof dnsSchema>;

function parseServer(text: string): DnsServerAddress | undefined {
  const match = /^\[(.+)\](?::(\d{1,5}))?$/.exec(text) ?? /^([\d.]+):(\d{1,5})$/.exec(text);
  const address = parseIpAddress(match?.[1] ?? text);
  const port = Number(match?.[2] ?? DNS_PORT);
  return address === undefined || port < 1 || port > 65535 ? undefined : { address, port };
}

function serverKey(text: string): string | undefined {
  const server = parseServer(text);
  return server === undefined ? undefined : `${server.address} port ${server.port}`;
}

function serverRule(text: string): RuleProblem | undefined {
  if (parseServer(text) !== undefined) return undefined;
  const message = `${quoted(text)} is not the address of a DNS server`;
  return /[a-z]/i.test(text) && !text.includes(':')
    ? { message, hint: 'write the IP address of the server, not its name' }
    : { message };
}

/** A default never contradicts a written value: with `maxTTL: 2s` alone, `minTTL` is 2s too. */
export function dnsFrom(written: WrittenDns | undefined, report: Report): DnsSettings {
  const minWritten = written?.minTTL;
  const maxWritten = written?.maxTTL;
  const minTtlMs = minWritten === undefined ? defaultMin(maxWritten) : durationMs(minWritten);
  const maxTtlMs = maxWritten === undefined ? defaultMax(minTtlMs) : durationMs(maxWritten);
  if (minTtlMs > maxTtlMs) {
    report(['dns', 'minTTL'], {
      message: `minTTL ${minWritten} is more than maxTTL ${maxWritten}`,
      expected: `at most ${maxWritten}`,
    });
  }
  return {
    servers: (written?.servers ?? []).map(checkedServer),
    // Omitted when not written, so that the resolver can apply the options of resolv.conf.
    ...(written?.timeout === undefined ? {} : { timeoutMs: durationMs(written.timeout) }),
    ...(written?.attempts === undefined ? {} : { attempts: written.attempts }),
    minTtlMs,
    maxTtlMs,
    hosts: written?.hosts ?? false,
    hold: {
      obsoleteMs: durationMs(written?.hold?.obsolete ?? HOLD_DEFAULTS.obsolete),
      notFoundMs: durationMs(written?.hold?.notFound ?? HOLD_DEFAULTS.notFound),
      failureMs: durationMs(written?.hold?.failure ?? HOLD_DEFAULTS.failure),
    },
  };
}

function defaultMin(max: string | undefined): number {
  return Math.min(
    durationMs(DEFAULTS.minTTL),
    max === undefined ? Number.POSITIVE_INFINITY : durationMs(max),
  );
}

function defaultMax(minTtlMs: number): number {
  return Math.max(durationMs(DEFAULTS.maxTTL), minTtlMs);
}

function checkedServer(text: string): DnsServerAddress {
  const server = parseServer(text);
  if (server === undefined) throw new Error(`the schema accepted an invalid DNS server: ${text}`);
  return server;
}
