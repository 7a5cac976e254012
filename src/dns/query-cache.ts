import { BoundedMap } from '../model/bounded-map.ts';
import type { Hostname } from '../model/hostname.ts';
import type { RememberedLookup } from './lookup.ts';
import type { QueryType } from './message.ts';

/** What is known of one question, and who is finding out more. */
export interface QuestionRecord {
  readonly type: QueryType;
  /** Whom it is put to, and how: answers of different servers are kept apart. */
  readonly viewKey: string;
  remembered: RememberedLookup | undefined;
  flight: Flight | undefined;
}

/** A question that is being asked; who puts the same meanwhile shares the answer. */
export interface Flight {
  /** Of whoever began. */
  readonly signal: AbortSignal;
  readonly answer: Promise<RememberedLookup>;
}

/** One name may be asked for in so many ways; what has been known for longest gives way. */
const MAX_RECORDS_PER_NAME = 256;

/** All questions, by name. Bounded: the names that nobody has asked for lately are forgotten. */
export class QueryCache {
  readonly #records: BoundedMap<Hostname, QuestionRecord[]>;
  /** What a service's SRV reply said of its targets without having been asked. */
  readonly #given: BoundedMap<string, QuestionRecord>;

  constructor(maxNames: number) {
    this.#records = new BoundedMap(maxNames);
    this.#given = new BoundedMap(maxNames);
  }

  /** The record of the question; an empty one if there is none yet. */
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
   * The record of what the service's reply said of its target `name`. It answers nobody but who asks for that
   * service (RFC 2181 §5.4.1).
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

/** A question that is under way stays: others may want to join it. */
function forgetOldest(records: QuestionRecord[]): void {
  const oldest = records.findIndex(({ flight }) => flight === undefined);
  if (oldest >= 0) records.splice(oldest, 1);
}
