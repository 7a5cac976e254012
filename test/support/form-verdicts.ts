import type { Check, CheckId, Health } from '../../src/health/health.ts';
import type { HealthMemory } from '../../src/health/memory.ts';
import type { Prober } from '../../src/health/probe.ts';
import { CheckSet } from '../../src/sync/check-set.ts';
import type { Clock } from '../../src/time/clock.ts';
import { LinkedController } from '../../src/time/linked-controller.ts';
import type { Random } from '../../src/time/random.ts';

export interface FormingOptions {
  readonly previous: HealthMemory;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly random: Random;
  readonly maxInFlight: number;
  readonly timeoutMs: number;
  readonly onProgress?: (ended: number, total: number) => void;
  readonly onEnded?: (id: CheckId) => void;
}

const USER = 'test';
const ENDED = new Error('every check has its verdict');

/** Makes each check until it has a verdict, as `sync` does. Rejects with `signal.reason`. */
export async function formVerdicts(
  checks: readonly Check[],
  { previous, timeoutMs, onProgress = () => undefined, onEnded, ...ports }: FormingOptions,
  signal: AbortSignal,
): Promise<ReadonlyMap<CheckId, Health>> {
  signal.throwIfAborted();
  using until = new LinkedController(signal);
  const endIfFormed = () => {
    if (set.haveVerdicts(USER)) until.abort(ENDED);
  };
  const set = new CheckSet({
    ...ports,
    once: true,
    onObservation: () => undefined,
    onEnded: (id) => {
      onEnded?.(id);
      onProgress(set.progress.ended, set.progress.all);
      endIfFormed();
    },
  });
  set.recallFrom(previous);
  const ended = [
    set.run(until.signal),
    ports.clock.sleep(timeoutMs, until.signal).then(() => set.endTime()),
  ].map((each) =>
    each.catch((error: unknown) => {
      if (error !== ENDED) throw error;
    }),
  );
  set.replace(USER, checks);
  endIfFormed();
  await Promise.all(ended);
  return set.snapshot();
}
