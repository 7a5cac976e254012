import type { Check, Health } from '../../src/health/health.ts';
import { notCheckedYet, observe } from '../../src/health/hysteresis.ts';
import { Monitor, type Observation } from '../../src/health/monitor.ts';
import { proberOver } from '../../src/health/probe.ts';
import { systemRandom } from '../../src/io/system-random.ts';
import { TcpDialer } from '../../src/io/tcp-dialer.ts';
import type { Clock } from '../../src/time/clock.ts';
import { TokenBucket } from '../../src/time/token-bucket.ts';
import { checkAt } from './checks.ts';

export const MAX_IN_FLIGHT = 2_048;

/** A plain connect closes in good order, so for comparison a probe always does too. */
const LIKE_WITH_LIKE = new TokenBucket(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);

/** One of 127.64.0.0 and up: this host answers on all of 127.0.0.0/8. */
export function loopbackAddress(at: number): string {
  return `127.${64 + (at >> 14)}.${(at >> 7) & 127}.${(at & 127) + 1}`;
}

export function loopbackChecks(port: number, from: number, to: number, intervalMs: number): Check[] {
  const settings = { intervalMs, fastIntervalMs: 1_000 };
  return Array.from({ length: to - from }, (_, at) =>
    checkAt(`${loopbackAddress(from + at)}:${port}`, settings),
  );
}

const SUCCESS = { healthy: true, reason: 'Connected', message: 'connected', latencyMs: 1 } as const;
const ONCE = { healthyThreshold: 1, unhealthyThreshold: 1 };
const HEALTHY: Health = observe(notCheckedYet(0), SUCCESS, ONCE, 0);

export function proberForComparison(clock: Clock) {
  return proberOver(new TcpDialer(clock, LIKE_WITH_LIKE), clock);
}

/** All that `run` has of health checks, over real sockets, with every check known healthy from before. */
export function busyMonitor(
  checks: readonly Check[],
  clock: Clock,
  onObservation: (observation: Observation) => void,
): Monitor {
  const monitor = new Monitor({
    prober: proberForComparison(clock),
    clock,
    random: systemRandom,
    maxInFlight: MAX_IN_FLIGHT,
    onObservation,
  });
  for (const check of checks) monitor.add(check, { health: HEALTHY, spread: true });
  return monitor;
}

/** To three digits behind the point. */
export function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return rounded(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN);
}

/** One JSON line. */
export function printResult(bench: string, result: object): void {
  process.stdout.write(`${JSON.stringify({ bench, ...result })}\n`);
}
