import type { TargetReport } from './sync-report.ts';

/** What the worker counts, as a port. Labels take few values: reasons, kinds and verbs, never names. */
export interface Metrics {
  /** A list was read: taken in, or broken and not taken in. */
  listRead(result: 'Applied' | 'InvalidTargetList' | 'EmptyTargetList'): void;
  leading(isLeader: boolean): void;
  /** The leader has other lists than this replica. */
  listsDiffer(isSo: boolean): void;
  /** Entries that wait to be decided, and for how long the oldest has. */
  queue(depth: number, oldestAgeMs: number): void;
  decided(count: number): void;
  wrote(verb: string, kind: string): void;
  /** Another writer's change to one of our objects was repaired. */
  repaired(kind: string): void;
  /** From the cause, a verdict for instance, to the answer to the write. */
  appliedAfter(durationMs: number): void;
  /** The current report of every target, with its addresses. */
  targets(reports: Iterable<Pick<TargetReport, 'phase' | 'endpoints'>>): void;
  probed(reason: string): void;
  resolved(reason: string): void;
  apiRequest(verb: string, code: number): void;
  /** What became of an Event: `written`, `dropped`, or why it was not taken. */
  eventTold(outcome: string): void;
}

export const NO_METRICS: Metrics = {
  listRead: () => undefined,
  leading: () => undefined,
  listsDiffer: () => undefined,
  queue: () => undefined,
  decided: () => undefined,
  wrote: () => undefined,
  repaired: () => undefined,
  appliedAfter: () => undefined,
  targets: () => undefined,
  probed: () => undefined,
  resolved: () => undefined,
  apiRequest: () => undefined,
  eventTold: () => undefined,
};
