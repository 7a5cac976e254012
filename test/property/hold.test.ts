import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Resolution, ResolvedAnswer } from '../../src/dns/resolution.ts';
import { type HeldName, type HoldResult, holdAddresses } from '../../src/endpoint/hold.ts';
import type { HoldSettings } from '../../src/model/target.ts';
import { ip } from '../support/addresses.ts';
import { host } from '../support/dns-resolver.ts';
import { seededRandom } from '../support/seeded-random.ts';

const SETTINGS: HoldSettings = {
  obsoleteMs: 30_000,
  notFoundMs: 300_000,
  failureMs: Number.POSITIVE_INFINITY,
};

const answerOf = (index: number): ResolvedAnswer =>
  index < 8
    ? { address: ip(`10.0.0.${index}`) }
    : { address: ip(`10.0.0.${index - 4}`), port: 5432, priority: 0, host: host(`t${index % 3}.test`) };

const unresolved: Resolution = { outcome: 'unresolved', reason: 'QueryTimeout', message: 'no reply' };

const resolutions: fc.Arbitrary<Resolution> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      outcome: fc.constant('resolved' as const),
      answers: fc
        .uniqueArray(fc.integer({ min: 0, max: 11 }), { minLength: 1, maxLength: 8 })
        .map((picks) => picks.map(answerOf)),
      ttlSeconds: fc.constant(60),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 0, max: 2 }).map(
      (index): Resolution => ({
        outcome: 'resolved',
        answers: [answerOf(0)],
        ttlSeconds: 60,
        missing: [
          {
            host: host(`t${index}.test`),
            absence: { outcome: 'unresolved', reason: 'ServerFailure', message: '' },
          },
        ],
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Resolution>({ outcome: 'noData', reason: 'NoData', message: '', ttlSeconds: 60 }),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Resolution>({
      outcome: 'nameNotFound',
      reason: 'NameNotFound',
      message: '',
      ttlSeconds: 60,
    }),
  },
  { weight: 2, arbitrary: fc.constant(unresolved) },
);

interface Event {
  readonly afterMs: number;
  /** Undefined: no new answer; time has passed, or health has changed. */
  readonly resolution: Resolution | undefined;
  readonly unhealthy: readonly number[];
}

const histories: fc.Arbitrary<Event[]> = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 1, max: 120_000 }),
    resolution: fc.option(resolutions, { nil: undefined, freq: 4 }),
    unhealthy: fc.subarray([0, 1, 2, 3]),
  }),
  { minLength: 1, maxLength: 60 },
);

/** Applies a history, and calls `look` for each step. */
function live(
  history: readonly Event[],
  look: (step: {
    before: HeldName | undefined;
    result: HoldResult;
    event: Event;
    resolution: Resolution;
    nowMs: number;
    again: (nowMs: number, held: HeldName) => HoldResult;
  }) => void,
  startMs = 0,
): void {
  let held: HeldName | undefined;
  let nowMs = startMs;
  let observation: { resolution: Resolution; answeredAtMs: number } = {
    resolution: unresolved,
    answeredAtMs: startMs,
  };
  for (const event of history) {
    nowMs += event.afterMs;
    if (event.resolution !== undefined) observation = { resolution: event.resolution, answeredAtMs: nowMs };
    const bad = new Set<string>(event.unhealthy.map((index) => answerOf(index).address));
    const isHealthy = ({ address }: ResolvedAnswer) => !bad.has(address);
    const again = (atMs: number, from: HeldName) =>
      holdAddresses(from, observation, SETTINGS, isHealthy, atMs);
    const before = held;
    const result = holdAddresses(before, observation, SETTINGS, isHealthy, nowMs);
    look({ before, result, event, resolution: observation.resolution, nowMs, again });
    held = result.next;
  }
}

const keyOf = ({ address, port, host: of }: ResolvedAnswer) => `${address} ${port} ${of}`;
const keysOf = (result: HoldResult) => result.addresses.map(({ answer }) => keyOf(answer)).toSorted();

describe('holdAddresses, for any history', () => {
  it('has every address of the newest answer, each once, and none whose hold has ended', () => {
    fc.assert(
      fc.property(histories, (history) => {
        live(history, ({ result, resolution, nowMs }) => {
          const keys = keysOf(result);
          expect(new Set(keys).size).toBe(keys.length);
          const current = result.addresses.filter(({ state }) => state === 'current');
          const answers = resolution.outcome === 'resolved' ? resolution.answers : [];
          expect(current.map(({ answer }) => answer)).toEqual(answers);
          for (const { untilMs } of result.addresses) expect(untilMs).toBeGreaterThan(nowMs);
          expect(result.nextChangeAtMs).toBe(
            Math.min(Number.POSITIVE_INFINITY, ...result.addresses.map(({ untilMs }) => untilMs)),
          );
        });
      }),
    );
  });

  it('keeps every address while no server answers', () => {
    fc.assert(
      fc.property(histories, (history) => {
        live(history, ({ before, result, resolution }) => {
          if (resolution.outcome !== 'unresolved') return;
          expect(result.next.addresses.map(({ answer }) => keyOf(answer))).toEqual(
            (before?.addresses ?? []).map(({ answer }) => keyOf(answer)),
          );
        });
      }),
    );
  });

  it('removes an address only after a hold that an answer started, or if it left an answer and is unhealthy', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const lastSeenMs = new Map<string, number>();
        live(history, ({ before, result, resolution, event, nowMs }) => {
          const keys = new Set(keysOf(result));
          const healthy = ({ address }: ResolvedAnswer) =>
            !event.unhealthy.some((index) => answerOf(index).address === address);
          const gone = (before?.addresses ?? [])
            .map(({ answer }) => answer)
            .filter((answer) => !keys.has(keyOf(answer)));
          if (gone.length > 0) expect(resolution.outcome).not.toBe('unresolved');
          for (const answer of gone.filter(healthy)) {
            expect(nowMs - (lastSeenMs.get(keyOf(answer)) ?? 0)).toBeGreaterThanOrEqual(30_000);
          }
          const current = result.addresses.filter(({ state }) => state === 'current');
          for (const { answer } of current) lastSeenMs.set(keyOf(answer), nowMs);
        });
      }),
    );
  });

  it('changes nothing for the same observation, and removes addresses exactly at nextChangeAtMs', () => {
    fc.assert(
      fc.property(histories, (history) => {
        live(history, ({ result, nowMs, again }) => {
          expect(again(nowMs, result.next)).toEqual(result);
          const atMs = result.nextChangeAtMs;
          if (atMs === Number.POSITIVE_INFINITY) {
            expect(keysOf(again(nowMs + 1e12, result.next))).toEqual(keysOf(result));
            return;
          }
          expect(keysOf(again(Math.max(nowMs, atMs - 1), result.next))).toEqual(keysOf(result));
          expect(keysOf(again(atMs, result.next)).length).toBeLessThan(keysOf(result).length);
        });
      }),
    );
  });

  it('returns the same after its state was written as JSON and read back', () => {
    fc.assert(
      fc.property(histories, (history) => {
        live(history, ({ result, nowMs, again }) => {
          const saved: HeldName = JSON.parse(JSON.stringify(result.next));
          expect(saved).toEqual(result.next);
          expect(again(nowMs + 1_000, saved)).toEqual(again(nowMs + 1_000, result.next));
        });
      }),
    );
  });

  it('returns the same on a clock with another start: only differences of times count', () => {
    const reported = (history: readonly Event[], startMs: number) => {
      const steps: unknown[] = [];
      live(
        history,
        ({ result }) => {
          steps.push(result.addresses.map((each) => ({ ...each, untilMs: each.untilMs - startMs })));
        },
        startMs,
      );
      return steps;
    };
    fc.assert(
      fc.property(histories, fc.integer({ min: 0, max: 1_000_000_000 }), (history, startMs) => {
        expect(reported(history, startMs)).toEqual(reported(history, 0));
      }),
    );
  });

  it('does not change its inputs', () => {
    fc.assert(
      fc.property(histories, (history) => {
        live(history, ({ before, again, nowMs }) => {
          if (before === undefined) return;
          const copy = structuredClone(before);
          again(nowMs, before);
          expect(before).toEqual(copy);
        });
      }),
    );
  });

  it('removes every address that the answers no longer have, in the end', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const steady: Event = {
          afterMs: 60_000,
          resolution: { outcome: 'resolved', answers: [answerOf(0)], ttlSeconds: 60 },
          unhealthy: [],
        };
        let last: HoldResult | undefined;
        live([...history, ...Array.from({ length: 300 }, () => steady)], ({ result }) => {
          last = result;
        });
        expect(last?.addresses.map(({ answer }) => answer)).toEqual([answerOf(0)]);
      }),
      { numRuns: 30 },
    );
  });

  it('holds at most 1,000 addresses, and remembers at most 1,000 removed ones', () => {
    const random = seededRandom(3);
    let last: HoldResult | undefined;
    const history = Array.from(
      { length: 400 },
      (): Event => ({
        afterMs: 5_000,
        resolution: {
          outcome: 'resolved',
          ttlSeconds: 5,
          answers: Array.from({ length: 30 }, () => ({
            address: ip(`10.0.${random.integer(16)}.${random.integer(256)}`),
          })),
        },
        unhealthy: [],
      }),
    );
    live(history, ({ result }) => {
      last = result;
      expect(result.addresses.length).toBeLessThanOrEqual(1_000);
      expect(result.next.departed.length).toBeLessThanOrEqual(1_000);
    });
    expect(last?.addresses.length).toBeGreaterThan(900);
  });
});

/** An answer with `shown` of `all` addresses, chosen at random. */
function draw(all: number, shown: number, random: { integer(max: number): number }): ResolvedAnswer[] {
  const pool = Array.from({ length: all }, (_, index) => index);
  return Array.from({ length: shown }, () => {
    const [pick = 0] = pool.splice(random.integer(pool.length), 1);
    return { address: ip(`10.0.0.${pick + 1}`) };
  });
}

describe('holdAddresses, for rotating answers', () => {
  it.each([
    [12, 4, 5],
    [12, 4, 60],
    [12, 4, 300],
    [20, 8, 60],
    [12, 1, 60],
    [50, 8, 5],
  ])(
    'holds all of %i addresses, shown %i at a time with a TTL of %i s, and stops changing',
    (all, shown, ttlSeconds) => {
      for (let seed = 1; seed <= 5; seed += 1) {
        const random = seededRandom(seed);
        const history = Array.from({ length: 3_000 }, (): Event[] => [
          {
            afterMs: 1_000,
            resolution: { outcome: 'resolved', answers: draw(all, shown, random), ttlSeconds },
            unhealthy: [2],
          },
          { afterMs: ttlSeconds * 1000 - 1_000, resolution: undefined, unhealthy: [2] },
        ]).flat();
        let published = '';
        let lastChange = 0;
        let step = 0;
        live(history, ({ result }) => {
          const now = result.addresses
            .map(({ answer }) => answer.address)
            .toSorted()
            .join();
          if (now !== published) lastChange = step;
          published = now;
          step += 1;
        });
        expect(published.split(',')).toHaveLength(all);
        expect(lastChange / 2).toBeLessThan(800);
      }
    },
  );

  it.each([5, 20, 60])(
    'changes no faster than the hold between two sets with a TTL of %i s, and holds both in the end',
    (ttlSeconds) => {
      const sets = [
        [0, 1],
        [2, 3],
      ].map((set) => set.map(answerOf));
      const changes: number[] = [];
      let published = '';
      const history = Array.from({ length: 2_000 }, (_, index): Event[] => [
        {
          afterMs: 1_000,
          resolution: { outcome: 'resolved', answers: sets[index % 2] ?? [], ttlSeconds },
          unhealthy: [],
        },
        ...Array.from({ length: ttlSeconds - 1 }, () => ({
          afterMs: 1_000,
          resolution: undefined,
          unhealthy: [],
        })),
      ]).flat();
      live(history, ({ result, nowMs }) => {
        const now = keysOf(result).join();
        if (now !== published) changes.push(nowMs);
        published = now;
      });
      expect(published.split(',')).toHaveLength(4);
      changes.slice(2).forEach((atMs, index) => {
        expect(atMs - (changes[index + 1] ?? 0)).toBeGreaterThanOrEqual(Math.min(30, ttlSeconds) * 1000);
      });
      expect(changes.length).toBeLessThan(10);
    },
  );

  it('does not take a failover and its way back for rotation', () => {
    const phases = [[0], [1], [0], [1]].flatMap((set) => Array.from({ length: 3 }, () => set.map(answerOf)));
    const history = phases.map(
      (answers): Event => ({
        afterMs: 31_000,
        resolution: { outcome: 'resolved', answers, ttlSeconds: 31 },
        unhealthy: [],
      }),
    );
    live(history, ({ result }) => {
      expect(result.addresses.every(({ reason }) => reason !== 'AnswerRotates')).toBe(true);
    });
  });
});
