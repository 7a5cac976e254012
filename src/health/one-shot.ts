import type { Clock } from '../target/clock.ts';
import type { Random } from '../target/random.ts';
import type { Check, CheckId, Health } from './health.ts';
import { isForming, notCheckedYet } from './hysteresis.ts';
import type { HealthMemory } from './memory.ts';
import { Monitor, type Observation } from './monitor.ts';
import type { Prober } from './probe.ts';

export interface OneShotOptions {
  /** Each id once. Those that stand first are probed first: mix the targets, so that none stands behind another. */
  readonly checks: readonly Check[];
  readonly previous: HealthMemory;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly random: Random;
  readonly maxInFlight: number;
  /**
   * `verdict`: tries go on, `fastInterval` apart, until the thresholds are reached or the newest sample
   * agrees with the verdict from before. `accumulate`: one try, and later passes add theirs.
   */
  readonly until: 'verdict' | 'accumulate';
  /** What is not settled by then is returned as it stands. */
  readonly timeoutMs: number;
  readonly onProgress?: (settled: number, total: number) => void;
}

/**
 * One pass of checks, side by side within the bound. Resolves with the health of every check; a check
 * that never came to a verdict is still `unknown`. Rejects with `signal.reason`.
 */
export async function formVerdicts(
  options: OneShotOptions,
  signal: AbortSignal,
): Promise<Map<CheckId, Health>> {
  signal.throwIfAborted();
  const { checks, clock, previous, until } = options;
  /** Those not settled yet, and how often each was tried. */
  const open = new Map<CheckId, number>(checks.map((check) => [check.id, 0]));
  const results = new Map<CheckId, Health>();
  const ending = new AbortController();

  const onObservation = ({ check, sample, after }: Observation) => {
    const tries = (open.get(check.id) ?? 0) + 1;
    open.set(check.id, tries);
    const undecided = sample.healthy || sample.speaksOf !== 'worker' ? isForming(after) : true;
    if (until === 'verdict' && undecided && tries < mostTries(check)) return;
    results.set(check.id, after);
    open.delete(check.id);
    monitor.remove(check.id);
    options.onProgress?.(results.size, checks.length);
    if (open.size === 0) ending.abort(ENDED);
  };
  const { prober, random, maxInFlight } = options;
  const monitor = new Monitor({ prober, clock, random, maxInFlight, onObservation });
  for (const check of checks) {
    const health = previous.recall(check) ?? notCheckedYet(clock.monotonicNow());
    monitor.add(check, { health, spread: false });
  }
  if (open.size > 0) await runUntilEnded(monitor, options, ending, signal);
  for (const id of open.keys()) results.set(id, monitor.health(id) ?? notCheckedYet(clock.monotonicNow()));
  return results;
}

/**
 * A backend that alternates would never settle, nor would one that this worker cannot even try: after
 * more tries than any verdict takes, what is known has to do.
 */
function mostTries({ settings }: Check): number {
  return settings.healthyThreshold + settings.unhealthyThreshold;
}

const ENDED = new Error('every check has its verdict');

async function runUntilEnded(
  monitor: Monitor,
  { clock, timeoutMs }: OneShotOptions,
  ending: AbortController,
  signal: AbortSignal,
): Promise<void> {
  const abort = () => ending.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  const timeUp = clock.sleep(timeoutMs, ending.signal).then(
    () => ending.abort(ENDED),
    (error: unknown) => {
      if (!ending.signal.aborted) throw error;
    },
  );
  try {
    await monitor.run(ending.signal);
  } catch (error) {
    if (error !== ENDED) throw error;
  } finally {
    signal.removeEventListener('abort', abort);
    ending.abort(ENDED);
    await timeUp;
  }
}
