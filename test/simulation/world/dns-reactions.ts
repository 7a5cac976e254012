import { decodeQuery, encodeReply, type ReceivedQuery } from '../../../src/embedded/dns-wire.ts';
import type { ZoneAnswer } from '../../../src/embedded/dns-zone.ts';
import type { IpAddress } from '../../../src/model/ip-address.ts';
import type { Random } from '../../../src/time/random.ts';
import type { EventLog } from './event-log.ts';
import type { Names } from './names.ts';
import { between, chance } from './streams.ts';

/** Faults of a DNS server, or of the network to it. */
export type DnsFault =
  | 'lost'
  | 'late'
  | 'reordered'
  | 'duplicated'
  | 'truncated'
  | 'SERVFAIL'
  | 'REFUSED'
  | 'wrongId'
  | 'forged'
  | 'garbage'
  | 'foldsCase'
  | 'noTcp';

export interface Reaction {
  readonly afterMs: number;
  readonly datagram: Uint8Array | 'unreachable';
}

/** An address that no zone has: a process that publishes it has accepted a forged reply. */
export const FORGED_ADDRESS = '203.0.113.66' as IpAddress;

const NOTHING = { answers: [], authorities: [], additionals: [] };

/** The replies of the servers, with faults. */
export class DnsReactions {
  readonly #names: Names;
  readonly #random: Random;
  readonly #log: EventLog;
  /** By server: its faults, and their probabilities. */
  readonly #faults = new Map<string, ReadonlyMap<DnsFault, number>>();

  constructor(names: Names, random: Random, log: EventLog) {
    this.#names = names;
    this.#random = random;
    this.#log = log;
  }

  setFaults(server: string, faults: ReadonlyMap<DnsFault, number>): void {
    this.#faults.set(server, faults);
  }

  healAll(): void {
    this.#faults.clear();
  }

  react(server: string, message: Buffer, overTcp: boolean): readonly Reaction[] {
    const query = decodeQuery(message);
    if (query === undefined) throw new Error('the product sent what is no query');
    const strikes = (fault: DnsFault) => {
      const struck = chance(this.#random, this.#faults.get(server)?.get(fault) ?? 0);
      if (struck) this.#log.fault(`dns ${fault}`);
      return struck;
    };
    const afterMs = between(this.#random, 1, 8);
    if (overTcp && strikes('noTcp')) return [{ afterMs, datagram: 'unreachable' }];
    if (strikes('lost')) return [];
    if (strikes('SERVFAIL')) return [{ afterMs, datagram: encodeReply(query, 'SERVFAIL', NOTHING, 65_535) }];
    if (strikes('REFUSED')) return [{ afterMs, datagram: encodeReply(query, 'REFUSED', NOTHING, 65_535) }];
    if (strikes('garbage')) return [{ afterMs, datagram: this.#garbageFor(query) }];
    const reply = this.#genuine(query, overTcp, !overTcp && strikes('truncated'));
    return overTcp ? [{ afterMs, datagram: reply }] : this.#disturbed(query, reply, afterMs, strikes);
  }

  /** Faults of UDP alone. */
  #disturbed(
    query: ReceivedQuery,
    reply: Uint8Array,
    afterMs: number,
    strikes: (fault: DnsFault) => boolean,
  ): readonly Reaction[] {
    const random = this.#random;
    const reactions: Reaction[] = [];
    if (strikes('forged')) {
      const forgery = this.#forgeryFor({ ...query, id: query.id ^ (1 + random.integer(65_535)) });
      reactions.push({ afterMs: 0, datagram: forgery });
    }
    if (strikes('wrongId')) {
      const other = Buffer.from(reply);
      other.writeUInt16BE(query.id ^ 1, 0);
      return [...reactions, { afterMs, datagram: other }];
    }
    const datagram = strikes('foldsCase') ? foldedCase(query, reply) : reply;
    const delayMs = strikes('late')
      ? between(random, 500, 8_000)
      : strikes('reordered')
        ? between(random, 10, 400)
        : 0;
    reactions.push({ afterMs: afterMs + delayMs, datagram });
    if (strikes('duplicated')) reactions.push({ afterMs: afterMs + between(random, 1, 50), datagram });
    return reactions;
  }

  #genuine(query: ReceivedQuery, overTcp: boolean, truncated: boolean): Uint8Array {
    const answer = this.#names.answer(query.name, query.type);
    const maxBytes = overTcp ? 65_535 : truncated ? 12 : Math.max(512, query.udpPayloadBytes ?? 0);
    const reply = encodeReply(query, answer.rcode, answer, maxBytes);
    if (((reply[2] ?? 0) & 0x02) === 0) this.#names.answered(query.name, query.type, answer);
    return reply;
  }

  #forgeryFor(query: ReceivedQuery): Uint8Array {
    const record = { type: 'A', address: FORGED_ADDRESS, ttlSeconds: 3600 } as const;
    const answer: Omit<ZoneAnswer, 'rcode'> = { ...NOTHING, answers: [{ owner: query.name, record }] };
    return encodeReply(query, 'NOERROR', answer, 65_535);
  }

  /** The right header and question, then bytes that cannot be decoded. */
  #garbageFor(query: ReceivedQuery): Uint8Array {
    const whole = this.#forgeryFor(query);
    const cut = whole.subarray(0, whole.length - 1 - this.#random.integer(6));
    return Buffer.from(cut);
  }
}

/** A server that answers in lower case, whatever the case of the question was. */
function foldedCase(query: ReceivedQuery, reply: Uint8Array): Uint8Array {
  const folded = Buffer.from(reply);
  const end = 12 + query.question.length - 4;
  for (let at = 12; at < end; at++) {
    const octet = folded[at] ?? 0;
    if (octet >= 0x41 && octet <= 0x5a) folded[at] = octet + 0x20;
  }
  return folded;
}
