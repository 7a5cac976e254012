import type { Hostname } from '../model/hostname.ts';
import type { AliasRecord, AnswerRecord, Question, Reply } from './message.ts';

/** What one reply says about one question. */
export type Answer =
  | { readonly kind: 'records'; readonly records: readonly AnswerRecord[]; readonly ttlSeconds: number }
  /** The reply ends within a CNAME chain; `target` is the next name to query. */
  | { readonly kind: 'alias'; readonly target: Hostname; readonly ttlSeconds: number }
  | { readonly kind: 'noData'; readonly ttlSeconds: number }
  | { readonly kind: 'nameNotFound'; readonly ttlSeconds: number }
  | { readonly kind: 'chainTooLong'; readonly message: string }
  | { readonly kind: 'contradiction'; readonly message: string };

/** Longer than any chain in use. BIND stops at 17, unbound at 12. */
export const MAX_ALIASES = 16;

const RCODE_NXDOMAIN = 3;

/**
 * Follows the CNAME chain from the question's name through the answer section (RFC 1034 §3.6.2). Records outside the
 * chain are ignored. `passed` holds the names of the chain over all replies; this function adds to it.
 */
export function readAnswer(question: Question, reply: Reply, passed: string[]): Answer {
  let name: string = withoutDot(question.name);
  let target: Hostname | undefined;
  let ttlSeconds = Number.POSITIVE_INFINITY;
  for (;;) {
    const owner = name;
    const records = recordsOf(reply.answers, owner, question.type);
    if (records.length > 0) return readRecords(records, reply, ttlSeconds);
    const alias = reply.answers.find((r): r is AliasRecord => r.type === 'CNAME' && r.owner === owner);
    if (alias === undefined) return readAbsence(reply, target, ttlSeconds);
    passed.push(name);
    name = withoutDot(alias.target);
    target = alias.target;
    ttlSeconds = Math.min(ttlSeconds, alias.ttlSeconds);
    if (passed.includes(name))
      return { kind: 'chainTooLong', message: `the CNAME chain comes back to ${name}` };
    if (passed.length > MAX_ALIASES) {
      return { kind: 'chainTooLong', message: `more than ${MAX_ALIASES} CNAME records in a row` };
    }
  }
}

function readRecords(records: readonly AnswerRecord[], reply: Reply, chainTtlSeconds: number): Answer {
  if (reply.rcode === RCODE_NXDOMAIN) {
    return { kind: 'contradiction', message: 'gives records of a name that it says does not exist' };
  }
  return { kind: 'records', records, ttlSeconds: Math.min(chainTtlSeconds, smallestTtl(records)) };
}

/** Nearly always these are all records, and no copy is made. */
function recordsOf(
  records: readonly AnswerRecord[],
  owner: string,
  type: Question['type'],
): readonly AnswerRecord[] {
  const isOne = (record: AnswerRecord) => record.type === type && record.owner === owner;
  return records.every(isOne) ? records : records.filter(isOne);
}

/** NXDOMAIN and the SOA record concern the chain's last name (RFC 2308 §2.1, RFC 6604 §2). */
function readAbsence(reply: Reply, target: Hostname | undefined, chainTtlSeconds: number): Answer {
  // Without an SOA record a negative answer must not be cached (RFC 2308 §5).
  const ttlSeconds = Math.min(chainTtlSeconds, reply.negativeTtlSeconds ?? 0);
  if (reply.rcode === RCODE_NXDOMAIN) return { kind: 'nameNotFound', ttlSeconds };
  if (target !== undefined && reply.negativeTtlSeconds === undefined) {
    return { kind: 'alias', target, ttlSeconds: chainTtlSeconds };
  }
  return { kind: 'noData', ttlSeconds };
}

export function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

export function smallestTtl(records: readonly AnswerRecord[]): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (const { ttlSeconds } of records) smallest = Math.min(smallest, ttlSeconds);
  return smallest;
}
