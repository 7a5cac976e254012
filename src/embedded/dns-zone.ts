import type { Hostname } from '../model/hostname.ts';
import type { IpAddress } from '../model/ip-address.ts';

export type ZoneRecord =
  | { readonly type: 'A' | 'AAAA'; readonly address: IpAddress; readonly ttlSeconds: number }
  | { readonly type: 'CNAME'; readonly target: Hostname; readonly ttlSeconds: number }
  | {
      readonly type: 'SRV';
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: Hostname;
      readonly ttlSeconds: number;
    };

/** A record with its owner; the SOA record is made from the zone's own settings. */
export interface OwnedRecord {
  readonly owner: string;
  readonly record: ZoneRecord | { readonly type: 'SOA'; readonly soa: StartOfAuthority };
}

export interface StartOfAuthority {
  readonly serial: number;
  /** How long clients may cache that a record does not exist (RFC 2308 §4); also the record's TTL. */
  readonly minimumSeconds: number;
}

export interface ZoneAnswer {
  readonly rcode: 'NOERROR' | 'NXDOMAIN' | 'REFUSED';
  readonly answers: readonly OwnedRecord[];
  readonly authorities: readonly OwnedRecord[];
  readonly additionals: readonly OwnedRecord[];
}

const MAX_ALIASES = 16;

/** One zone in memory. Names are lower case without a trailing dot. */
export class DnsZone {
  readonly #apex: string;
  readonly #records = new Map<string, readonly ZoneRecord[]>();
  readonly #minimumSeconds: number;
  #serial = 1;

  constructor(apex: string, minimumSeconds: number) {
    this.#apex = apex;
    this.#minimumSeconds = minimumSeconds;
  }

  /** Replaces all records of `name`, which must be in the zone. An empty list removes the name. */
  set(name: string, records: readonly ZoneRecord[]): void {
    if (!this.contains(name)) throw new Error(`${name} is not in the zone ${this.#apex}`);
    this.#serial += 1;
    if (records.length === 0) this.#records.delete(name);
    else this.#records.set(name, records);
  }

  contains(name: string): boolean {
    return name === this.#apex || name.endsWith(`.${this.#apex}`);
  }

  /** RFC 1034 §4.3.2, without delegations and wildcards. */
  answer(name: string, type: string): ZoneAnswer {
    if (!this.contains(name)) return { rcode: 'REFUSED', answers: [], authorities: [], additionals: [] };
    const answers: OwnedRecord[] = [];
    let owner = name;
    while (this.contains(owner)) {
      const records = this.#records.get(owner) ?? [];
      const matching = this.#ofType(owner, records, type);
      if (matching.length > 0) {
        answers.push(...matching);
        return { rcode: 'NOERROR', answers, authorities: [], additionals: this.#targetsOf(matching) };
      }
      const alias = records.find((record) => record.type === 'CNAME');
      if (alias === undefined) {
        const rcode = this.#exists(owner) ? 'NOERROR' : 'NXDOMAIN';
        return { rcode, answers, authorities: [this.#soa()], additionals: [] };
      }
      answers.push({ owner, record: alias });
      owner = alias.target;
      if (answers.length >= MAX_ALIASES) break;
    }
    return { rcode: 'NOERROR', answers, authorities: [], additionals: [] };
  }

  #ofType(owner: string, records: readonly ZoneRecord[], type: string): OwnedRecord[] {
    if (type === 'SOA' && owner === this.#apex) return [this.#soa()];
    return records.filter((record) => record.type === type).map((record) => ({ owner, record }));
  }

  #targetsOf(answers: readonly OwnedRecord[]): OwnedRecord[] {
    return answers.flatMap(({ record }) => {
      if (record.type !== 'SRV') return [];
      const addresses = (this.#records.get(record.target) ?? []).filter((found) => 'address' in found);
      return addresses.map((address) => ({ owner: record.target, record: address }));
    });
  }

  /** A name without records exists when a name below it has some (RFC 8020). */
  #exists(name: string): boolean {
    if (name === this.#apex || this.#records.has(name)) return true;
    return [...this.#records.keys()].some((other) => other.endsWith(`.${name}`));
  }

  #soa(): OwnedRecord {
    const soa = { serial: this.#serial, minimumSeconds: this.#minimumSeconds };
    return { owner: this.#apex, record: { type: 'SOA', soa } };
  }
}
