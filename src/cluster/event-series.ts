import { BoundedMap } from '../model/bounded-map.ts';
import type { Instant } from '../time/clock.ts';
import type { EventObject, Happening } from './event-object.ts';

/** What happened again and again, of one subject and reason. */
export interface EventSeries {
  readonly key: string;
  /** The last time it happened. */
  happening: Happening;
  /** How often it happened since `firstWallMs`. */
  count: number;
  firstWallMs: number;
  lastWallMs: number;
  lastMs: number;
  /** Something happened that is not written yet. */
  isDirty: boolean;
  /** The Event that tells of it: stored, or sent and perhaps stored. */
  event: EventObject | undefined;
  isStored: boolean;
  notBeforeMs: number;
  failures: number;
}

/** What did not happen again for so long is over; its next time is another story. */
const OVER_AFTER_MS = 600_000;

/** That are remembered: beyond, those that are written make room, the longest known first. */
const MAX_SERIES = 1_000;

/** The series that are under way, bounded in number. */
export class EventSeriesRegistry {
  /** In the order in which they were last written, or came. */
  readonly #byKey = new BoundedMap<string, EventSeries>(MAX_SERIES, ({ isDirty }) => !isDirty);

  /** Counts one more; undefined when there is no room left to remember it. */
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

  /** The one to be written next: who may be for the longest time. */
  next(): EventSeries | undefined {
    let next: EventSeries | undefined;
    for (const series of this.#byKey.values()) {
      if (series.isDirty && (next === undefined || series.notBeforeMs < next.notBeforeMs)) next = series;
    }
    return next;
  }

  /** It is being written: behind all others from now on. */
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

/** The note of an Event cannot change: another note is another Event, and its count begins anew. */
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
