import type { Hostname } from '../target/hostname.ts';
import type { RememberedLookup } from './lookup.ts';
import type { QueryType } from './message.ts';
import { TwoGenerations } from './two-generations.ts';

/** What is known of one question, and who is finding out more. */
export interface QuestionRecord {
  readonly type: QueryType;
  /** Whom it is put to, and how: answers of different servers are kept apart. */
  readonly viewKey: string;
  /**
   * Set on what a service's SRV reply said of its target without having been asked. It answers nobody but who
   * asks for that service (RFC 2181 §5.4.1).
   */
  readonly service: Hostname | undefined;
  remembered: RememberedLookup | undefined;
  flight: Flight | undefined;
}

/** A question that is being asked; who puts the same meanwhile shares the answer. */
export interface Flight {
  /** Of whoever began. */
  readonly signal: AbortSignal;
  readonly answer: Promise<RememberedLookup>;
}

/** All questions, by name. Bounded: the names that nobody has asked for lately are forgotten. */
export class QuestionBook {
  readonly #records: TwoGenerations<Hostname, QuestionRecord[]>;

  constructor(maxNames: number) {
    this.#records = new TwoGenerations(maxNames);
  }

  /** The record of the question; an empty one if there is none yet. */
  record(name: Hostname, type: QueryType, viewKey: string, service?: Hostname): QuestionRecord {
    const records = this.#recordsOf(name);
    for (const known of records) {
      if (known.type === type && known.service === service && known.viewKey === viewKey) return known;
    }
    const record = { type, viewKey, service, remembered: undefined, flight: undefined };
    records.push(record);
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
