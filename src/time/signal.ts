import type { Clock } from './clock.ts';
import { LinkedController } from './linked-controller.ts';

/**
 * A sleep that can be ended early. Level-triggered: a `notify` while nobody sleeps ends the next sleep at once.
 * This is the one way to wait for time or for other things, whichever comes first.
 */
export class Signal {
  readonly #clock: Clock;
  #notified = false;
  #wake = new AbortController();
  #sleepsUntilMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  notify(): void {
    if (this.#notified) return;
    this.#notified = true;
    this.#wake.abort(NOTIFIED);
  }

  /** Notifies only if the sleep, or the last one that there was, ends later than that. */
  notifyBefore(untilMs: number): void {
    if (this.#sleepsUntilMs > untilMs) this.notify();
  }

  /** True if notified, false if the time ended the sleep. Rejects with the reason of the first of `signals` that aborts. */
  async sleep(durationMs: number, ...signals: readonly AbortSignal[]): Promise<boolean> {
    this.#sleepsUntilMs = this.#clock.monotonicNow() + durationMs;
    if (!this.#notified) await this.#sleepUntilNotified(durationMs, signals);
    const wasNotified = this.#notified;
    if (wasNotified) {
      this.#notified = false;
      this.#wake = new AbortController();
    }
    return wasNotified;
  }

  /** As {@link sleep}, until a moment on the monotonic clock. */
  sleepUntil(untilMs: number, ...signals: readonly AbortSignal[]): Promise<boolean> {
    return this.sleep(untilMs - this.#clock.monotonicNow(), ...signals);
  }

  async #sleepUntilNotified(durationMs: number, signals: readonly AbortSignal[]): Promise<void> {
    using until = new LinkedController(this.#wake.signal, ...signals);
    try {
      await this.#clock.sleep(durationMs, until.signal);
    } catch (error) {
      if (error !== NOTIFIED) throw error;
    }
  }
}

const NOTIFIED = new Error('notified');
