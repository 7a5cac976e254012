import { jittered, type Random } from '../time/random.ts';
import type { Check, Health, Sample } from './health.ts';
import { isForming, notCheckedYet } from './hysteresis.ts';
import type { ProbeGroup } from './probes-in-flight.ts';

/** The interval varies by this share at random, so that checks which coincide once do not coincide again and again. */
const JITTER = 0.05;

/** Probes start in small groups, this share of their interval apart: one wake-up costs as much as one probe. */
const GROUPING = 0.01;

/** How a monitor starts with a check. */
export interface Beginning {
  readonly health: Health;
  /** False: probe at once. True: probe some time within the interval, so that a restart causes no burst. */
  readonly spread: boolean;
}

/** All that a monitor knows of one check. */
export interface ScheduledCheck {
  readonly check: Check;
  readonly address: Check['address'];
  health: Health;
  /**
   * The latency of the newest sample that agreed with the verdict; NaN before the first one. The health object stays
   * the same after such a sample, so the latency is here.
   */
  latencyMs: number;
  /** When the next probe is due; while a probe is in flight, when that one was due. */
  dueMs: number;
  /** The same, rounded: the time under which the queue has it. */
  queuedAtMs: number;
  /** When the probe in flight, or the last probe, started. */
  startedMs: number;
  /** The last probe used up its time-out. */
  slow: boolean;
  /** It has its own place in the interval, apart from the checks that started together with it. */
  spread: boolean;
  /** False after it was removed. A probe may still be in flight then. */
  wanted: boolean;
  group: ProbeGroup | undefined;
}

export function scheduledCheck(
  check: Check,
  nowMs: number,
  beginning: Beginning | undefined,
): ScheduledCheck {
  const { health, spread } = beginning ?? { health: notCheckedYet(nowMs), spread: false };
  return {
    check,
    address: check.address,
    health,
    latencyMs: health.latencyMs ?? Number.NaN,
    dueMs: nowMs,
    queuedAtMs: nowMs,
    startedMs: nowMs,
    slow: false,
    spread,
    wanted: true,
    group: undefined,
  };
}

/** A random time within the interval that begins now. */
export function somewhereIn(intervalMs: number, nowMs: number, random: Random): number {
  const offsetMs = random.integer(Math.max(1, Math.ceil(intervalMs)));
  return grouped(nowMs + offsetMs, intervalMs);
}

/**
 * When the next probe is due after this sample. The first time that nothing is urgent, the check gets its own place in
 * the interval.
 */
export function nextDueMs(entry: ScheduledCheck, sample: Sample, nowMs: number, random: Random): number {
  const { intervalMs, fastIntervalMs } = entry.check.settings;
  // A sample that does not count is no reason to hurry, unless there is no verdict at all yet.
  const isUrgent = sample.healthy || sample.speaksOf !== 'worker' || entry.health.verdict === 'unknown';
  if (isUrgent && isForming(entry.health)) return Math.max(entry.startedMs + fastIntervalMs, nowMs);
  if (!entry.spread) {
    entry.spread = true;
    return somewhereIn(intervalMs, nowMs, random);
  }
  return Math.max(grouped(entry.dueMs + jittered(intervalMs, JITTER, random), intervalMs), nowMs);
}

/** Rounded up, so that probes of about the same time start together. */
function grouped(atMs: number, intervalMs: number): number {
  const stepMs = Math.max(1, intervalMs * GROUPING);
  return Math.ceil(atMs / stepMs) * stepMs;
}

/**
 * Items by the time when they are due. Items with exactly the same time share a bucket, and callers round their times,
 * so there are few buckets: ten thousand timers cost little more than a hundred.
 */
export class DueQueue<T> {
  readonly #buckets = new Map<number, Set<T>>();
  /** Latest first, so that the earliest is cheap to remove. */
  readonly #times: number[] = [];

  /** When the next item is due; Infinity if there is none. */
  earliestMs(): number {
    for (let atMs = this.#times.at(-1); atMs !== undefined; atMs = this.#times.at(-1)) {
      if (this.#buckets.get(atMs)?.size !== 0) return atMs;
      this.#times.pop();
      this.#buckets.delete(atMs);
    }
    return Number.POSITIVE_INFINITY;
  }

  add(item: T, atMs: number): void {
    const bucket = this.#buckets.get(atMs);
    if (bucket !== undefined) {
      bucket.add(item);
      return;
    }
    this.#buckets.set(atMs, new Set([item]));
    this.#times.splice(this.#indexOf(atMs), 0, atMs);
  }

  /** Does nothing if the item is not there. */
  remove(item: T, atMs: number): void {
    this.#buckets.get(atMs)?.delete(item);
  }

  /** Removes and returns the items that are due by then, in the order of their times and, within one, of arrival. */
  takeDue(nowMs: number): T[] {
    const due: T[] = [];
    for (let atMs = this.earliestMs(); atMs <= nowMs; atMs = this.earliestMs()) {
      for (const item of this.#buckets.get(atMs) ?? []) due.push(item);
      this.#times.pop();
      this.#buckets.delete(atMs);
    }
    return due;
  }

  /** Where a time belongs in the order, by bisection. */
  #indexOf(atMs: number): number {
    let [low, high] = [0, this.#times.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#times[middle] ?? Number.NEGATIVE_INFINITY) > atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
