import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HeldAddress, HeldName } from '../../../src/endpoint/hold.ts';
import type { CheckId, Health } from '../../../src/health/health.ts';
import { decodeState, encodeState, formatStored, parseStored } from '../../../src/state/state-codec.ts';
import type { SyncState } from '../../../src/state/sync-state.ts';
import type { Instant } from '../../../src/time/clock.ts';
import { ip } from '../../support/addresses.ts';
import { host } from '../../support/dns-resolver.ts';
import { EMPTY_STATE } from '../../support/empty-state.ts';

const NOW: Instant = { wallMs: Date.UTC(2026, 0, 1, 12), monotonicMs: 5_000_000 };

/** The same time in another process, `laterMs` later: its monotonic clock has another origin. */
function elsewhere(laterMs = 0, monotonicMs = 77): Instant {
  return { wallMs: NOW.wallMs + laterMs, monotonicMs: monotonicMs + laterMs };
}

const textOf = (state: SyncState, now: Instant): string => JSON.stringify(encodeState(state, now));

function decoded(text: string, now: Instant): SyncState {
  const result = decodeState(JSON.parse(text), now);
  if (!result.ok) throw new Error(result.message);
  return result.state;
}

const HEALTHY: Health = {
  verdict: 'healthy',
  reason: 'Connected',
  message: 'connected',
  latencyMs: 1.25,
  streak: 1,
  streakOf: 'failures',
  sinceMs: NOW.monotonicMs - 60_000,
  lastFailure: {
    healthy: false,
    reason: 'ConnectTimeout',
    message: 'too late',
    latencyMs: 2,
    speaksOf: 'backend',
  },
  vantageSuspect: false,
};

const NAME: HeldName = {
  answeredAtMs: NOW.monotonicMs - 3,
  rotation: { score: 2, longestAbsence: 3, quietAnswers: 1 },
  addresses: [
    { answer: { address: ip('10.0.0.2') }, missedAnswers: 0 },
    {
      answer: { address: ip('10.0.0.1'), port: 5433, priority: 10, drained: true, host: host('a.example') },
      missedAnswers: 4,
      absentSinceMs: NOW.monotonicMs - 10_000,
      notFoundSinceMs: NOW.monotonicMs - 9_000,
      failingSinceMs: NOW.monotonicMs - 8_000,
    },
  ],
  departed: [{ answer: { address: ip('10.0.0.9') }, missedAnswers: 7 }],
};

const STATE: SyncState = {
  names: new Map([['shop/db', new Map([['host db.example', { IPv4: NAME }]])]]),
  sources: new Map([['shop/db', ['host db.example', '10.0.0.7']]]),
  health: new Map([['10.0.0.1:5432 tcp' as CheckId, HEALTHY]]),
  deletedAtMs: new Map([['shop/old', NOW.monotonicMs - 7_000]]),
  suspectSinceMs: NOW.monotonicMs - 5_000,
};

describe('the state as text', () => {
  it('is decoded in another process with times on that process’s clock', () => {
    const later = elsewhere(30_000);
    const state = decoded(textOf(STATE, NOW), later);
    expect([...state.sources]).toEqual([['shop/db', ['10.0.0.7', 'host db.example']]]);
    const agoMs = (durationMs: number) => later.monotonicMs - 30_000 - durationMs;
    expect(state.suspectSinceMs).toBe(agoMs(5_000));
    expect([...state.deletedAtMs]).toEqual([['shop/old', agoMs(7_000)]]);
    const { latencyMs: _latency, lastFailure: _failure, ...kept } = HEALTHY;
    expect([...state.health]).toEqual([['10.0.0.1:5432 tcp', { ...kept, sinceMs: agoMs(60_000) }]]);
    expect(state.names.get('shop/db')?.get('host db.example')).toEqual({
      IPv4: {
        ...NAME,
        answeredAtMs: Number.NEGATIVE_INFINITY,
        addresses: [
          {
            ...NAME.addresses[1],
            absentSinceMs: agoMs(10_000),
            notFoundSinceMs: agoMs(9_000),
            failingSinceMs: agoMs(8_000),
          },
          NAME.addresses[0],
        ],
      },
    });
  });

  it('is the same a little later, from another process, and for changes without a meaning', () => {
    const text = textOf(STATE, NOW);
    expect(textOf(STATE, { wallMs: NOW.wallMs + 700, monotonicMs: NOW.monotonicMs + 701 })).toBe(text);
    const later = elsewhere(3_600_123);
    expect(textOf(decoded(text, later), later)).toBe(text);
    const noise: SyncState = {
      ...STATE,
      names: new Map([
        [
          'shop/db',
          new Map([
            [
              'host db.example',
              { IPv4: { ...NAME, answeredAtMs: 1, addresses: NAME.addresses.toReversed() } },
            ],
          ]),
        ],
      ]),
      health: new Map([['10.0.0.1:5432 tcp' as CheckId, { ...HEALTHY, latencyMs: 99 }]]),
    };
    expect(textOf(noise, NOW)).toBe(text);
  });

  it('does not depend on the order of its entries', () => {
    const ids = ['c', 'a', 'b'] as CheckId[];
    const inOrder = (order: readonly CheckId[]) =>
      textOf({ ...EMPTY_STATE, health: new Map(order.map((id) => [id, HEALTHY])) }, NOW);
    expect(inOrder(ids)).toBe(inOrder(ids.toReversed()));
  });

  it('leaves out names without answers', () => {
    const nothing: HeldName = {
      answeredAtMs: 0,
      rotation: { score: 0, longestAbsence: 0, quietAnswers: 5 },
      addresses: [],
      departed: [],
    };
    const state = { ...EMPTY_STATE, names: new Map([['a/b', new Map([['host x', { IPv6: nothing }]])]]) };
    expect(encodeState(state, NOW).names).toEqual({ 'a/b': { 'host x': {} } });
  });

  it('with a time in the future, after the wall clock was set back, starts now', () => {
    const text = textOf(STATE, NOW);
    const before: Instant = { wallMs: NOW.wallMs - 86_400_000, monotonicMs: 50 };
    const state = decoded(text, before);
    expect(state.suspectSinceMs).toBe(50);
    expect([...state.health.values()][0]?.sinceMs).toBe(50);
  });
});

const times = fc.option(fc.integer({ min: 0, max: 5_000_000 }), { nil: undefined });
const answers = fc.record(
  {
    address: fc.ipV4().map(ip),
    port: fc.integer({ min: 1, max: 65_535 }),
    priority: fc.nat(65_535),
    drained: fc.boolean(),
    host: fc.constantFrom('a.example', 'b.example').map(host),
  },
  { requiredKeys: ['address'] },
);
const heldAddresses: fc.Arbitrary<HeldAddress> = fc
  .record({ answer: answers, missedAnswers: fc.nat(300), absent: times, notFound: times, failing: times })
  .map(({ answer, missedAnswers, absent, notFound, failing }) => ({
    answer,
    missedAnswers,
    ...(absent === undefined ? {} : { absentSinceMs: absent }),
    ...(notFound === undefined ? {} : { notFoundSinceMs: notFound }),
    ...(failing === undefined ? {} : { failingSinceMs: failing }),
  }));
const heldNames: fc.Arbitrary<HeldName> = fc.record({
  answeredAtMs: fc.constant(Number.NEGATIVE_INFINITY),
  rotation: fc.record({ score: fc.nat(8), longestAbsence: fc.nat(64), quietAnswers: fc.nat(512) }),
  addresses: fc.uniqueArray(heldAddresses, {
    maxLength: 5,
    selector: ({ answer }) => JSON.stringify(answer),
  }),
  departed: fc.array(fc.record({ answer: answers, missedAnswers: fc.nat(300) }), { maxLength: 3 }),
});
const states: fc.Arbitrary<SyncState> = fc
  .record({
    names: fc.dictionary(
      fc.stringMatching(/^[a-z]{1,8}\/[a-z]{1,8}$/),
      fc.dictionary(fc.constantFrom('host a.example', 'srv _x._tcp.b.example'), heldNames),
    ),
    sources: fc.dictionary(
      fc.stringMatching(/^[a-z]{1,8}\/[a-z]{1,8}$/),
      fc.array(fc.string(), { maxLength: 3 }),
    ),
    health: fc.dictionary(
      // No check has this id, and a record of zod leaves it out.
      fc.string({ minLength: 1 }).filter((id) => id !== '__proto__'),
      fc.record({
        verdict: fc.constantFrom('unknown', 'healthy', 'unhealthy'),
        streak: fc.nat(100),
        since: fc.nat(5_000_000),
      }),
    ),
  })
  .map(({ names, sources, health }) => ({
    deletedAtMs: new Map(),
    sources: new Map(Object.entries(sources)),
    names: new Map(
      Object.entries(names).map(([key, sources]) => [
        key,
        new Map(Object.entries(sources).map(([source, held]) => [source, { IPv4: held }])),
      ]),
    ),
    health: new Map(
      Object.entries(health).map(([id, { verdict, streak, since }]) => [
        id as CheckId,
        { ...HEALTHY, verdict, streak, sinceMs: since },
      ]),
    ),
  }));

describe('whatever the state', () => {
  it('decoding and encoding gives the same text, at any later time and on any clock', () => {
    fc.assert(
      fc.property(
        states,
        fc.nat(100_000_000),
        fc.nat(1_000_000_000),
        fc.integer({ min: -400, max: 400 }),
        (state, laterMs, monotonicMs, jitterMs) => {
          const text = textOf(state, NOW);
          const readAt = elsewhere(laterMs, monotonicMs);
          const writtenAt = { ...readAt, wallMs: readAt.wallMs + jitterMs };
          expect(textOf(decoded(text, readAt), writtenAt)).toBe(text);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('a text from an unknown writer', () => {
  const valid = JSON.parse(textOf(STATE, NOW));
  const held = valid.names['shop/db']['host db.example'].IPv4;
  const withAddress = (address: unknown) => ({
    ...valid,
    names: {
      'shop/db': { 'host x': { IPv4: { ...held, addresses: [{ answer: { address }, missedAnswers: 0 }] } } },
    },
  });

  it.each([
    ['no JSON', '{"version":', 'it is not JSON'],
    ['nothing', '', 'it is not JSON'],
    ['something else', '"state"', ''],
    ['no version', '{}', ''],
    [
      'a newer version',
      JSON.stringify({ version: 3, anything: [] }),
      'written by a newer version (3, not 2)',
    ],
    ['an older version', JSON.stringify({ lists: {}, version: 1 }), ''],
    ['a list without a time', JSON.stringify({ version: 2, lists: { shop: { state: valid } } }), ''],
  ])('%s is reported and not read', (_what, text, message) => {
    const result = parseStored(text);
    expect(result).toEqual({ ok: false, message: expect.stringContaining(message) });
  });

  it('says what belongs to which list, whatever that is', () => {
    const lists = new Map([
      ['shop', { savedAt: 5, state: valid }],
      ['unnamed a.yaml', { savedAt: 6, state: { anything: ['at', 'all'] } }],
    ]);
    expect(parseStored(formatStored(lists))).toEqual({ ok: true, lists });
  });

  it.each([
    ['an address that is none', withAddress('10.0.0.256'), '10.0.0.256 is not an IP address'],
    ['a name for an address', withAddress('db.example'), 'is not an IP address'],
    ['an object for an address', withAddress({ a: 1 }), ''],
    ['no health', { ...valid, health: null }, ''],
    ['an unknown verdict', { ...valid, health: { a: { verdict: 'maybe' } } }, ''],
    ['nothing', undefined, ''],
  ])('%s in the state of a list is reported and not read', (_what, state, message) => {
    const result = decodeState(state, NOW);
    expect(result.ok).toBe(false);
    const reported = result.ok ? '' : result.message;
    expect(reported).toContain(message);
    expect(reported.length).toBeLessThanOrEqual(300);
  });

  it('can be any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.json().map((json) => `{"version":2,"lists":{"a":{"savedAt":1,"state":${json}}}}`),
        ),
        (text) => {
          const stored = parseStored(text);
          if (!stored.ok) expect(stored.message).not.toBe('');
          for (const { state } of stored.ok ? stored.lists.values() : []) {
            const result = decodeState(state, NOW);
            if (!result.ok) expect(result.message).not.toBe('');
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('gives no name that is not in it', () => {
    const text = JSON.stringify(valid).replace('"shop/db"', '"__proto__"');
    const result = decodeState(JSON.parse(text), NOW);
    expect(({} as Record<string, unknown>)['host db.example']).toBeUndefined();
    expect(result.ok ? result.state.names.size : 0).toBeLessThanOrEqual(1);
  });
});
