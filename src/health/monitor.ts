import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import { Signal } from '../time/signal.ts';
import { Admission } from './admission.ts';
import {
  type Beginning,
  DueQueue,
  nextDueMs,
  type ScheduledCheck,
  scheduledCheck,
  somewhereIn,
} from './check-schedule.ts';
import type { Check, CheckId, Health, Sample } from './health.ts';
import { observe } from './hysteresis.ts';
import { PROBE_STALLED, PROBE_TIMED_OUT, type Prober } from './probe.ts';
import { ProbesInFlight, TICK_MS } from './probes-in-flight.ts';

export interface MonitorOptions {
  readonly prober: Prober;
  readonly clock: Clock;
  readonly random: Random;
  /** The limit of probes, and so of sockets, in flight. */
  readonly maxInFlight: number;
  /** Called with every sample after it was counted. Must not throw. */
  readonly onObservation: (observation: Observation) => void;
}

/** One sample and the health before and after it. */
export interface Observation {
  readonly check: Check;
  readonly sample: Sample;
  readonly before: Health;
  readonly after: Health;
  /** When the probe was due and when it started, on the monotonic clock. */
  readonly dueMs: number;
  readonly startedMs: number;
}

/** Timers count whole milliseconds and may end early by one. Work that is due within it is done at once. */
const TIMER_SLACK_MS = 1;

/** If a time-out is noticed this late, the process itself was not running. */
const STALL_MS = 250;

const LONGEST_SLEEP_MS = 3_600_000;

const STOPPED = new Error('the monitor stopped');

/**
 * Probes a changing set of checks on schedule, while {@link run} goes on.
 *
 *     due ─▶ admission ─▶ probe ─▶ observe ─┬─▶ forming: due fastInterval after it started
 *      ▲    (bounds)                        └─▶ stable: due interval after it was due
 *      └────────────────────────────────────┘
 *
 * There is one sleep, until the earliest start or time-out. So ten thousand checks cost one timer, and the order of
 * events follows from clock, randomness and network only.
 */
export class Monitor {
  readonly #options: MonitorOptions;
  readonly #entries = new Map<CheckId, ScheduledCheck>();
  readonly #due = new DueQueue<ScheduledCheck>();
  readonly #admission: Admission<ScheduledCheck>;
  readonly #probes = new ProbesInFlight();
  readonly #changed: Signal;
  #crash: { readonly error: unknown } | undefined;
  #stopped = false;
  #emptied: (() => void) | undefined;

  constructor(options: MonitorOptions) {
    this.#options = options;
    this.#admission = new Admission(options.maxInFlight, (entry) => this.#start(entry));
    this.#changed = new Signal(options.clock);
  }

  /** Undefined for an unknown check. */
  health(id: CheckId): Health | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined || Number.isNaN(entry.latencyMs)) return entry?.health;
    return { ...entry.health, latencyMs: entry.latencyMs };
  }

  /** Probes, and so sockets, in flight. */
  get inFlight(): number {
    return this.#admission.inFlight;
  }

  add(check: Check, beginning?: Beginning): void {
    if (this.#entries.has(check.id)) return;
    const nowMs = this.#options.clock.monotonicNow();
    const entry = scheduledCheck(check, nowMs, beginning);
    this.#entries.set(check.id, entry);
    this.#schedule(entry, entry.spread ? this.#somewhereIn(entry, nowMs) : nowMs);
  }

  /** A probe in flight ends by itself; its result is ignored. */
  remove(id: CheckId): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    entry.wanted = false;
    if (entry.group !== undefined) return;
    this.#due.remove(entry, entry.queuedAtMs);
    this.#admission.withdraw(entry);
  }

  /** To be called once. Rejects with `signal.reason`, when no probe is in flight any more. */
  async run(signal: AbortSignal): Promise<never> {
    try {
      for (;;) {
        signal.throwIfAborted();
        this.#turn(this.#options.clock.monotonicNow() + TIMER_SLACK_MS);
        await this.#sleepUntil(Math.min(this.#due.earliestMs(), this.#probes.earliestEndMs()), signal);
        if (this.#crash !== undefined) throw this.#crash.error;
      }
    } finally {
      await this.#stop();
    }
  }

  /** At least {@link TICK_MS}, so that probes which are due close together start together. */
  async #sleepUntil(atMs: number, signal: AbortSignal): Promise<void> {
    // Whole milliseconds: timers cut off the rest and would end too early.
    const leftMs = Math.ceil(atMs - this.#options.clock.monotonicNow());
    await this.#changed.sleep(Math.min(Math.max(leftMs, TICK_MS), LONGEST_SLEEP_MS), signal);
  }

  /** Ends overdue probes and starts due ones. */
  #turn(nowMs: number): void {
    this.#probes.endOverdue(nowMs, (lateByMs) => (lateByMs > STALL_MS ? PROBE_STALLED : PROBE_TIMED_OUT));
    for (const entry of this.#due.takeDue(nowMs)) this.#begin(entry, nowMs);
  }

  #begin(entry: ScheduledCheck, nowMs: number): void {
    // After a suspension all checks are overdue; a burst of probes would not help.
    if (entry.spread && nowMs - entry.dueMs > entry.check.settings.intervalMs) {
      this.#schedule(entry, this.#somewhereIn(entry, nowMs));
    } else {
      this.#admission.offer(entry);
    }
  }

  #start(entry: ScheduledCheck): void {
    if (this.#stopped) return;
    const { timeoutMs } = entry.check.settings;
    const startedMs = this.#options.clock.monotonicNow();
    const group = this.#probes.join(timeoutMs, startedMs);
    entry.startedMs = startedMs;
    entry.group = group;
    this.#changed.notifyBefore(startedMs + timeoutMs + TICK_MS);
    this.#options.prober(entry.check, group.signal).then(
      (sample) => this.#finish(entry, sample),
      (error: unknown) => this.#abandon(entry, error),
    );
  }

  #finish(entry: ScheduledCheck, sample: Sample): void {
    this.#leave(entry);
    if (!entry.wanted || this.#stopped) return;
    const { check, health: before, dueMs, startedMs } = entry;
    const nowMs = this.#options.clock.monotonicNow();
    const after = observe(before, sample, check.settings, nowMs);
    entry.health = after;
    const agrees = sample.healthy === (after.verdict === 'healthy');
    entry.latencyMs = agrees ? sample.latencyMs : (after.latencyMs ?? Number.NaN);
    this.#schedule(entry, nextDueMs(entry, sample, nowMs, this.#options.random));
    this.#options.onObservation({ check, sample, before, after, dueMs, startedMs });
  }

  /** A prober rejects when it is stopped. Any other error is a bug, and then the whole monitor ends. */
  #abandon(entry: ScheduledCheck, error: unknown): void {
    this.#leave(entry);
    if (this.#stopped) return;
    this.#crash = { error };
    this.#changed.notify();
  }

  #leave(entry: ScheduledCheck): void {
    const { group } = entry;
    if (group === undefined) throw new Error(`${entry.check.id} ended a probe that had not started`);
    this.#probes.leave(group);
    entry.group = undefined;
    entry.slow = group.signal.aborted;
    this.#admission.release(entry);
    if (this.#probes.count === 0) this.#emptied?.();
  }

  #schedule(entry: ScheduledCheck, dueMs: number): void {
    entry.dueMs = dueMs;
    // Whole milliseconds, so that checks of the same time share a bucket of the queue.
    entry.queuedAtMs = Math.floor(dueMs);
    this.#due.add(entry, entry.queuedAtMs);
    this.#changed.notifyBefore(dueMs + TICK_MS);
  }

  #somewhereIn({ check }: ScheduledCheck, nowMs: number): number {
    return somewhereIn(check.settings.intervalMs, nowMs, this.#options.random);
  }

  async #stop(): Promise<void> {
    this.#stopped = true;
    this.#probes.endAll(STOPPED);
    if (this.#probes.count === 0) return;
    await new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
  }
}
