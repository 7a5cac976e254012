import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import { Signal } from '../time/signal.ts';
import type { Check, CheckId, Health } from './health.ts';
import { isForming, notCheckedYet } from './hysteresis.ts';
import type { HealthMemory } from './memory.ts';
import { Monitor, type Observation } from './monitor.ts';
import type { Prober } from './probe.ts';

export interface OneShotOptions {
  readonly previous: HealthMemory;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly random: Random;
  readonly maxInFlight: number;
  /** Counted from `run`. Checks without a verdict by then are returned as they are. */
  readonly timeoutMs: number;
  readonly onProgress?: (done: number, total: number) => void;
}

interface Open {
  readonly check: Check;
  tries: number;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * The checks of one pass, side by side within one limit. A caller requests the checks that it needs, and gets their
 * health when they are done, whatever the other checks do. A check that several callers request is made once.
 *
 * A check is done when its thresholds are reached, or when its newest sample agrees with the previous verdict. With
 * `oneShot: accumulate` it is done after one sample, and later passes add more.
 */
export class OneShotChecks {
  readonly #options: OneShotOptions;
  readonly #monitor: Monitor;
  readonly #open = new Map<CheckId, Open>();
  readonly #results = new Map<CheckId, Health>();
  #timeIsUp = false;

  constructor(options: OneShotOptions) {
    this.#options = options;
    const { prober, clock, random, maxInFlight } = options;
    const onObservation = (observation: Observation) => this.#onObservation(observation);
    this.#monitor = new Monitor({ prober, clock, random, maxInFlight, onObservation });
  }

  /** Resolves with the health of each check; `unknown` for a check without a verdict. */
  async form(checks: readonly Check[]): Promise<ReadonlyMap<CheckId, Health>> {
    const waits = checks.flatMap((check) => this.#begin(check) ?? []);
    await Promise.all(waits);
    return new Map(checks.map((check) => [check.id, this.#healthOf(check.id)]));
  }

  /** The health of all requested checks so far. */
  get results(): ReadonlyMap<CheckId, Health> {
    return this.#results;
  }

  /** Probes until `signal` aborts, and rejects with its reason then. To be called once. */
  async run(signal: AbortSignal): Promise<never> {
    const { clock, timeoutMs } = this.#options;
    const ended = new Signal(clock);
    const timeUp = ended.sleep(timeoutMs, signal).then(
      (wasEnded) => {
        if (!wasEnded) this.#endTime();
      },
      (error: unknown) => {
        if (!signal.aborted) throw error;
      },
    );
    try {
      return await this.#monitor.run(signal);
    } finally {
      ended.notify();
      await timeUp;
    }
  }

  #begin(check: Check): Promise<void> | undefined {
    if (this.#results.has(check.id)) return undefined;
    const known = this.#open.get(check.id);
    if (known !== undefined) return known.done.promise;
    const { clock, previous } = this.#options;
    const health = previous.recall(check) ?? notCheckedYet(clock.monotonicNow());
    if (this.#timeIsUp) {
      this.#results.set(check.id, health);
      return undefined;
    }
    const open: Open = { check, tries: 0, done: Promise.withResolvers() };
    this.#open.set(check.id, open);
    this.#monitor.add(check, { health, spread: false });
    return open.done.promise;
  }

  #onObservation({ check, sample, after }: Observation): void {
    const open = this.#open.get(check.id);
    if (open === undefined) return;
    open.tries += 1;
    const undecided = sample.healthy || sample.speaksOf !== 'worker' ? isForming(after) : true;
    const goesOn = check.settings.oneShot === 'verdict' && undecided && open.tries < mostTries(check);
    if (!goesOn) this.#finish(open, after);
  }

  #finish(open: Open, health: Health): void {
    const { id } = open.check;
    this.#results.set(id, health);
    this.#open.delete(id);
    this.#monitor.remove(id);
    open.done.resolve();
    this.#options.onProgress?.(this.#results.size, this.#results.size + this.#open.size);
  }

  #endTime(): void {
    this.#timeIsUp = true;
    for (const open of [...this.#open.values()]) this.#finish(open, this.#healthOf(open.check.id));
  }

  #healthOf(id: CheckId): Health {
    const known = this.#results.get(id) ?? this.#monitor.health(id);
    return known ?? notCheckedYet(this.#options.clock.monotonicNow());
  }
}

/**
 * The number of tries after which a check counts as it is: a backend that alternates never gets a verdict, nor does
 * one that this worker cannot probe.
 */
function mostTries({ settings }: Check): number {
  return settings.healthyThreshold + settings.unhealthyThreshold;
}
