import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Admission } from '../../src/health/admission.ts';
import { DueQueue } from '../../src/health/check-schedule.ts';
import { type ProbeGroup, ProbesInFlight, TICK_MS } from '../../src/health/probes-in-flight.ts';
import type { IpAddress } from '../../src/model/ip-address.ts';
import { ip } from '../support/addresses.ts';

interface Applicant {
  readonly address: IpAddress;
  readonly slow: boolean;
  state: 'new' | 'waiting' | 'admitted' | 'gone';
}

it('admits everybody in the end, within its bounds and one an address, whatever the order of events', () => {
  const applicants = fc.array(fc.record({ host: fc.nat(9), slow: fc.boolean() }), { maxLength: 40 });
  const steps = fc.array(
    fc.record({ what: fc.constantFrom('offer', 'release', 'withdraw'), whom: fc.nat(39) }),
    {
      maxLength: 200,
    },
  );
  fc.assert(
    fc.property(applicants, steps, fc.integer({ min: 1, max: 8 }), (described, events, maxInFlight) => {
      const all = described.map(
        ({ host, slow }): Applicant => ({ address: ip(`10.0.0.${host}`), slow, state: 'new' }),
      );
      const admission = new Admission<Applicant>(maxInFlight, (applicant) => {
        expect(applicant.state).toBe('waiting');
        applicant.state = 'admitted';
      });
      const check = () => {
        const admitted = all.filter(({ state }) => state === 'admitted');
        expect(admission.inFlight).toBe(admitted.length);
        expect(admitted.length).toBeLessThanOrEqual(maxInFlight);
        expect(admitted.filter(({ slow }) => slow).length).toBeLessThanOrEqual(Math.max(1, maxInFlight >> 1));
        expect(new Set(admitted.map(({ address }) => address)).size).toBe(admitted.length);
      };
      const release = (applicant: Applicant) => {
        applicant.state = 'gone';
        admission.release(applicant);
      };
      for (const { what, whom } of events) {
        const applicant = all[whom];
        if (applicant === undefined) continue;
        if (what === 'offer' && applicant.state === 'new') {
          applicant.state = 'waiting';
          admission.offer(applicant);
        } else if (what === 'release' && applicant.state === 'admitted') {
          release(applicant);
        } else if (what === 'withdraw' && applicant.state === 'waiting') {
          applicant.state = 'gone';
          admission.withdraw(applicant);
        }
        check();
      }
      for (let next = admittedOf(all); next !== undefined; next = admittedOf(all)) {
        release(next);
        check();
      }
      expect(all.filter(({ state }) => state === 'waiting')).toEqual([]);
      expect(admission.inFlight).toBe(0);
    }),
    { numRuns: 500 },
  );
});

function admittedOf(all: readonly Applicant[]): Applicant | undefined {
  return all.find(({ state }) => state === 'admitted');
}

it('gives out what is due in the order of times, and of arrival within one', () => {
  const additions = fc.array(fc.record({ atMs: fc.nat(30), removed: fc.boolean() }), { maxLength: 60 });
  fc.assert(
    fc.property(additions, fc.nat(35), (described, nowMs) => {
      const queue = new DueQueue<number>();
      for (const [item, { atMs }] of described.entries()) queue.add(item, atMs);
      for (const [item, { atMs, removed }] of described.entries()) if (removed) queue.remove(item, atMs);
      const kept = described
        .map(({ atMs, removed }, item) => ({ atMs, removed, item }))
        .filter((each) => !each.removed);
      const sorted = kept.toSorted((a, b) => a.atMs - b.atMs || a.item - b.item);
      expect(queue.earliestMs()).toBe(sorted[0]?.atMs ?? Number.POSITIVE_INFINITY);
      expect(queue.takeDue(nowMs)).toEqual(
        sorted.filter(({ atMs }) => atMs <= nowMs).map(({ item }) => item),
      );
      expect(queue.takeDue(100)).toEqual(sorted.filter(({ atMs }) => atMs > nowMs).map(({ item }) => item));
      expect(queue.earliestMs()).toBe(Number.POSITIVE_INFINITY);
    }),
  );
});

interface TimedProbe {
  readonly startMs: number;
  readonly timeoutMs: number;
  /** Infinity: it has to be ended. */
  readonly leaveMs: number;
}

/** Probes by the millisecond, each held against the plainest reading of its time-out. */
class FlightTable {
  readonly flights = new ProbesInFlight();
  readonly #underWay = new Map<TimedProbe, ProbeGroup>();

  begin(probes: readonly TimedProbe[], nowMs: number): void {
    for (const probe of probes) {
      if (probe.startMs === nowMs) this.#underWay.set(probe, this.flights.join(probe.timeoutMs, nowMs));
    }
    expect(this.flights.count).toBe(this.#underWay.size);
  }

  leave(nowMs: number): void {
    for (const [probe, flight] of this.#underWay) if (probe.leaveMs <= nowMs) this.#leave(probe, flight);
  }

  end(nowMs: number): void {
    const dueMs = this.flights.earliestEndMs();
    this.flights.endOverdue(nowMs, (lateByMs) => new Error(`late by ${lateByMs}`));
    for (const [probe, flight] of this.#underWay) {
      expectInTime(flight, probe.startMs + probe.timeoutMs, nowMs);
      if (!flight.signal.aborted) continue;
      expect(dueMs).toBe(nowMs);
      this.#leave(probe, flight);
    }
  }

  #leave(probe: TimedProbe, flight: ProbeGroup): void {
    this.flights.leave(flight);
    this.#underWay.delete(probe);
  }
}

/** Its time is over at `overMs`, or a tick later with that of those which joined it. */
function expectInTime({ signal }: ProbeGroup, overMs: number, nowMs: number): void {
  if (!signal.aborted) expect(nowMs).toBeLessThan(overMs + TICK_MS);
  else {
    expect(nowMs).toBeGreaterThanOrEqual(overMs);
    expect(nowMs).toBeLessThanOrEqual(overMs + TICK_MS);
    expect(signal.reason).toEqual(new Error('late by 0'));
  }
}

it('ends every probe that is under way when its time is over, none before and none that has left', () => {
  const starts = fc.array(
    fc.record({
      afterMs: fc.nat(8),
      timeoutMs: fc.constantFrom(5, 20, 50),
      leavesAfterMs: fc.option(fc.nat(60), { nil: Number.POSITIVE_INFINITY }),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(starts, (described) => {
      const table = new FlightTable();
      let clockMs = 0;
      const probes = described.map(({ afterMs, timeoutMs, leavesAfterMs }) => {
        clockMs += afterMs;
        return { startMs: clockMs, timeoutMs, leaveMs: clockMs + leavesAfterMs };
      });
      for (let nowMs = 0; nowMs <= clockMs + 200; nowMs += 1) {
        table.leave(nowMs);
        table.end(nowMs);
        table.begin(probes, nowMs);
      }
      expect(table.flights.count).toBe(0);
      expect(table.flights.earliestEndMs()).toBe(Number.POSITIVE_INFINITY);
    }),
    { numRuns: 200 },
  );
});

it('ends all that are under way when it is told to', () => {
  const flights = new ProbesInFlight();
  const all = [flights.join(5, 0), flights.join(5, 2), flights.join(20, 0)];
  flights.endAll(new Error('stop'));
  expect(all.every(({ signal }) => signal.aborted)).toBe(true);
  expect(flights.count).toBe(3);
  for (const flight of all) flights.leave(flight);
  expect(flights.count).toBe(0);
});
