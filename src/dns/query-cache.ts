import { BoundedMap } from '../model/bounded-map.ts';
import type { Hostname } from '../model/hostname.ts';
import type { RememberedLookup } from './lookup.ts';
import type { QueryType } from './message.ts';

/** The cached answer of one question, and its query in flight. */
export interface QuestionRecord {
  readonly type: QueryType;
  /** The servers and settings of the query. Answers of different servers are kept apart. */
  readonly viewKey: string;
  remembered: RememberedLookup | undefined;
  flight: Flight | undefined;
}

/** A query in flight. Other callers with the same question share its answer. */
export interface Flight {
  /** The signal of the caller that started it. */
  readonly signal: AbortSignal;
  readonly answer: Promise<RememberedLookup>;
}

/** The limit for one name. Beyond it the oldest record is dropped. */
const MAX_RECORDS_PER_NAME = 256;

/** All questions, by name. Bounded: names that were not used lately are dropped. */
export class QueryCache {
  readonly #records: BoundedMap<Hostname, QuestionRecord[]>;
  /** Addresses of targets that a service's SRV reply contained without a question. */
  readonly #given: BoundedMap<string, QuestionRecord>;

  constructor(maxNames: number) {
    this.#records = new BoundedMap(maxNames);
    this.#given = new BoundedMap(maxNames);
  }

  /** The record of the question; a new empty one if there is none. */
  record(name: Hostname, type: QueryType, viewKey: string): QuestionRecord {
    const records = this.#recordsOf(name);
    for (const known of records) {
      if (known.type === type && known.viewKey === viewKey) return known;
    }
    if (records.length >= MAX_RECORDS_PER_NAME) forgetOldest(records);
    const record = emptyRecord(type, viewKey);
    records.push(record);
    return record;
  }

  /**
   * The record of what the service's SRV reply said of its target `name`. It is used for queries of that service only
   * (RFC 2181 §5.4.1).
   */
  given(service: Hostname, name: Hostname, type: QueryType, viewKey: string): QuestionRecord {
    const key = `${service} ${name} ${type} ${viewKey}`;
    const known = this.#given.get(key);
    if (known !== undefined) return known;
    const record = emptyRecord(type, viewKey);
    this.#given.set(key, record);
    return record;
  }

  #recordsOf(name: Hostname): QuestionRecord[] {
    const known = this.#records.get(name);
    if (known !== undefined) return known;
    const records: QuestionRecord[] = [];
    this.#records.set(name, records);
    return records;
  }
}

function emptyRecord(type: QueryType, viewKey: string): QuestionRecord {
  return { type, viewKey, remembered: undefined, flight: undefined };
}

/** A question in flight stays, because other callers may join it. */
function forgetOldest(records: QuestionRecord[]): void {
  const oldest = records.findIndex(({ flight }) => flight === undefined);
  if (oldest >= 0) records.splice(oldest, 1);
}
