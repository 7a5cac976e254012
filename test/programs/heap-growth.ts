import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { KubeConfig } from '@kubernetes/client-node';
import { EventRecorder } from '../../src/cluster/event-recorder.ts';
import type { ObjectStore } from '../../src/cluster/object-store.ts';
import { withinTime } from '../../src/cluster/within-time.ts';
import type { Check } from '../../src/health/health.ts';
import { Monitor } from '../../src/health/monitor.ts';
import { proberOver } from '../../src/health/probe.ts';
import { KubeStore } from '../../src/io/kube-store.ts';
import { DEFAULT_TRANSPORT_LIMITS, KubeTransport } from '../../src/io/kube-transport.ts';
import { readPartAside } from '../../src/io/part-thread.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { systemRandom } from '../../src/io/system-random.ts';
import { TcpDialer } from '../../src/io/tcp-dialer.ts';
import type { HealthCheckKind } from '../../src/model/target.ts';
import { runTogether } from '../../src/time/run-together.ts';
import { Signal } from '../../src/time/signal.ts';
import { checkAt, SETTINGS } from '../support/checks.ts';
import { realResolver } from '../support/dns-peers.ts';
import { DNS_SETTINGS, host } from '../support/dns-resolver.ts';
import type { HeapGrowth, HeapPeers } from '../support/heap-growth.ts';

// A program of its own, run with --expose-gc. Waits many thousand times in each way that a worker waits, always on
// one signal that lives as long as the process. Prints by how much the heap has grown after each kind, as JSON lines.
const [group = '', peersText = ''] = process.argv.slice(2);
const peers = JSON.parse(peersText) as HeapPeers;
const life = new AbortController().signal;

interface Kind {
  readonly what: string;
  readonly count: number;
  /** Does it about `count` times. */
  readonly repeat: (count: number) => Promise<unknown>;
}

/** Calls `once` `count` times, by `concurrency` callers side by side. */
async function times(count: number, concurrency: number, once: (caller: number) => Promise<unknown>) {
  let left = count;
  const call = async (caller: number) => {
    while (left > 0) {
      left -= 1;
      await once(caller);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, (_, caller) => call(caller)));
}

function sleeps(): Kind[] {
  const signals = Array.from({ length: 500 }, () => new Signal(systemClock));
  const sleep = (caller: number) => signals[caller]?.sleep(0, life) ?? Promise.reject(new Error('no signal'));
  return [
    { what: 'sleeps that end by time', count: 100_000, repeat: (count) => times(count, 500, sleep) },
    {
      what: 'sleeps that a notification ends',
      count: 100_000,
      repeat: (count) =>
        times(count, 500, async (caller) => {
          const sleeping = sleep(caller);
          signals[caller]?.notify();
          await sleeping;
        }),
    },
    {
      what: 'sleeps of the clock',
      count: 100_000,
      repeat: (count) => times(count, 500, () => systemClock.sleep(0, life)),
    },
    {
      what: 'deadlines of requests that are answered',
      count: 30_000,
      repeat: (count) =>
        times(count, 100, () => withinTime(systemClock, 60_000, life, async () => undefined)),
    },
    {
      what: 'groups of tasks',
      count: 30_000,
      repeat: (count) => times(count, 100, () => runTogether([() => nextTurn()], life)),
    },
  ];
}

function queries(): Kind[] {
  // It remembers next to nothing, so that each name is asked for again.
  const resolver = realResolver({ maxNames: 1 });
  let asked = 0;
  const ask = async (name: string, reason: string, server = peers.dns, timeoutMs = 1_000) => {
    const source = { kind: 'host', host: host(`${name}-${asked % 50}.corp.test`) } as const;
    const settings = { ...DNS_SETTINGS, servers: [server], timeoutMs, attempts: 1, minTtlMs: 0, maxTtlMs: 0 };
    const { IPv4: found } = await resolver.resolve(source, settings, life);
    const outcome = found.outcome === 'resolved' ? found.outcome : found.reason;
    if (outcome !== reason) throw new Error(`${source.host}: ${JSON.stringify(found)}`);
  };
  /** Names in turn, so that few are asked for twice at a time. */
  const askEach = (count: number, concurrency: number, ...how: Parameters<typeof ask>) =>
    times(count, concurrency, () => {
      asked += 1;
      return ask(...how);
    });
  const { silentDns, closedDns } = peers;
  return [
    { what: 'queries over UDP', count: 15_000, repeat: (count) => askEach(count, 40, 'name', 'resolved') },
    {
      what: 'queries for names that do not exist',
      count: 10_000,
      repeat: (count) => askEach(count, 40, 'absent', 'NameNotFound'),
    },
    {
      what: 'queries that are asked again over TCP',
      count: 2_000,
      repeat: (count) => askEach(count, 20, 'large', 'resolved'),
    },
    {
      what: 'queries without an answer',
      count: 3_000,
      repeat: (count) => askEach(count, 40, 'name', 'QueryTimeout', silentDns, 20),
    },
    {
      what: 'queries that nobody receives',
      count: 5_000,
      repeat: (count) => askEach(count, 40, 'name', 'ServerUnreachable', closedDns),
    },
    {
      what: 'queries that several callers share',
      count: 20_000,
      repeat: (count) =>
        times(count / 50, 1, () => {
          asked += 1;
          return Promise.all(Array.from({ length: 50 }, () => ask('name', 'resolved')));
        }),
    },
  ];
}

/** Probes in the way of a worker: many checks on one monitor. */
async function probe(port: number, kind: HealthCheckKind, count: number, timeoutMs = 1_000) {
  const settings = { ...SETTINGS, kind, timeoutMs, intervalMs: 25, fastIntervalMs: 25 };
  const checks: Check[] = Array.from({ length: 100 }, (_, at) =>
    checkAt(`127.64.0.${at + 1}:${port}`, settings),
  );
  const ended = new AbortController();
  let left = count;
  const monitor = new Monitor({
    prober: proberOver(dialer, systemClock),
    clock: systemClock,
    random: systemRandom,
    maxInFlight: 100,
    onObservation: () => {
      left -= 1;
      if (left <= 0) ended.abort();
    },
  });
  for (const check of checks) monitor.add(check);
  await monitor.run(ended.signal).catch((error: unknown) => {
    if (error !== ended.signal.reason) throw error;
  });
}

const dialer = new TcpDialer(systemClock);

function probes(): Kind[] {
  const tls = { verify: false, minValidityMs: 0 };
  const expect = { kind: 'bytes', bytes: Buffer.from('hello') } as const;
  const http = { path: '/', method: 'GET', expectedStatuses: [{ from: 200, to: 299 }] };
  const inMonitor = (port: number, kind: HealthCheckKind, timeoutMs?: number) => (count: number) =>
    probe(port, kind, count, timeoutMs);
  return [
    { what: 'tcp probes', count: 4_000, repeat: inMonitor(peers.greeterPort, { type: 'tcp' }) },
    {
      what: 'tcp probes that read',
      count: 3_000,
      repeat: inMonitor(peers.greeterPort, { type: 'tcp', exchange: { expect } }),
    },
    { what: 'refused probes', count: 4_000, repeat: inMonitor(peers.closedPort, { type: 'tcp' }) },
    {
      what: 'probes without an answer',
      count: 2_000,
      repeat: inMonitor(peers.hangingPort, { type: 'tcp', exchange: { expect } }, 20),
    },
    { what: 'http probes', count: 3_000, repeat: inMonitor(peers.httpPort, { type: 'http', http }) },
    { what: 'tls probes', count: 500, repeat: inMonitor(peers.tlsPort, { type: 'tls', tls }) },
    {
      what: 'dials on one signal',
      count: 4_000,
      repeat: (count) =>
        times(count, 20, async () => {
          const target = { address: checkAt('127.0.0.1:1').address, port: peers.greeterPort };
          const dialled = await dialer.dial(target, life);
          if (!dialled.connected) throw new Error(dialled.fault.message);
          await dialled.connection.read(life);
          dialled.connection.close();
        }),
    },
  ];
}

function storeAt(kubeconfig: string, limits = {}): ObjectStore {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  return new KubeStore(
    new KubeTransport({
      load: () => config,
      clock: systemClock,
      userAgent: 'test',
      limits: { ...DEFAULT_TRANSPORT_LIMITS, ...limits },
    }),
  );
}

function requests(): Kind[] {
  const store = storeAt(peers.kubeconfig);
  const silent = storeAt(
    peers.kubeconfig.replace(/server: \S+/, `server: http://127.0.0.1:${peers.hangingPort}`),
    {
      timeoutMs: 20,
      attempts: 1,
    },
  );
  const reference = (name: string) => ({ kind: 'ConfigMap', namespace: 'default', name }) as const;
  const configMap = (name: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'default', name },
    data: { a: String(Math.random()) },
  });
  const write = { dryRun: false } as const;
  const mustSucceed = async (answer: Promise<{ readonly ok: boolean }>) => {
    if (!(await answer).ok) throw new Error(JSON.stringify(await answer));
  };
  return [
    {
      what: 'applies and reads',
      count: 4_000,
      repeat: (count) =>
        times(count / 2, 20, async (caller) => {
          const name = `config-${caller}`;
          await mustSucceed(store.apply(configMap(name), { ...write, force: true }, life));
          await mustSucceed(store.get(reference(name), life));
        }),
    },
    {
      what: 'lists',
      count: 2_000,
      repeat: (count) =>
        times(count, 10, () => mustSucceed(store.list('Service', { namespace: 'default' }, life))),
    },
    {
      what: 'reads of objects that do not exist',
      count: 3_000,
      repeat: (count) => times(count, 20, () => store.get(reference('absent'), life)),
    },
    {
      what: 'requests without an answer',
      count: 2_000,
      repeat: (count) =>
        times(count, 40, async () => {
          if ((await silent.get(reference('absent'), life)).ok) throw new Error('it answered');
        }),
    },
    {
      what: 'watches',
      count: 1_000,
      repeat: (count) =>
        times(count, 10, async (caller) => {
          const listed = await store.list('ConfigMap', { namespace: 'default' }, life);
          if (!listed.ok) throw new Error(listed.failure.message);
          const { resourceVersion } = listed.value;
          const events = store.watch('ConfigMap', { namespace: 'default', resourceVersion }, life);
          const first = events[Symbol.asyncIterator]();
          const next = first.next();
          await store.apply(configMap(`watched-${caller}`), { ...write, force: true }, life);
          await next;
          await first.return?.();
        }),
    },
    { what: 'Events', count: 20_000, repeat: (count) => recordEvents(store, count) },
    {
      what: 'parts of a list',
      count: 5_000,
      repeat: (count) =>
        times(count, 10, () => readPartAside(ENTRY, { ok: true, source: 'list.yaml', text: LIST }, life)),
    },
  ];
}

const ENTRY = new URL('../../src/main.ts', import.meta.url);
const LIST = `apiVersion: external-endpoints/v1
kind: TargetList
targets:
  - { name: db, ports: [{ port: 5432 }], endpoints: [{ address: 10.0.0.1 }] }
`;

/** The recorder counts what it may not write again yet: each happening ends its sleep all the same. */
async function recordEvents(store: ObjectStore, count: number) {
  const ended = new AbortController();
  const recorder = new EventRecorder(
    { store, clock: systemClock, random: systemRandom },
    { identity: 'test', onOutcome: () => undefined },
  );
  const running = recorder.run(ended.signal).catch((error: unknown) => {
    if (error !== ended.signal.reason) throw error;
  });
  const subject = { apiVersion: 'v1', kind: 'Service', namespace: 'default', name: 'db' };
  const happening = {
    subject,
    type: 'Normal',
    reason: 'Tested',
    action: 'Test',
    note: 'it happened',
  } as const;
  await times(count, 1, () => {
    recorder.record(happening);
    return nextTurn();
  });
  ended.abort();
  await running;
}

async function heapBytes(): Promise<number> {
  // Objects that weak references held go in a later turn than those that held them.
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc?.();
    await delay(10);
  }
  return process.memoryUsage().heapUsed;
}

const ROUNDS = 5;

/** The growth of most rounds: code that is compiled, or dropped, in one of them does not count. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

const groups: Readonly<Record<string, () => Kind[]>> = { sleeps, queries, probes, requests };
for (const { what, count, repeat } of groups[group]?.() ?? []) {
  const startedMs = performance.now();
  // The first calls compile code and fill what is bounded.
  await repeat(count / ROUNDS);
  const heaps = [await heapBytes()];
  for (let round = 0; round < ROUNDS; round += 1) {
    await repeat(count / ROUNDS);
    heaps.push(await heapBytes());
  }
  const growths = heaps.slice(1).map((bytes, round) => bytes - (heaps[round] ?? Number.NaN));
  const grownBytes = median(growths) * ROUNDS;
  const growth: HeapGrowth = {
    what,
    count,
    grownBytes,
    elapsedMs: Math.round(performance.now() - startedMs),
  };
  process.stdout.write(`${JSON.stringify(growth)}\n`);
}
process.exit(0);
