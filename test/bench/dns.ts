import { type ChildProcess, fork } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { parseResolvConf } from '../../src/dns/resolv-conf.ts';
import { createResolver, DEFAULT_RESOLVER_LIMITS } from '../../src/dns/stub-resolver.ts';
import { createDnsTransport } from '../../src/io/dns-transport.ts';
import { OncePerTurn } from '../../src/io/once-per-turn.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { systemRandom } from '../../src/io/system-random.ts';
import { isHostname, parseHostname } from '../../src/model/hostname.ts';
import type { DnsSettings } from '../../src/model/target.ts';
import { serverAt } from '../support/dns-network.ts';

/**
 * Queries a second and CPU a query of the resolver, and of Node's own (c-ares) in the same run, against the same
 * server on loopback. Both do the same number of queries with as many in flight; ours asks for A and AAAA of half
 * as many names. They take turns in short rounds, each first in every other pair, and what is compared is the two
 * rounds of a pair: whatever else the machine does meanwhile, it does to both. One line of JSON.
 * `node test/bench/dns.ts [--smoke]`.
 */
const IS_SMOKE = process.argv.includes('--smoke');
const QUERIES = IS_SMOKE ? 4_000 : 40_000;
const PAIRS = IS_SMOKE ? 1 : 20;
const WARM_UP_PAIRS = IS_SMOKE ? 0 : 4;
const IN_FLIGHT = 128;

/** Asked for again and again, as a worker does; too many to be asked for twice within the least TTL, 100 ms. */
const NAMES = Array.from({ length: 10_000 }, (_, index) => `host-${index}.bench.example`);

if (process.argv.includes('--server')) serve();
else await measure();

/**
 * Answers every A and AAAA question with one address. A process of its own, so that its CPU time does not count;
 * and cheap, because a client that waits for the server measures the server.
 */
function serve(): void {
  const socket = createSocket({
    type: 'udp4',
    lookup: (host, _options, callback) => callback(null, host, 4),
  });
  const answers = new Map([
    [1, Buffer.from('c00c000100010000003c00040a000001', 'hex')],
    [28, Buffer.from('c00c001c00010000003c0010fd000000000000000000000000000001', 'hex')],
  ]);
  const answering = new OncePerTurn<{ query: Buffer; port: number }>((queries) => {
    for (const { query, port } of queries) {
      const end = query.indexOf(0, 12) + 5;
      const answer = answers.get(query.readUInt16BE(end - 4)) ?? Buffer.alloc(0);
      const reply = Buffer.allocUnsafe(end + answer.length);
      query.copy(reply, 0, 0, end);
      answer.copy(reply, end);
      reply.writeUInt16BE(0x8180, 2);
      reply.writeUInt16BE(1, 6);
      reply.writeUInt16BE(0, 10);
      socket.send(reply, port, '127.0.0.1');
    }
  });
  socket.on('message', (query, { port }) => answering.add({ query, port }));
  socket.bind(0, '127.0.0.1', () => process.send?.(socket.address().port));
}

interface Figures {
  readonly queriesPerSecond: number;
  readonly cpuMicrosPerQuery: number;
}

async function measure(): Promise<void> {
  const child = fork(import.meta.filename, ['--server']);
  try {
    const [port] = (await once(child, 'message')) as [number];
    await compare(port, child);
  } finally {
    child.kill();
  }
}

interface Pair {
  readonly ours: Figures;
  readonly anchor: Figures;
}

async function compare(port: number, child: ChildProcess): Promise<void> {
  const ours = ourQueries(port);
  const anchor = nodeQueries(port);
  const pairs: Pair[] = [];
  for (let index = 0; index < WARM_UP_PAIRS + PAIRS; index += 1) {
    if (child.exitCode !== null) throw new Error('the server has ended');
    const pair = index % 2 === 0 ? await measurePair(ours, anchor) : swapped(await measurePair(anchor, ours));
    if (index >= WARM_UP_PAIRS) pairs.push(pair);
  }
  console.log(
    JSON.stringify({
      bench: 'dns',
      case: `${QUERIES} queries a round, ${IN_FLIGHT} in flight, ${PAIRS} pairs of rounds`,
      ...medians(pairs.map((pair) => pair.ours)),
      anchor: { name: 'node:dns Resolver.resolve4', ...medians(pairs.map((pair) => pair.anchor)) },
      timesAsManyQueriesPerSecond: spread(
        pairs.map((pair) => pair.ours.queriesPerSecond / pair.anchor.queriesPerSecond),
      ),
      timesAsMuchCpuPerQuery: spread(
        pairs.map((pair) => pair.ours.cpuMicrosPerQuery / pair.anchor.cpuMicrosPerQuery),
      ),
    }),
  );
}

async function measurePair(first: Queries, second: Queries): Promise<Pair> {
  return { ours: await time(first), anchor: await time(second) };
}

function swapped({ ours, anchor }: Pair): Pair {
  return { ours: anchor, anchor: ours };
}

/** Sends all queries of the round. */
type Queries = () => Promise<void>;

function ourQueries(port: number): Queries {
  const resolver = createResolver({
    transport: createDnsTransport(),
    clock: systemClock,
    random: systemRandom,
    systemConfig: () => parseResolvConf(''),
    systemHosts: () => new Map(),
    limits: DEFAULT_RESOLVER_LIMITS,
  });
  const settings: DnsSettings = {
    servers: [serverAt('127.0.0.1', port)],
    minTtlMs: 100,
    maxTtlMs: 100,
    hosts: false,
    hold: { obsoleteMs: 0, notFoundMs: 0, failureMs: 0 },
  };
  const sources = NAMES.map(parseHostname)
    .filter(isHostname)
    .map((host) => ({ kind: 'host', host }) as const);
  const { signal } = new AbortController();
  return async () => {
    const before = resolver.counters.queries;
    await inParallel(QUERIES / 2, IN_FLIGHT / 2, async (index) => {
      const source = sources[index % sources.length];
      if (source === undefined) throw new Error('there are names');
      const { resolution } = await resolver.resolveTimed(source, settings, signal);
      if (resolution.IPv4.outcome !== 'resolved' || resolution.IPv6.outcome !== 'resolved') {
        throw new Error(`did not resolve: ${JSON.stringify(resolution)}`);
      }
    });
    const asked = resolver.counters.queries - before;
    if (asked !== QUERIES) throw new Error(`asked ${asked} queries instead of ${QUERIES}`);
  };
}

function nodeQueries(port: number): Queries {
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${port}`]);
  return () =>
    inParallel(QUERIES, IN_FLIGHT, async (index) => {
      await resolver.resolve4(NAMES[index % NAMES.length] ?? '');
    });
}

async function inParallel(
  count: number,
  width: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const run = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: width }, run));
}

async function time(queries: Queries): Promise<Figures> {
  const startedAt = performance.now();
  const cpuBefore = process.cpuUsage();
  await queries();
  const cpu = process.cpuUsage(cpuBefore);
  const seconds = (performance.now() - startedAt) / 1000;
  return { queriesPerSecond: QUERIES / seconds, cpuMicrosPerQuery: (cpu.user + cpu.system) / QUERIES };
}

function medians(figures: readonly Figures[]): Figures {
  return {
    queriesPerSecond: Math.round(
      quantile(
        0.5,
        figures.map((each) => each.queriesPerSecond),
      ),
    ),
    cpuMicrosPerQuery: rounded(
      quantile(
        0.5,
        figures.map((each) => each.cpuMicrosPerQuery),
      ),
    ),
  };
}

/** Half of the pairs lie between the quartiles. */
function spread(ratios: readonly number[]) {
  return {
    median: rounded(quantile(0.5, ratios)),
    quartiles: [rounded(quantile(0.25, ratios)), rounded(quantile(0.75, ratios))],
  };
}

function quantile(share: number, numbers: readonly number[]): number {
  return numbers.toSorted((left, right) => left - right)[Math.floor(numbers.length * share)] ?? Number.NaN;
}

function rounded(value: number): number {
  return Math.round(100 * value) / 100;
}
