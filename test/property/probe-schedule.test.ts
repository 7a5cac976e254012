import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Admission } from '../../src/health/admission.ts';
import { DueQueue } from '../../src/health/due-queue.ts';
import { Flights } from '../../src/health/flights.ts';
import type { IpAddress } from '../../src/target/ip-address.ts';
import { addressOf } from '../support/checks.ts';

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
        ({ host, slow }): Applicant => ({ address: addressOf(`10.0.0.${host}`), slow, state: 'new' }),
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

it('knows whose time is over, and whose is next', () => {
  const starts = fc.array(fc.record({ afterMs: fc.nat(5), timeoutMs: fc.constantFrom(5, 20, 50) }), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(starts, fc.nat(100), (described, nowMs) => {
      const flights = new Flights<{ startedMs: number; timeoutMs: number }>();
      let clockMs = 0;
      const all = described.map(({ afterMs, timeoutMs }) => {
        clockMs += afterMs;
        return { startedMs: clockMs, timeoutMs };
      });
      for (const flight of all) flights.add(flight);
      const endOf = (flight: { startedMs: number; timeoutMs: number }) => flight.startedMs + flight.timeoutMs;
      expect(flights.earliestTimeoutMs()).toBe(Math.min(Number.POSITIVE_INFINITY, ...all.map(endOf)));
      const over = flights.takeTimedOut(nowMs);
      expect(new Set(over)).toEqual(new Set(all.filter((flight) => endOf(flight) <= nowMs)));
      expect(new Set(flights)).toEqual(new Set(all.filter((flight) => endOf(flight) > nowMs)));
      for (const flight of all) flights.remove(flight);
      expect(flights.size).toBe(0);
      expect([...flights]).toEqual([]);
    }),
  );
});
