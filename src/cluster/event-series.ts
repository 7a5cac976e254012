import { BoundedMap } from '../model/bounded-map.ts';
import type { Instant } from '../time/clock.ts';
import type { EventObject, Happening } from './event-object.ts';

/** Repeated happenings of one subject and reason. */
export interface EventSeries {
  readonly key: string;
  /** The newest happening. */
  happening: Happening;
  /** How often it has happened since `firstWallMs`. */
  count: number;
  firstWallMs: number;
  lastWallMs: number;
  lastMs: number;
  /** A happening is not written yet. */
  isDirty: boolean;
  /** The Event that reports it: stored, or sent and perhaps stored. */
  event: EventObject | undefined;
  isStored: boolean;
  notBeforeMs: number;
  failures: number;
}

/** A series without a happening for this time is over; the next happening starts a new one. */
const OVER_AFTER_MS = 600_000;

/** With more series, those whose happenings are all written make room, oldest first. */
const MAX_SERIES = 1_000;

/** The open series, bounded in number. */
export class EventSeriesRegistry {
  /** In the order of their last write, or of their start. */
  readonly #byKey = new BoundedMap<string, EventSeries>(MAX_SERIES, ({ isDirty }) => !isDirty);

  /** Counts a happening; undefined if there is no room for its series. */
  count(happening: Happening, now: Instant): EventSeries | undefined {
    const { subject, reason } = happening;
    const key = [subject.kind, subject.namespace, subject.name, subject.uid ?? '', reason].join(' ');
    const known = this.#byKey.get(key);
    if (known !== undefined && (known.isDirty || now.monotonicMs - known.lastMs < OVER_AFTER_MS)) {
      return countedOn(known, happening, now);
    }
    const series = begun(key, happening, now);
    return this.#byKey.set(key, series) ? series : undefined;
  }

  /** The series to write next: the one whose waiting time ended first. */
  next(): EventSeries | undefined {
    let next: EventSeries | undefined;
    for (const series of this.#byKey.values()) {
      if (series.isDirty && (next === undefined || series.notBeforeMs < next.notBeforeMs)) next = series;
    }
    return next;
  }

  /** Called when a series is written: other series come first from now on. */
  moveToEnd(series: EventSeries): void {
    this.#byKey.set(series.key, series);
  }

  forget(series: EventSeries): void {
    this.#byKey.delete(series.key);
  }
}

function begun(key: string, happening: Happening, { wallMs, monotonicMs }: Instant): EventSeries {
  return {
    key,
    happening,
    count: 1,
    firstWallMs: wallMs,
    lastWallMs: wallMs,
    lastMs: monotonicMs,
    isDirty: true,
    event: undefined,
    isStored: false,
    notBeforeMs: monotonicMs,
    failures: 0,
  };
}

/** The note of an Event cannot change. Another note is another Event, and its count starts again. */
function countedOn(series: EventSeries, happening: Happening, { wallMs, monotonicMs }: Instant): EventSeries {
  if (series.event !== undefined && series.happening.note !== happening.note) {
    series.event = undefined;
    series.isStored = false;
    series.count = 0;
    series.firstWallMs = wallMs;
  }
  series.happening = happening;
  series.count += 1;
  series.lastWallMs = wallMs;
  series.lastMs = monotonicMs;
  series.isDirty = true;
  return series;
}
