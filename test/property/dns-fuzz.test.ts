import { isIP } from 'node:net';
import { expect, it } from 'vitest';
import { newCounters } from '../../src/dns/counters.ts';
import { resolutionOf } from '../../src/dns/host-answers.ts';
import type { Lookup } from '../../src/dns/lookup.ts';
import { LookupState } from '../../src/dns/lookup-state.ts';
import { encodeQuery, type QueryType } from '../../src/dns/message.ts';
import { UNRESOLVED_REASONS } from '../../src/dns/resolution.ts';
import { ServerRegistry } from '../../src/dns/server-registry.ts';
import { additionalAddresses, readServiceTargets } from '../../src/dns/srv-answers.ts';
import type { Random } from '../../src/time/random.ts';
import { BOMBED_NAMES, DNS_BOMBS } from '../support/dns-bombs.ts';
import {
  a,
  cnameTo,
  FLAGS,
  nameOf,
  question,
  rawReply,
  soa,
  TO_QUESTION,
  TYPE,
  uint16,
  wireName,
} from '../support/dns-bytes.ts';
import { host, SERVER } from '../support/dns-resolver.ts';
import { seededRandom } from '../support/seeded-random.ts';

/** `FUZZ_REPLIES=20000000 npx vitest run --project property dns-fuzz` for an afternoon. */
const REPLIES = Number(process.env.FUZZ_REPLIES ?? 200_000);
const SEED = Number(process.env.FUZZ_SEED ?? 1);

/**
 * What a reply may cost, whatever it says: looks at an octet of it. Counted, not timed, so that a busy machine fails
 * nothing; `npm run bench -- dns-replies` has the times. A record takes 12 octets at least and names two names at
 * most, each of up to 255 octets along up to 126 pointers: 64 looks an octet.
 */
const MAX_LOOKS_PER_OCTET = 64;
const MAX_LOOKS_BESIDES = 1_000;
/** Counting makes a reply ten times as dear. */
const COUNTED_SHARE = 10;

const NAMES: Readonly<Record<QueryType, string>> = { ...BOMBED_NAMES, AAAA: BOMBED_NAMES.A };

/** Whole replies of every kind, for each type of question. */
function corpus(type: QueryType): Buffer[] {
  const asked = question(NAMES[type], TYPE[type]);
  const aaaa = {
    owner: TO_QUESTION,
    type: TYPE.AAAA,
    data: Buffer.from('fd000000000000000000000000000001', 'hex'),
  };
  const srv = (target: string, port: number) => ({
    owner: TO_QUESTION,
    type: TYPE.SRV,
    data: Buffer.concat([uint16(0, 1, port), nameOf(target)]),
  });
  const opt = { owner: wireName(), type: TYPE.OPT, class: 1232, ttl: 0, data: Buffer.alloc(0) };
  const many = Array.from({ length: 70 }, (_, index) => a(`10.0.0.${index}`));
  return [
    rawReply({ question: asked, answers: [a('10.0.0.1'), a('10.0.0.2'), aaaa], additionals: [opt] }),
    rawReply({
      question: asked,
      answers: [cnameTo('x.example.test'), a('10.0.0.1', nameOf('x.example.test'))],
    }),
    rawReply({ question: asked, answers: [cnameTo('x.elsewhere.test')] }),
    rawReply({
      question: asked,
      answers: [srv('a.example.test', 1), srv('b.other.test', 2)],
      additionals: [a('10.0.0.1', nameOf('a.example.test')), opt],
    }),
    rawReply({ question: asked, flags: FLAGS.reply | 3, authorities: [soa('example.test', 30)] }),
    rawReply({
      question: asked,
      flags: FLAGS.reply | FLAGS.authoritative,
      authorities: [soa('example.test', 30)],
    }),
    rawReply({
      question: asked,
      authorities: [{ owner: nameOf('test'), type: TYPE.NS, data: nameOf('ns.test') }],
    }),
    rawReply({ question: asked, flags: FLAGS.reply | FLAGS.truncated }),
    rawReply({ question: asked, flags: FLAGS.reply | 2 }),
    rawReply({ question: asked, answers: many }),
  ];
}

/** What hurts: the bounds of counts, lengths, pointers and types. */
const NASTY = [0, 1, 2, 4, 12, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xc1, 0xfe, 0xff];

function mutate(original: Buffer, all: readonly Buffer[], random: Random): Buffer {
  let bytes: Buffer = Buffer.from(original);
  const pick = () => random.integer(Math.max(1, bytes.length));
  for (let count = 1 + random.integer(4); count > 0; count -= 1) {
    switch (random.integer(8)) {
      case 0:
        bytes[pick()] = random.integer(256);
        break;
      case 1:
        bytes[pick()] = NASTY[random.integer(NASTY.length)] ?? 0;
        break;
      case 2: {
        const at = pick();
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random.integer(8));
        break;
      }
      case 3:
        bytes = bytes.subarray(0, pick());
        break;
      case 4: {
        const [from, to] = [pick(), pick()].toSorted((left, right) => left - right);
        bytes = Buffer.concat([bytes.subarray(0, to), bytes.subarray(from, to), bytes.subarray(to)]);
        break;
      }
      case 5: {
        const [from, to] = [pick(), pick()].toSorted((left, right) => left - right);
        bytes = Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
        break;
      }
      case 6: {
        const at = pick();
        const pointer = uint16(0xc000 + random.integer(Math.max(1, bytes.length)));
        bytes = Buffer.concat([bytes.subarray(0, at), pointer, bytes.subarray(at + 2)]);
        break;
      }
      default: {
        const other = all[random.integer(all.length)] ?? original;
        bytes = Buffer.concat([bytes.subarray(0, pick()), other.subarray(random.integer(other.length))]);
      }
    }
  }
  return bytes.subarray(0, 16 * 1024);
}

/** Octets by chance behind a header and a question that are right, so that they are read at all. */
function generate(type: QueryType, random: Random): Buffer {
  const body = Buffer.from(Array.from({ length: random.integer(200) }, () => random.integer(256)));
  const counts = uint16(random.integer(4), random.integer(3), random.integer(3));
  return Buffer.concat([uint16(0, FLAGS.reply, 1), counts, question(NAMES[type], TYPE[type]), body]);
}

/** The reply with the query's id, and with the name in the case in which it was asked for. */
function madeToMatch(reply: Buffer, query: Uint8Array, name: string): Buffer {
  const message = Buffer.from(reply);
  const question = Buffer.from(query).subarray(12, 12 + name.length + 2);
  Buffer.from(query).copy(message, 0, 0, Math.min(2, message.length));
  if (message.length > 12) question.copy(message, 12);
  return message;
}

interface Digested {
  readonly lookup: Lookup;
  /** The most looks that one exchange took at the octets of what came. */
  readonly looks: number;
}

/** Gives every exchange of a lookup the same reply. */
function digest(
  reply: Buffer,
  type: QueryType,
  random: Random,
  { honest, counted }: { readonly honest: boolean; readonly counted: boolean },
): Digested {
  const asked = { name: host(NAMES[type]), type };
  const plan = {
    servers: [SERVER],
    timeoutMs: 1_000,
    attempts: 2,
    rotate: false,
    forceTcp: random.integer(4) === 0,
  };
  const state = new LookupState(asked, plan, new ServerRegistry(), { random, counters: newCounters() });
  let looks = 0;
  for (let steps = 0; steps < 500; steps += 1) {
    const step = state.next(steps);
    if (step.do === 'end') return { lookup: step.result, looks };
    if (step.do === 'pause') continue;
    const { exchange } = step;
    const octets = honest ? madeToMatch(reply, exchange.query, NAMES[type]) : reply;
    const { message, looksTaken } = counted
      ? countingLooks(octets)
      : { message: octets, looksTaken: () => 0 };
    const accepted = exchange.overTcp || exchange.accepts(message);
    state.take(accepted ? { outcome: 'received', message } : { outcome: 'timeout' }, steps);
    looks = Math.max(looks, looksTaken());
  }
  throw new Error('the lookup does not end');
}

/** The same octets, and how often anybody looked at one of them. */
function countingLooks(octets: Buffer): { message: Uint8Array; looksTaken: () => number } {
  let looks = 0;
  const message = new Proxy(octets, {
    get(target, key) {
      looks += 1;
      return Reflect.get(target, key, target);
    },
  });
  return { message, looksTaken: () => looks };
}

function mostLooks(reply: Buffer): number {
  return MAX_LOOKS_BESIDES + MAX_LOOKS_PER_OCTET * reply.length;
}

function isSound(lookup: Lookup, type: QueryType): boolean {
  if (lookup.kind === 'unresolved') return UNRESOLVED_REASONS.includes(lookup.reason);
  if (!(lookup.ttlSeconds >= 0 && lookup.ttlSeconds < 2 ** 31)) return false;
  if (lookup.kind !== 'records') return true;
  return (
    lookup.records.length > 0 &&
    lookup.records.every((record) => record.type === type && isSoundRecord(record))
  );
}

function isSoundRecord(record: Extract<Lookup, { kind: 'records' }>['records'][number]): boolean {
  switch (record.type) {
    case 'A':
      return isIP(record.address) === 4;
    case 'AAAA':
      return isIP(record.address) === 6;
    case 'SRV':
      return record.port < 65_536 && (record.target === undefined || host(record.target) === record.target);
    case 'CNAME':
      return false;
  }
}

it(`digests ${REPLIES} broken replies into typed outcomes, with few looks at each octet`, {
  timeout: 3_600_000,
}, () => {
  const random = seededRandom(SEED);
  const replies = { A: corpus('A'), AAAA: corpus('AAAA'), SRV: corpus('SRV') };
  const kinds = new Map<string, number>();
  const startedMs = performance.now();
  for (let count = 0; count < REPLIES; count += 1) {
    const type = (['A', 'AAAA', 'SRV'] as const)[random.integer(3)] ?? 'A';
    const all = replies[type];
    const original = all[random.integer(all.length)];
    if (original === undefined) throw new Error('the corpus is empty');
    const reply = random.integer(10) === 0 ? generate(type, random) : mutate(original, all, random);
    const honest = random.integer(10) !== 0;
    const { lookup, looks } = digest(reply, type, random, { honest, counted: count % COUNTED_SHARE === 0 });
    use(lookup, type);
    if (looks > mostLooks(reply) || !isSound(lookup, type)) {
      const words = `seed ${SEED}, reply ${count}: ${reply.toString('hex')}`;
      throw new Error(`${words}: ${looks} looks, ${JSON.stringify(lookup)}`);
    }
    const kind = lookup.kind === 'unresolved' ? lookup.reason : lookup.kind;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  // The fuzz reaches all there is to reach; otherwise it would prove little.
  const reached = [
    'records',
    'noData',
    'nameNotFound',
    'ServerFailure',
    'QueryRefused',
    'TruncatedAnswer',
    'MalformedAnswer',
    'QueryTimeout',
  ];
  expect([...kinds.keys()]).toEqual(expect.arrayContaining(reached));
  if (process.env.FUZZ_REPLIES !== undefined) {
    const seconds = (performance.now() - startedMs) / 1000;
    console.log(JSON.stringify({ replies: REPLIES, seconds, outcomes: Object.fromEntries(kinds) }));
  }
});

/** What becomes of a lookup further on. */
function use(lookup: Lookup, type: QueryType): void {
  if (type !== 'SRV') resolutionOf(lookup);
  else if (lookup.kind === 'records') {
    readServiceTargets(lookup.records);
    additionalAddresses(host(NAMES.SRV), lookup);
  }
}

it.each(Object.keys(DNS_BOMBS))('digests %s with few looks at each octet', (name) => {
  const bomb = DNS_BOMBS[name]?.() ?? Buffer.alloc(0);
  expect(bomb.length).toBeLessThanOrEqual(16 * 1024 + 600);
  const type: QueryType = name.includes('services') ? 'SRV' : 'A';
  const { lookup, looks } = digest(bomb, type, seededRandom(1), { honest: true, counted: true });
  use(lookup, type);
  // Otherwise the bomb was not even read.
  expect(looks).toBeGreaterThan(bomb.length / 4);
  expect(looks).toBeLessThan(mostLooks(bomb));
});

it('asks what it means to ask', () => {
  expect(encodeQuery({ name: host(NAMES.A), type: 'A' }, 0, false).subarray(12)).toEqual(
    question(NAMES.A, TYPE.A),
  );
});
