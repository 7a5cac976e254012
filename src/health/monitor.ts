import type { Clock } from '../target/clock.ts';
import { jittered, type Random } from '../target/random.ts';
import { Admission } from './admission.ts';
import { DueQueue } from './due-queue.ts';
import type { Check, CheckId, Health, Sample } from './health.ts';
import { isForming, notCheckedYet, observe } from './hysteresis.ts';
import { PROBE_STALLED, PROBE_TIMED_OUT, type Prober } from './probe.ts';

export interface MonitorOptions {
  readonly prober: Prober;
  readonly clock: Clock;
  readonly random: Random;
  /** Bound on probes, and so sockets, in flight. */
  readonly maxInFlight: number;
  /** Told of every sample, after it was taken into account. Must not throw. */
  readonly onObservation: (observation: Observation) => void;
}

/** One sample and what it made of a check's health. */
export interface Observation {
  readonly check: Check;
  readonly sample: Sample;
  readonly before: Health;
  readonly after: Health;
  /** When the probe was to start and when it did, on the monotonic clock. */
  readonly dueMs: number;
  readonly startedMs: number;
}

/** What is known of a check that begins, and whether it may wait for its turn in the interval. */
export interface Beginning {
  readonly health: Health;
  /** False: probe at once. True: some time within the interval, so that a restart is no burst. */
  readonly spread: boolean;
}

interface Entry {
  readonly check: Check;
  readonly address: Check['address'];
  health: Health;
  /** When it is to be probed next, or was to be if that is going on. */
  dueMs: number;
  /** The last probe used up its time-out. */
  slow: boolean;
  /** It has its own place in the interval, away from those that began with it. */
  spread: boolean;
  probe: Probe | undefined;
}

interface Probe {
  readonly entry: Entry;
  readonly controller: AbortController;
  readonly startedMs: number;
}

/** Share by which an interval varies, so that checks which once met do not keep meeting. */
const JITTER = 0.05;

/** Several that are due within this time start together: it saves wake-ups and nobody can tell. */
const TICK_MS = 5;

/** A time-out noticed so late means that this process stood still. */
const STALL_MS = 250;

const LONGEST_SLEEP_MS = 3_600_000;

const WOKEN = new Error('woken');
const STOPPED = new Error('the monitor stopped');

/**
 * Probes a changing set of checks on schedule, for as long as {@link run} goes on.
 *
 *     due ─▶ admission ─▶ probe ─▶ observe ─┬─▶ forming: due fastInterval after it started
 *      ▲    (bounds)                        └─▶ settled: due interval after it was due
 *      └────────────────────────────────────┘
 *
 * Everything hangs on one sleep until the earliest thing to do, start or time-out, so ten thousand checks
 * cost one timer, and the order of events follows from clock, randomness and network alone.
 */
export class Monitor {
  readonly #options: MonitorOptions;
  readonly #entries = new Map<CheckId, Entry>();
  readonly #due = new DueQueue<Entry>();
  readonly #deadlines = new DueQueue<Probe>();
  readonly #admission: Admission<Entry>;
  readonly #inFlight = new Set<Probe>();
  #wake = new AbortController();
  #wakesAtMs = Number.NEGATIVE_INFINITY;
  #crash: { readonly error: unknown } | undefined;
  #stopped = false;
  #emptied: (() => void) | undefined;

  constructor(options: MonitorOptions) {
    this.#options = options;
    this.#admission = new Admission(options.maxInFlight, (entry) => this.#start(entry));
  }

  /** Undefined for a check that is not in the set. */
  health(id: CheckId): Health | undefined {
    return this.#entries.get(id)?.health;
  }

  add(check: Check, beginning?: Beginning): void {
    if (this.#entries.has(check.id)) return;
    const nowMs = this.#options.clock.monotonicNow();
    const { health, spread } = beginning ?? { health: notCheckedYet(nowMs), spread: false };
    const { address } = check;
    const entry: Entry = { check, address, health, dueMs: nowMs, slow: false, spread, probe: undefined };
    this.#entries.set(check.id, entry);
    this.#schedule(entry, spread ? nowMs + this.#somewhereIn(check.settings.intervalMs) : nowMs);
  }

  /** A probe in flight ends by itself; nobody hears of its result. */
  remove(id: CheckId): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    if (entry.probe === undefined) this.#admission.withdraw(entry);
    if (this.#due.size > 2 * this.#entries.size + 1_000) this.#due.keepOnly((each) => this.#isCurrent(each));
  }

  /** To be called once. Rejects with `signal.reason`, when no probe is in flight any more. */
  async run(signal: AbortSignal): Promise<never> {
    const wakeUp = () => this.#wake.abort(WOKEN);
    signal.addEventListener('abort', wakeUp);
    try {
      for (;;) {
        signal.throwIfAborted();
        this.#turn(this.#options.clock.monotonicNow());
        await this.#rest();
        if (this.#crash !== undefined) throw this.#crash.error;
      }
    } finally {
      signal.removeEventListener('abort', wakeUp);
      await this.#stop();
    }
  }

  /** Ends the probes whose time is over and starts those whose time has come. */
  #turn(nowMs: number): void {
    for (
      let next = this.#nextDeadline();
      next !== undefined && next.atMs <= nowMs;
      next = this.#nextDeadline()
    ) {
      this.#deadlines.pop();
      next.item.controller.abort(nowMs - next.atMs > STALL_MS ? PROBE_STALLED : PROBE_TIMED_OUT);
    }
    for (let next = this.#due.peek(); next !== undefined && next.atMs <= nowMs; next = this.#due.peek()) {
      this.#due.pop();
      this.#begin(next.item, nowMs);
    }
  }

  #begin(entry: Entry, nowMs: number): void {
    if (!this.#isCurrent(entry)) return;
    const { intervalMs } = entry.check.settings;
    // After a suspension everything is overdue at once; nothing is gained by probing it all in a burst.
    if (entry.spread && nowMs - entry.dueMs > intervalMs) {
      this.#schedule(entry, nowMs + this.#somewhereIn(intervalMs));
    } else {
      this.#admission.offer(entry);
    }
  }

  #start(entry: Entry): void {
    if (this.#stopped) return;
    const startedMs = this.#options.clock.monotonicNow();
    const probe: Probe = { entry, controller: new AbortController(), startedMs };
    entry.probe = probe;
    this.#inFlight.add(probe);
    this.#deadlines.push(startedMs + entry.check.settings.timeoutMs, probe);
    if (!this.#isAwakeBy(startedMs + entry.check.settings.timeoutMs)) this.#wake.abort(WOKEN);
    this.#options.prober(entry.check, probe.controller.signal).then(
      (sample) => this.#finish(probe, sample),
      (error: unknown) => this.#abandon(probe, error),
    );
  }

  #finish(probe: Probe, sample: Sample): void {
    const { entry } = probe;
    this.#leave(probe);
    if (!this.#isCurrent(entry) || this.#stopped) return;
    const { check, health: before, dueMs } = entry;
    const nowMs = this.#options.clock.monotonicNow();
    const after = observe(before, sample, check.settings, nowMs);
    entry.health = after;
    this.#schedule(entry, this.#nextDueMs(probe, sample, nowMs));
    this.#options.onObservation({ check, sample, before, after, dueMs, startedMs: probe.startedMs });
  }

  /** A prober rejects when it is stopped; anything else is a bug, and half alive is worse than dead. */
  #abandon(probe: Probe, error: unknown): void {
    this.#leave(probe);
    if (this.#stopped) return;
    this.#crash = { error };
    this.#wake.abort(WOKEN);
  }

  #leave(probe: Probe): void {
    const { entry } = probe;
    this.#inFlight.delete(probe);
    entry.probe = undefined;
    entry.slow = probe.controller.signal.aborted;
    this.#admission.release(entry);
    if (this.#inFlight.size === 0) this.#emptied?.();
  }

  #nextDueMs({ entry, startedMs }: Probe, sample: Sample, nowMs: number): number {
    const { intervalMs, fastIntervalMs } = entry.check.settings;
    const counted = sample.healthy || sample.speaksOf !== 'worker';
    if (counted && isForming(entry.health)) return Math.max(startedMs + fastIntervalMs, nowMs);
    if (!entry.spread) {
      entry.spread = true;
      return nowMs + this.#somewhereIn(intervalMs);
    }
    return Math.max(entry.dueMs + jittered(intervalMs, JITTER, this.#options.random), nowMs);
  }

  #schedule(entry: Entry, dueMs: number): void {
    entry.dueMs = dueMs;
    this.#due.push(dueMs, entry);
    if (!this.#isAwakeBy(dueMs)) this.#wake.abort(WOKEN);
  }

  async #rest(): Promise<void> {
    const { clock } = this.#options;
    const nowMs = clock.monotonicNow();
    const earliestMs = Math.min(this.#due.peek()?.atMs ?? Infinity, this.#nextDeadline()?.atMs ?? Infinity);
    const sleepMs = Math.min(Math.max(earliestMs - nowMs, TICK_MS), LONGEST_SLEEP_MS);
    this.#wakesAtMs = nowMs + sleepMs;
    try {
      await clock.sleep(sleepMs, this.#wake.signal);
    } catch (error) {
      if (error !== WOKEN) throw error;
      this.#wake = new AbortController();
    }
  }

  async #stop(): Promise<void> {
    this.#stopped = true;
    for (const { controller } of this.#inFlight) controller.abort(STOPPED);
    if (this.#inFlight.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
  }

  /** The earliest time-out of a probe that still runs. */
  #nextDeadline(): { readonly atMs: number; readonly item: Probe } | undefined {
    for (let next = this.#deadlines.peek(); next !== undefined; next = this.#deadlines.peek()) {
      if (this.#inFlight.has(next.item)) return next;
      this.#deadlines.pop();
    }
    return undefined;
  }

  #isCurrent(entry: Entry): boolean {
    return this.#entries.get(entry.check.id) === entry;
  }

  #isAwakeBy(atMs: number): boolean {
    return this.#wakesAtMs <= atMs + TICK_MS;
  }

  #somewhereIn(durationMs: number): number {
    return this.#options.random.integer(Math.max(1, Math.ceil(durationMs)));
  }
}
