import type { FailedSample, Health, HealthySample, Sample } from './health.ts';

export interface Thresholds {
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
}

/** The health of a check before its first sample. */
export function notCheckedYet(nowMs: number): Health {
  return {
    verdict: 'unknown',
    reason: 'NotCheckedYet',
    message: 'not checked yet',
    streak: 0,
    sinceMs: nowMs,
    vantageSuspect: false,
  };
}

/**
 * Health after one more sample. A verdict changes with exactly the N-th sample in a row that contradicts it, and the
 * first verdict needs as many samples as any other.
 *
 *              healthyThreshold successes                unhealthyThreshold failures
 *     unknown ───────────────────────────▶ healthy ◀──▶ unhealthy ◀──────────── unknown
 *
 * If only the latency changed, the result is `health` itself, so that ten thousand undisturbed checks make no garbage. A
 * failure that concerns this worker only (`speaksOf: 'worker'`) does not count in either direction, and does not end a
 * streak.
 */
export function observe(health: Health, sample: Sample, thresholds: Thresholds, nowMs: number): Health {
  if (sample.healthy) return afterSuccess(health, sample, thresholds.healthyThreshold, nowMs);
  if (sample.speaksOf === 'worker') return afterNothing(health, sample);
  return afterFailure(health, sample, thresholds.unhealthyThreshold, nowMs);
}

/** True if more samples are needed soon: there is no verdict, or the newest samples contradict it. */
export function isForming(health: Health): boolean {
  return health.verdict === 'unknown' || health.streak > 0;
}

/** A success like those before. Only the latency changes, and that is in the sample. */
function isNothingNew(health: Health, sample: HealthySample): boolean {
  return (
    health.verdict === 'healthy' &&
    health.lastFailure === undefined &&
    health.latencyMs !== undefined &&
    health.reason === sample.reason &&
    health.message === sample.message &&
    health.certificateValidUntilWallMs === sample.certificateValidUntilWallMs
  );
}

type Spoken = Pick<Health, 'reason' | 'message' | 'latencyMs' | 'certificateValidUntilWallMs'>;

function afterSuccess(health: Health, sample: HealthySample, threshold: number, nowMs: number): Health {
  if (isNothingNew(health, sample)) return health;
  const spoken = spokenBy(sample);
  if (health.verdict === 'healthy') {
    return { verdict: 'healthy', ...spoken, streak: 0, sinceMs: health.sinceMs, vantageSuspect: false };
  }
  const streak = lengthened(health, 'successes');
  if (streak >= threshold) {
    return { verdict: 'healthy', ...spoken, streak: 0, sinceMs: nowMs, vantageSuspect: false };
  }
  const explained = health.verdict === 'unknown' ? { ...health, ...spoken, vantageSuspect: false } : health;
  return { ...explained, streak, streakOf: 'successes' };
}

function afterFailure(health: Health, sample: FailedSample, threshold: number, nowMs: number): Health {
  const spoken = { ...spokenBy(sample), lastFailure: sample };
  const suspect = sample.speaksOf === 'route';
  if (health.verdict === 'unhealthy') {
    // A streak that the backend's own failure has confirmed stays confirmed.
    const vantageSuspect = suspect && health.vantageSuspect;
    return { verdict: 'unhealthy', ...spoken, streak: 0, sinceMs: health.sinceMs, vantageSuspect };
  }
  const streak = lengthened(health, 'failures');
  // One uncertain sample makes the whole streak uncertain: without it there would be no verdict.
  const vantageSuspect = suspect || (streak > 1 && health.vantageSuspect);
  if (streak >= threshold) {
    return { verdict: 'unhealthy', ...spoken, streak: 0, sinceMs: nowMs, vantageSuspect };
  }
  const explained = health.verdict === 'unknown' ? { ...health, ...spoken } : health;
  return { ...explained, lastFailure: sample, streak, streakOf: 'failures', vantageSuspect };
}

function afterNothing(health: Health, sample: FailedSample): Health {
  const explained = health.verdict === 'unknown' ? { ...health, ...spokenBy(sample) } : health;
  return { ...explained, lastFailure: sample };
}

function spokenBy(sample: Sample): Spoken {
  const { reason, message, latencyMs, certificateValidUntilWallMs: until } = sample;
  const spoken = { reason, message, latencyMs };
  return until === undefined ? spoken : { ...spoken, certificateValidUntilWallMs: until };
}

function lengthened(health: Health, kind: NonNullable<Health['streakOf']>): number {
  return health.streakOf === kind ? health.streak + 1 : 1;
}
