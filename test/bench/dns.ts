import { type ChildProcess, fork } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { parseResolvConf } from '../../src/dns/resolv-conf.ts';
import { createResolver, DEFAULT_RESOLVER_LIMITS } from '../../src/dns/stub-resolver.ts';
import { createDnsTransport } from '../../src/io/dns-transport.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { systemRandom } from '../../src/io/system-random.ts';
import { isHostname, parseHostname } from '../../src/target/hostname.ts';
import type { DnsSettings } from '../../src/target/target.ts';
import { serverAt } from '../support/dns-network.ts';

/**
 * Queries a second and CPU a query of the resolver, and of Node's own (c-ares) in the same run, in turns, against
 * the same server on loopback. Ours asks for A and AAAA of half as many names: the queries are as many. One line
 * of JSON a result. `node test/bench/dns.ts [--smoke]`.
 */
const IS_SMOKE = process.argv.includes('--smoke');
const QUERIES = IS_SMOKE ? 4_000 : 80_000;
const ROUNDS = IS_SMOKE ? 1 : 9;
const WARM_UP_ROUNDS = IS_SMOKE ? 0 : 2;
const IN_FLIGHT = 128;

/** Asked for again and again, as a worker does; too many to be asked for twice within the least TTL, 100 ms. */
const NAMES = Array.from({ length: 10_000 }, (_, index) => `host-${index}.bench.example`);

if (process.argv.includes('--server')) serve();
else await measure();

/** Answers every A and AAAA question with one address. A process of its own: its CPU time is not to count. */
function serve(): void {
  const socket = createSocket('udp4');
  const answers = new Map([
    [1, Buffer.from('c00c000100010000003c00040a000001', 'hex')],
    [28, Buffer.from('c00c001c00010000003c0010fd000000000000000000000000000001', 'hex')],
  ]);
  socket.on('message', (query, from) => {
    const end = query.indexOf(0, 12) + 5;
    const reply = Buffer.concat([
      query.subarray(0, end),
      answers.get(query.readUInt16BE(end - 4)) ?? Buffer.alloc(0),
    ]);
    reply.writeUInt16BE(0x8180, 2);
    reply.writeUInt16BE(1, 6);
    reply.writeUInt16BE(0, 10);
    socket.send(reply, from.port, from.address);
  });
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

async function compare(port: number, child: ChildProcess): Promise<void> {
  const ours = ourQueries(port);
  const anchor = nodeQueries(port);
  const results: { ours: Figures; anchor: Figures }[] = [];
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round += 1) {
    if (child.exitCode !== null) throw new Error('the server has ended');
    const result = { ours: await time(ours), anchor: await time(anchor) };
    if (round >= WARM_UP_ROUNDS) results.push(result);
  }
  const figures = median(results.map((result) => result.ours));
  const anchorFigures = median(results.map((result) => result.anchor));
  console.log(
    JSON.stringify({
      bench: 'dns',
      case: `${QUERIES} queries, ${IN_FLIGHT} in flight, median of ${ROUNDS} rounds`,
      ...figures,
      anchor: { name: 'node:dns Resolver.resolve4', ...anchorFigures },
      timesAsManyQueriesPerSecond: ratio(figures.queriesPerSecond, anchorFigures.queriesPerSecond),
      timesAsMuchCpuPerQuery: ratio(figures.cpuMicrosPerQuery, anchorFigures.cpuMicrosPerQuery),
    }),
  );
}

/** Does all the round's queries. */
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
  return {
    queriesPerSecond: Math.round(QUERIES / seconds),
    cpuMicrosPerQuery: Math.round((10 * (cpu.user + cpu.system)) / QUERIES) / 10,
  };
}

function median(figures: readonly Figures[]): Figures {
  return {
    queriesPerSecond: middle(figures.map((each) => each.queriesPerSecond)),
    cpuMicrosPerQuery: middle(figures.map((each) => each.cpuMicrosPerQuery)),
  };
}

function middle(numbers: readonly number[]): number {
  return numbers.toSorted((left, right) => left - right)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

function ratio(value: number, anchor: number): number {
  return Math.round((100 * value) / anchor) / 100;
}
