import { DnsZone, type ZoneAnswer, type ZoneRecord } from '../../../src/embedded/dns-zone.ts';
import type { Hostname } from '../../../src/model/hostname.ts';
import { familyOf, type IpAddress } from '../../../src/model/ip-address.ts';
import type { EventLog } from './event-log.ts';

/** The content of a name. */
export type NameContent =
  | {
      readonly is: 'addresses';
      readonly addresses: readonly string[];
      /** How many addresses one answer has, others each time; absent: all of them. */
      readonly atATime?: number;
    }
  | { readonly is: 'gone' }
  /** The name exists and has no address. */
  | { readonly is: 'empty' }
  | { readonly is: 'alias'; readonly of: string }
  /** A CNAME that leads back to itself through another name. */
  | { readonly is: 'loop' }
  | { readonly is: 'service'; readonly members: readonly ServiceMember[] };

export interface ServiceMember {
  readonly host: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

const ZONE = 'sim.test';

/** The true answers of a server, for the checkers, without forged and damaged replies. */
export type OnAnswer = (name: string, type: string, answer: ZoneAnswer) => void;

/** The zone of every server, and the answers from it. */
export class Names {
  readonly #zone: DnsZone;
  readonly #rotating = new Map<string, { readonly atATime: number; from: number }>();
  readonly #log: EventLog;
  readonly #onAnswer: OnAnswer;

  readonly #ttlSeconds: number;

  constructor(ttlSeconds: number, log: EventLog, onAnswer: OnAnswer) {
    this.#zone = new DnsZone(ZONE, ttlSeconds);
    this.#ttlSeconds = ttlSeconds;
    this.#log = log;
    this.#onAnswer = onAnswer;
  }

  set(name: string, content: NameContent): void {
    this.#log.tell('zone', `${name} ${JSON.stringify(content)}`);
    this.#rotating.delete(name);
    if (content.is === 'addresses' && content.atATime !== undefined) {
      this.#rotating.set(name, { atATime: content.atATime, from: 0 });
    }
    if (content.is === 'loop') {
      this.#zone.set(`loop.${name}`, [cname(name, this.#ttlSeconds)]);
    }
    this.#zone.set(name, recordsOf(name, content, this.#ttlSeconds));
  }

  answer(name: string, type: string): ZoneAnswer {
    const whole = this.#zone.answer(name, type);
    const turn = this.#rotating.get(name);
    if (turn === undefined || whole.answers.length <= turn.atATime) return whole;
    const { answers } = whole;
    const shown = Array.from({ length: turn.atATime }, (_, at) => answers[(turn.from + at) % answers.length]);
    turn.from += turn.atATime;
    return { ...whole, answers: shown.filter((record) => record !== undefined) };
  }

  answered(name: string, type: string, answer: ZoneAnswer): void {
    this.#onAnswer(name, type, answer);
  }
}

function recordsOf(name: string, content: NameContent, ttlSeconds: number): readonly ZoneRecord[] {
  switch (content.is) {
    case 'addresses':
      return content.addresses.map((text) => {
        const address = text as IpAddress;
        return { type: familyOf(address) === 'IPv4' ? 'A' : 'AAAA', address, ttlSeconds };
      });
    case 'gone':
      return [];
    case 'empty':
      // Another record, so that the name exists.
      return [{ type: 'SRV', priority: 0, weight: 0, port: 1, target: name as Hostname, ttlSeconds }];
    case 'alias':
      return [cname(content.of, ttlSeconds)];
    case 'loop':
      return [cname(`loop.${name}`, ttlSeconds)];
    case 'service':
      return content.members.map(({ host, ...rest }) => ({
        type: 'SRV',
        ...rest,
        target: host as Hostname,
        ttlSeconds,
      }));
  }
}

function cname(target: string, ttlSeconds: number): ZoneRecord {
  return { type: 'CNAME', target: target as Hostname, ttlSeconds };
}
