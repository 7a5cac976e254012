import { describe, expect, it } from 'vitest';
import type { Assessment } from '../../../src/endpoint/assessment.ts';
import { namelessKey, publishedKey } from '../../../src/endpoint/assessment.ts';
import {
  CONFIRM_AFTER_MS,
  type DrainGuardInput,
  type DrainGuardState,
  type GuardedTarget,
  guardDrains,
  NO_SUSPICION,
  recalledSuspicion,
} from '../../../src/endpoint/drain-guard.ts';
import { assessed, healthOf, readinessOf } from '../../support/assessments.ts';

/** A target with all its addresses published ready. */
function target(key: string, assessments: readonly Assessment[]): GuardedTarget {
  const keys = assessments.flatMap(({ address, ports }) => ports.map((port) => publishedKey(address, port)));
  return { key, assessments, published: new Map(keys.map((each) => [each, true])) };
}

const healthy = (address: string) => assessed(address, 'healthy');
const down = (address: string) => assessed(address, 'unhealthy');

const defaults = {
  readyInOtherTargets: 0,
  maxDrainPercent: 50,
  acceptDrain: false,
  referenceReachable: true,
  state: NO_SUSPICION,
  lastSuccessfulProbeMs: 0,
  nowMs: 100_000,
};

function guard(targets: readonly GuardedTarget[], traits: Partial<DrainGuardInput> = {}) {
  const { assessments, state } = guardDrains({ ...defaults, targets, ...traits });
  return { readiness: assessments.flatMap(readinessOf), state };
}

const SUSPENDED = expect.stringMatching(/ready VantageSuspect$/);
const DRAINED = expect.stringMatching(/not ready ConnectionRefused$/);

describe('guardDrains', () => {
  const half = [
    target('a', [down('10.0.0.1'), healthy('10.0.0.2')]),
    target('b', [down('10.0.1.1'), healthy('10.0.1.2')]),
  ];
  const all = [target('a', [down('10.0.0.1')]), target('b', [down('10.0.1.1')])];

  it('allows drains up to maxDrain', () => {
    expect(guard(half).readiness).toEqual([DRAINED, expect.anything(), DRAINED, expect.anything()]);
  });

  it('suspends all drains above maxDrain', () => {
    const { readiness, state } = guard(half, { maxDrainPercent: 49 });
    expect(readiness).toEqual([SUSPENDED, '10.0.0.2 ready Connected', SUSPENDED, '10.0.1.2 ready Connected']);
    expect(state.suspectSinceMs).toBe(100_000);
  });

  it('counts an address whose port the list has renamed', () => {
    const renamed = (key: string, assessments: readonly Assessment[]): GuardedTarget => {
      const { published } = target(key, assessments);
      const keys = assessments.flatMap(({ address, ports }) =>
        ports.map((port) => namelessKey(address, port)),
      );
      return {
        key,
        assessments: assessments.map((each) => ({
          ...each,
          ports: each.ports.map((port) => ({ ...port, name: 'renamed' })),
        })),
        published: new Map([...published, ...keys.map((each) => [each, true] as const)]),
      };
    };
    const [a, b] = [[down('10.0.0.1')], [down('10.0.1.1')]];
    expect(guard([renamed('a', a), target('b', b)]).readiness).toEqual([SUSPENDED, SUSPENDED]);
  });

  it('counts ready addresses of other targets', () => {
    expect(guard(all, { readyInOtherTargets: 1 }).readiness).toEqual([SUSPENDED, SUSPENDED]);
    expect(guard(all, { readyInOtherTargets: 2 }).readiness).toEqual([DRAINED, DRAINED]);
  });

  it('allows drains of one target alone while the API server answers', () => {
    const alone = [target('a', [down('10.0.0.1'), down('10.0.0.2')])];
    expect(guard(alone).readiness).toEqual([DRAINED, DRAINED]);
    expect(guard(alone, { referenceReachable: false }).readiness).toEqual([SUSPENDED, SUSPENDED]);
  });

  it('allows every drain with --accept-drain', () => {
    expect(guard(all, { acceptDrain: true }).readiness).toEqual([DRAINED, DRAINED]);
  });

  it('counts drains of several decisions as one', () => {
    let state: DrainGuardState = NO_SUSPICION;
    const fates: string[][] = [];
    for (const [step, address] of ['10.0.0.1', '10.0.1.1', '10.0.2.1'].entries()) {
      const result = guard([target(`t${step}`, [down(address)])], {
        state,
        readyInOtherTargets: 3 - step,
        nowMs: 100_000 + step * 300,
      });
      state = result.state;
      fates.push(result.readiness);
    }
    // One of four, two of four; three of four are too many.
    expect(fates).toEqual([[DRAINED], [DRAINED], [SUSPENDED]]);
  });

  it('counts an address once if its ports are drained one after the other', () => {
    const first = assessed('10.0.0.1', 'unhealthy');
    const [port] = first.ports;
    if (port === undefined) throw new Error('an assessment has a port');
    const other = { ...port, name: 'q', port: 5433, ready: true, reason: 'Connected' };
    const partly = target('a', [{ ...first, ports: [port, other] }]);
    const { state } = guard([partly], { readyInOtherTargets: 2, maxDrainPercent: 60 });
    expect(state.recent).toHaveLength(1);
    // Two drains of three addresses, not of four.
    const later = {
      ...target('a', [{ ...first, ports: [other] }]),
      published: new Map([
        [publishedKey(first.address, port), false],
        [publishedKey(first.address, other), true],
      ]),
    };
    const { readiness } = guard([later, target('b', [down('10.0.1.1')])], {
      readyInOtherTargets: 1,
      maxDrainPercent: 60,
      state,
    });
    expect(readiness.at(-1)).toEqual(SUSPENDED);
  });

  it('counts drains of a previous process only with recoversPublished', () => {
    const gone = { ...target('a', [down('10.0.0.1'), down('10.0.0.2')]), recoversPublished: true };
    const published = new Map([...gone.published.keys()].map((key) => [key, false]));
    const next = [{ ...gone, published }, target('b', [down('10.0.1.1'), healthy('10.0.1.2')])];
    // Three drains of four addresses, not one of two.
    expect(guard(next).readiness.slice(2)).toEqual([SUSPENDED, '10.0.1.2 ready Connected']);
    const ofOurOwn = [{ ...gone, published, recoversPublished: false }, ...next.slice(1)];
    expect(guard(ofOurOwn).readiness.slice(2)).toEqual([DRAINED, '10.0.1.2 ready Connected']);
    const longAgo = guard(next, { nowMs: 100_000 + 600_001 });
    expect(longAgo.readiness.slice(2)).toEqual([DRAINED, '10.0.1.2 ready Connected']);
  });

  it('does not count standbys that became ready since', () => {
    // Two of four were drained; four standbys became ready.
    const went = guard([target('a', [down('10.0.0.1'), down('10.0.0.2')])], { readyInOtherTargets: 2 });
    expect(went.readiness).toEqual([DRAINED, DRAINED]);
    const { state } = went;
    const one = [target('b', [down('10.0.1.1')])];
    expect(guard(one, { state, readyInOtherTargets: 5 }).readiness).toEqual([DRAINED]);
    // Four of six, not four of eight.
    const two = [target('b', [down('10.0.1.1'), down('10.0.1.2')])];
    expect(guard(two, { state, readyInOtherTargets: 4 }).readiness).toEqual([SUSPENDED, SUSPENDED]);
  });

  it('forgets drains after ten minutes', () => {
    const recent = Array.from({ length: 9 }, (_, at) => ({
      target: 'x',
      address: `10.9.0.${at}`,
      atMs: 0,
      readyBefore: 11,
    }));
    const at = (nowMs: number) =>
      guard([target('a', [down('10.0.0.1')])], {
        state: { ...NO_SUSPICION, recent },
        readyInOtherTargets: 1,
        nowMs,
      }).readiness;
    expect(at(599_999)).toEqual([SUSPENDED]);
    expect(at(600_000)).toEqual([DRAINED]);
  });

  it('forgets the drain of an address that is healthy again', () => {
    let state: DrainGuardState = NO_SUSPICION;
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const [turn, name] of names.entries()) {
      const during = guard([target(name, [down(`10.0.0.${turn}`)])], { state, readyInOtherTargets: 5 });
      expect(during.readiness).toEqual([DRAINED]);
      state = guard([target(name, [healthy(`10.0.0.${turn}`)])], {
        state: during.state,
        readyInOtherTargets: 5,
      }).state;
    }
    expect(state.recent).toEqual([]);
  });

  it('allows drains of one address in several targets while the API server answers', () => {
    const shared = ['a', 'b', 'c'].map((key) => target(key, [down('10.0.0.1')]));
    expect(guard(shared).readiness).toEqual([DRAINED, DRAINED, DRAINED]);
    expect(guard(shared, { referenceReachable: false }).readiness).toEqual([SUSPENDED, SUSPENDED, SUSPENDED]);
  });

  it('suspends all drains except those of one target while no check ever succeeded', () => {
    const noSuccess = { lastSuccessfulProbeMs: Number.NEGATIVE_INFINITY, readyInOtherTargets: 10 };
    expect(guard(all, noSuccess).readiness).toEqual([SUSPENDED, SUSPENDED]);
    expect(guard(all, { ...noSuccess, acceptDrain: true }).readiness).toEqual([DRAINED, DRAINED]);
    expect(guard([target('a', [down('10.0.0.1')])], noSuccess).readiness).toEqual([DRAINED]);
  });

  it('never drains more than maxDrain while every check fails, in many decisions over an hour', () => {
    // Ten targets that fail from the start; each is decided every five seconds, at a different time.
    const published = new Map(Array.from({ length: 10 }, (_, at) => [`t${at}`, true]));
    let state: DrainGuardState = NO_SUSPICION;
    for (let nowMs = 0; nowMs < 3_600_000; nowMs += 500) {
      const at = (nowMs / 500) % 10;
      if (published.get(`t${at}`) !== true) continue;
      const readyInOtherTargets = [...published.values()].filter(Boolean).length - 1;
      const result = guard([target(`t${at}`, [down(`10.0.0.${at}`)])], {
        state,
        readyInOtherTargets,
        lastSuccessfulProbeMs: -1,
        nowMs,
      });
      state = result.state;
      published.set(`t${at}`, result.readiness[0]?.endsWith('ready VantageSuspect') === true);
    }
    // maxDrain allows five of ten.
    expect([...published.values()].filter(Boolean)).toHaveLength(5);
  });

  it('counts a drain once if it is decided again before it is written', () => {
    let state: DrainGuardState = NO_SUSPICION;
    const two = [target('a', [down('10.0.0.1')]), target('b', [down('10.0.1.1')])];
    for (let times = 0; times < 10; times += 1) {
      const result = guard(two, { state, readyInOtherTargets: 8, nowMs: 100_000 + times * 1_000 });
      expect(result.readiness).toEqual([DRAINED, DRAINED]);
      state = result.state;
    }
    expect(state.recent).toHaveLength(2);
  });

  describe('while drains are suspended', () => {
    const state: DrainGuardState = {
      recent: [],
      suspectSinceMs: 90_000,
      lastSuspendedAtMs: 90_000,
      suspectsAll: true,
    };

    it('allows them when a check succeeds at least CONFIRM_AFTER_MS later', () => {
      expect(guard(all, { state, lastSuccessfulProbeMs: 95_000 }).readiness).toEqual([DRAINED, DRAINED]);
      const soon = { state, lastSuccessfulProbeMs: 91_000, nowMs: 90_000 + CONFIRM_AFTER_MS - 1 };
      expect(guard(all, soon).readiness).toEqual([SUSPENDED, SUSPENDED]);
    });

    it('suspends them as long as no check succeeds', () => {
      let next = state;
      for (let nowMs = 95_000; nowMs < 9_000_000; nowMs += 5_000) {
        const result = guard(all, { state: next, lastSuccessfulProbeMs: 89_000, nowMs });
        expect(result.readiness).toEqual([SUSPENDED, SUSPENDED]);
        next = result.state;
      }
      expect(next.suspectSinceMs).toBe(90_000);
    });

    it('suspends every later drain, even of one address', () => {
      const other = [target('c', [down('10.0.3.1')])];
      const meanwhile = { state, readyInOtherTargets: 100, lastSuccessfulProbeMs: 89_000, nowMs: 97_000 };
      expect(guard(other, meanwhile).readiness).toEqual([SUSPENDED]);
      expect(guard(other, { ...meanwhile, lastSuccessfulProbeMs: 91_000 }).readiness).toEqual([DRAINED]);
    });

    it('suspends only drains without a route if the cause is a missing route', () => {
      const other = [target('c', [down('10.0.3.1')])];
      const ofRoute = { ...state, suspectsAll: false };
      expect(guard(other, { state: ofRoute, readyInOtherTargets: 100 }).readiness).toEqual([DRAINED]);
    });

    it('suspends every drain if a previous process had a suspicion', () => {
      expect(recalledSuspicion(90_000, 95_000)).toEqual({ ...state, lastSuspendedAtMs: 95_000 });
      expect(recalledSuspicion(undefined, 95_000)).toEqual(NO_SUSPICION);
    });

    it('ends the suspicion after a minute without a suspended drain', () => {
      const { readiness, state: next } = guard(all, { state, lastSuccessfulProbeMs: 95_000, nowMs: 150_001 });
      expect(readiness).toEqual([SUSPENDED, SUSPENDED]);
      expect(next.suspectSinceMs).toBe(150_001);
    });

    it('keeps the suspicion in a decision without a drain', () => {
      const other = [target('c', [healthy('10.0.3.1')])];
      expect(guard(other, { state }).state.suspectSinceMs).toBe(90_000);
      expect(guard(other, { state, nowMs: 90_000 + 60_001 }).state.suspectSinceMs).toBeUndefined();
    });
  });

  it('suspends the drain of an address without a route, even of one', () => {
    const lost = assessed('10.0.0.1', 'unhealthy', {
      port: { reason: 'NetworkUnreachable', health: healthOf('unhealthy', { vantageSuspect: true }) },
    });
    const targets = [target('a', [lost, down('10.0.0.2')])];
    const { readiness } = guard(targets, { readyInOtherTargets: 100 });
    expect(readiness).toEqual([SUSPENDED, DRAINED]);
  });

  it('says why it suspends a drain', () => {
    const reported = (targets: readonly GuardedTarget[], traits: Partial<DrainGuardInput>) =>
      guardDrains({ ...defaults, targets, ...traits }).assessments[0]?.[0]?.ports[0]?.message;
    expect(reported(all, {})).toBe(
      'not drained: 100% of all published addresses would be drained at once, so this worker may have lost its connectivity; found: ConnectionRefused: ',
    );
    const lost = assessed('10.0.0.1', 'unhealthy', {
      port: {
        reason: 'NetworkUnreachable',
        message: 'connect ENETUNREACH',
        health: healthOf('unhealthy', { vantageSuspect: true }),
      },
    });
    expect(reported([target('a', [lost])], { readyInOtherTargets: 100 })).toBe(
      'not drained: this worker found no route to the address, and the fault may be its own; found: NetworkUnreachable: connect ENETUNREACH',
    );
  });

  it('suspends nothing if no address was ready', () => {
    const fresh: GuardedTarget = { key: 'a', assessments: [down('10.0.0.1')], published: new Map() };
    expect(guard([fresh], { maxDrainPercent: 0 }).readiness).toEqual([DRAINED]);
  });
});
