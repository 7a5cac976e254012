import { type Clock, instantOf } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import { Signal } from '../time/signal.ts';
import { TokenBucket } from '../time/token-bucket.ts';
import { type EventObject, eventObject, type Happening, seriesOf } from './event-object.ts';
import { type EventSeries, EventSeriesRegistry } from './event-series.ts';
import type { ApiFailure, ApiFailureReason, ApiResult, ObjectStore } from './object-store.ts';
import { withinTime } from './within-time.ts';

export interface EventRecorderSettings {
  /** The identity of the reporting process, the same as in the Lease. */
  readonly identity: string;
  /** Gets the outcome of each Event, and of each happening that was dropped. */
  readonly onOutcome: (outcome: EventOutcome) => void;
}

/**
 * `dropped`: too many happenings at once, or this replica does not lead. A failure: the API server rejected the
 * Event.
 */
export type EventOutcome = 'written' | 'dropped' | ApiFailure;

/** At most one write a minute for one subject and reason. */
const WRITE_EVERY_MS = 60_000;

/** The limit of all writes, because Events must not crowd out the writes that they report. */
const BURST = 50;
const PER_MINUTE = 120;

/** Happenings before a leader is elected, at the start for instance, are written by the process that becomes leader. */
const ELECTION_MS = 30_000;
const ASK_AGAIN_MS = 1_000;

const WRITE_TIMEOUT_MS = 10_000;
const MAX_FAILURES = 3;
const LONGEST_REST_MS = 3_600_000;
const WRITE = { dryRun: false } as const;

/** Another try would get the same answer. */
const HOPELESS: ReadonlySet<ApiFailureReason> = new Set<ApiFailureReason>([
  'NotLeader',
  'Forbidden',
  'NotFound',
  'NamespaceNotFound',
  'NamespaceTerminating',
  'Invalid',
  'Rejected',
]);

interface EventRecorderPorts {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Writes Kubernetes Events: counted, not repeated. Best effort: an Event that cannot be written is dropped and
 * counted, and nothing waits for it.
 */
export class EventRecorder {
  readonly #ports: EventRecorderPorts;
  readonly #settings: EventRecorderSettings;
  readonly #series = new EventSeriesRegistry();
  readonly #budget = new TokenBucket(BURST, PER_MINUTE);
  readonly #recorded: Signal;

  constructor(ports: EventRecorderPorts, settings: EventRecorderSettings) {
    this.#ports = ports;
    this.#settings = settings;
    this.#recorded = new Signal(ports.clock);
  }

  /** Returns at once. */
  record(happening: Happening): void {
    const counted = this.#series.count(happening, instantOf(this.#ports.clock));
    if (counted === undefined) this.#settings.onOutcome('dropped');
    else this.#recorded.notify();
  }

  /** Writes until `signal` aborts; then rejects with its reason. Events that are not written by then are lost. */
  async run(signal: AbortSignal): Promise<void> {
    for (;;) {
      const nowMs = this.#ports.clock.monotonicNow();
      const series = this.#series.next();
      const dueMs =
        series === undefined
          ? nowMs + LONGEST_REST_MS
          : Math.max(series.notBeforeMs, this.#budget.nextMs(nowMs));
      if (series === undefined || dueMs > nowMs) await this.#recorded.sleepUntil(dueMs, signal);
      else await this.#write(series, signal);
    }
  }

  async #write(series: EventSeries, signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    this.#budget.take(clock.monotonicNow());
    this.#series.moveToEnd(series);
    series.isDirty = false;
    series.notBeforeMs = clock.monotonicNow() + WRITE_EVERY_MS;
    const event = series.event ?? this.#newEvent(series);
    series.event = event;
    const result = await withinTime(clock, WRITE_TIMEOUT_MS, signal, (until) =>
      series.isStored ? this.#continueSeries(series, event, until) : this.#create(event, until),
    );
    if (!result.ok) {
      this.#giveUpOrRepeat(series, result.failure);
      return;
    }
    series.failures = 0;
    // A happening with another note may have come meanwhile; it belongs to another Event.
    if (series.event === event) series.isStored = true;
    this.#settings.onOutcome('written');
  }

  #newEvent({ happening, count, firstWallMs, lastWallMs }: EventSeries): EventObject {
    const { identity } = this.#settings;
    // client-go makes names unique by time. The random part is for clocks that are coarse.
    const chance = this.#ports.random.integer(0x10000).toString(16).padStart(4, '0');
    const suffix = `${Math.floor(firstWallMs).toString(16)}${chance}`;
    return eventObject({ happening, suffix, firstWallMs, series: seriesOf(count, lastWallMs), identity });
  }

  /** An Event that exists already is ours: an earlier try succeeded and its answer was lost. */
  async #create(event: EventObject, signal: AbortSignal): Promise<ApiResult<unknown>> {
    const result = await this.#ports.store.create(event, WRITE, signal);
    const isThere = !result.ok && result.failure.reason === 'AlreadyExists';
    return isThere ? { ok: true, value: undefined, created: false, warnings: [] } : result;
  }

  #continueSeries(
    { count, lastWallMs }: EventSeries,
    { metadata }: EventObject,
    signal: AbortSignal,
  ): Promise<ApiResult<unknown>> {
    const reference = { kind: 'Event', namespace: metadata.namespace ?? '', name: metadata.name } as const;
    const body = { series: seriesOf(count, lastWallMs) };
    return this.#ports.store.patch(reference, { type: 'merge', body }, WRITE, signal);
  }

  #giveUpOrRepeat(series: EventSeries, failure: ApiFailure): void {
    // The API server deletes an Event an hour after its last write.
    if (series.isStored && failure.reason === 'NotFound') {
      series.event = undefined;
      series.isStored = false;
      series.isDirty = true;
      return;
    }
    const nowMs = this.#ports.clock.monotonicNow();
    if (failure.reason === 'NotLeader' && nowMs - series.lastMs < ELECTION_MS) {
      series.event = undefined;
      series.isDirty = true;
      series.notBeforeMs = nowMs + ASK_AGAIN_MS;
      return;
    }
    series.failures += 1;
    if (HOPELESS.has(failure.reason) || series.failures >= MAX_FAILURES) {
      this.#series.forget(series);
      this.#settings.onOutcome(failure.reason === 'NotLeader' ? 'dropped' : failure);
    } else series.isDirty = true;
  }
}
