import { describe, expect, it } from 'vitest';
import { NameWatcher, type WatchedName, watchKey } from '../../../src/dns/name-watcher.ts';
import type { TimedResolution } from '../../../src/dns/resolver.ts';
import type { ResolverLimits } from '../../../src/dns/stub-resolver.ts';
import { answering, servingZones } from '../../support/dns-network.ts';
import { address, DNS_SETTINGS, host, inShort, ResolverBench, SERVER } from '../../support/dns-resolver.ts';
import { settle } from '../../support/manual-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';

interface Heard {
  readonly atMs: number;
  readonly key: string;
  readonly addresses: string;
  readonly changed: boolean;
}

function named(name: string, minTtlMs = 5_000): WatchedName {
  return { source: { kind: 'host', host: host(name) }, settings: { ...DNS_SETTINGS, minTtlMs } };
}

/** A running watcher, and its reports. */
class WatchBench extends ResolverBench {
  readonly heard: Heard[] = [];
  readonly controller = new AbortController();
  readonly watcher: NameWatcher;
  readonly startMs = this.clock.monotonicNow();
  readonly #running: Promise<void>;

  constructor(limits: Partial<ResolverLimits> = {}) {
    super(limits);
    this.watcher = new NameWatcher({
      resolver: this.resolver,
      clock: this.clock,
      random: seededRandom(7),
      onAnswer: (key, answer, changed) => this.#hear(key, answer, changed),
    });
    this.#running = this.watcher.run(this.controller.signal);
  }

  #hear(key: string, { resolution }: TimedResolution, changed: boolean): void {
    const atMs = this.clock.monotonicNow() - this.startMs;
    this.heard.push({ atMs, key, addresses: inShort(resolution.IPv4), changed });
  }

  async stop(): Promise<void> {
    this.controller.abort(new Error('the test is over'));
    await this.#running;
    await settle();
    expect(this.clock.sleeping).toBe(0);
    expect(this.resolver.load()).toEqual({ inFlight: 0, waiting: 0 });
  }
}

describe('NameWatcher', () => {
  it('queries again at expiry, not sooner and little later', async () => {
    const bench = new WatchBench();
    bench.zone.set('db.example.test', [address('10.0.0.1', 20), address('fd00::1', 3_600)]);
    bench.watcher.watch([named('db.example.test')]);
    await bench.clock.advance(200_000);
    const asked = bench.network.queries.filter(({ type }) => type === 'A').map(({ atMs }) => atMs);
    expect(asked.length).toBeGreaterThanOrEqual(9);
    asked.slice(1).forEach((atMs, index) => {
      const afterMs = atMs - (asked[index] ?? 0);
      expect(afterMs).toBeGreaterThanOrEqual(20_000);
      expect(afterMs).toBeLessThanOrEqual(22_100);
    });
    expect(bench.network.queries.filter(({ type }) => type === 'AAAA')).toHaveLength(1);
    await bench.stop();
  });

  it('reports each answer, and whether it changed', async () => {
    const bench = new WatchBench();
    const name = named('db.example.test');
    bench.zone.set('db.example.test', [address('10.0.0.1', 10)]);
    bench.watcher.watch([name]);
    await bench.clock.advance(15_000);
    bench.zone.set('db.example.test', [address('10.0.0.2', 10)]);
    await bench.clock.advance(10_000);
    bench.network.set(SERVER, answering('REFUSED'));
    await bench.clock.advance(15_000);
    expect(bench.heard.map(({ addresses, changed }) => `${addresses} ${changed}`)).toEqual([
      '10.0.0.1 true',
      '10.0.0.1 false',
      '10.0.0.2 true',
      'QueryRefused true',
      'QueryRefused false',
    ]);
    const latest = bench.watcher.latest(watchKey(name));
    expect(latest && inShort(latest.resolution.IPv4)).toBe('QueryRefused');
    await bench.stop();
  });

  it('reports when the answer of each family arrived; an equal time is the same answer', async () => {
    const bench = new WatchBench();
    const name = named('db.example.test');
    bench.zone.set('db.example.test', [address('10.0.0.1', 10), address('fd00::1', 3_600)]);
    bench.watcher.watch([name]);
    await bench.clock.advance(1_000);
    const first = bench.watcher.latest(watchKey(name))?.answeredAtMs;
    await bench.clock.advance(15_000);
    const second = bench.watcher.latest(watchKey(name))?.answeredAtMs;
    expect(second?.IPv4).toBeGreaterThan((first?.IPv4 ?? 0) + 9_999);
    expect(second?.IPv6).toBe(first?.IPv6);
    await bench.stop();
  });

  it('keeps watches that stay in the set, and drops removed ones at once', async () => {
    const bench = new WatchBench();
    const [a, b] = [named('a.example.test'), named('b.example.test')];
    bench.zone.set('a.example.test', [address('10.0.0.1', 30)]);
    bench.zone.set('b.example.test', [address('10.0.0.2', 30)]);
    bench.watcher.watch([a]);
    await bench.clock.advance(10_000);
    bench.watcher.watch([a, b, named('b.example.test')]);
    await bench.clock.advance(10_000);
    expect(bench.heard.map(({ addresses }) => addresses)).toEqual(['10.0.0.1', '10.0.0.2']);
    bench.watcher.watch([b]);
    expect(bench.watcher.latest(watchKey(a))).toBeUndefined();
    await bench.clock.advance(25_000);
    expect(bench.heard.map(({ addresses }) => addresses)).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.2']);
    await bench.stop();
  });

  it('sends one query for watches with the same query settings', async () => {
    const bench = new WatchBench();
    bench.zone.set('db.example.test', [address('10.0.0.1', 60)]);
    bench.watcher.watch([named('db.example.test', 5_000), named('db.example.test', 6_000)]);
    await bench.clock.advance(30_000);
    expect(bench.heard).toHaveLength(2);
    expect(bench.network.queries).toHaveLength(2);
    await bench.stop();
  });

  it('keeps many names without a TTL to minTTL and to the limit of queries', async () => {
    const bench = new WatchBench({ maxInFlight: 10, maxInFlightPerGroup: 10 });
    const names = Array.from({ length: 1_000 }, (_, index) => `n${index}.example.test`);
    for (const name of names) bench.zone.set(name, [address('10.0.0.1', 0), address('fd00::1', 0)]);
    bench.watcher.watch(names.map((name) => named(name)));
    await bench.clock.advance(20_000);
    expect(bench.network.mostInFlight).toBe(10);
    const perName = new Map<string, number[]>();
    for (const { name, type, atMs } of bench.network.queries) {
      const key = `${name} ${type}`;
      perName.set(key, [...(perName.get(key) ?? []), atMs]);
    }
    expect(perName.size).toBe(2_000);
    for (const times of perName.values()) {
      times.slice(1).forEach((atMs, index) => {
        expect(atMs - (times[index] ?? 0)).toBeGreaterThanOrEqual(5_000);
      });
    }
    await bench.stop();
  });

  it('spreads the queries of names that expire together', async () => {
    const bench = new WatchBench();
    const names = Array.from({ length: 200 }, (_, index) => `n${index}.example.test`);
    for (const name of names) bench.zone.set(name, [address('10.0.0.1', 10), address('fd00::1', 10)]);
    bench.watcher.watch(names.map((name) => named(name)));
    await bench.clock.advance(15_000);
    const times = new Set(bench.network.queries.slice(400).map(({ atMs }) => Math.floor(atMs / 10)));
    expect(times.size).toBeGreaterThan(50);
    await bench.stop();
  });

  it('sends the same queries for the same seed', async () => {
    const run = async () => {
      const bench = new WatchBench({ maxInFlight: 3, maxInFlightPerGroup: 3 });
      const serve = servingZones(bench.zone);
      let count = 0;
      bench.network.set(SERVER, (query) => {
        count += 1;
        return count % 7 === 0 ? answering('SERVFAIL')(query) : serve(query);
      });
      for (let index = 0; index < 20; index += 1) {
        bench.zone.set(`n${index}.example.test`, [address(`10.0.0.${index}`, index)]);
      }
      bench.watcher.watch(Array.from({ length: 20 }, (_, index) => named(`n${index}.example.test`)));
      await bench.clock.advance(60_000);
      await bench.stop();
      return [bench.heard, bench.network.queries.map(({ atMs, message }) => [atMs, [...message]])];
    };
    expect(await run()).toEqual(await run());
  });

  it('rejects with the error of a broken invariant', async () => {
    const bench = new ResolverBench();
    const watcher = new NameWatcher({
      resolver: bench.resolver,
      clock: bench.clock,
      random: seededRandom(1),
      onAnswer: () => {
        throw new Error('broken');
      },
    });
    watcher.watch([named('db.example.test')]);
    const running = watcher.run(new AbortController().signal);
    await expect(bench.clock.advanceUntil(running)).rejects.toThrow('broken');
  });
});
