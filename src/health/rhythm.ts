import { jittered, type Random } from '../time/random.ts';
import type { Entry } from './entry.ts';
import type { Sample } from './health.ts';
import { isForming } from './hysteresis.ts';

/** Share by which an interval varies, so that checks which once met do not keep meeting. */
const JITTER = 0.05;

/** Probes start in small groups, this share of their interval apart: a waking costs as much as a probe. */
const GROUPING = 0.01;

/** Some time within the interval that begins now: each check's own place, away from those that began with it. */
export function somewhereIn(intervalMs: number, nowMs: number, random: Random): number {
  const offsetMs = random.integer(Math.max(1, Math.ceil(intervalMs)));
  return grouped(nowMs + offsetMs, intervalMs);
}

/** When to probe again after this sample. The first time that nothing presses, a check gets its place in the interval. */
export function nextDueMs(entry: Entry, sample: Sample, nowMs: number, random: Random): number {
  const { intervalMs, fastIntervalMs } = entry.check.settings;
  // What does not count is no reason to hurry, unless there is nothing to go by yet.
  const presses = sample.healthy || sample.speaksOf !== 'worker' || entry.health.verdict === 'unknown';
  if (presses && isForming(entry.health)) return Math.max(entry.startedMs + fastIntervalMs, nowMs);
  if (!entry.spread) {
    entry.spread = true;
    return somewhereIn(intervalMs, nowMs, random);
  }
  return Math.max(oneIntervalAfter(entry.dueMs, intervalMs, random), nowMs);
}

function oneIntervalAfter(dueMs: number, intervalMs: number, random: Random): number {
  return grouped(dueMs + jittered(intervalMs, JITTER, random), intervalMs);
}

/** What is rounded alike happens together. */
function grouped(atMs: number, intervalMs: number): number {
  const stepMs = Math.max(1, intervalMs * GROUPING);
  return Math.ceil(atMs / stepMs) * stepMs;
}
