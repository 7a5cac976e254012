import type { Random } from '../../time/random.ts';
import type { Attributes } from './auth.ts';

/** What may go wrong with a request. */
export type Fault =
  /** The answer takes longer, by a time drawn between the two. */
  | { readonly type: 'latency'; readonly minMs: number; readonly maxMs: number }
  /** A validating webhook says no, with the status that it chose. */
  | { readonly type: 'denied'; readonly httpStatus: 400 | 403 | 422; readonly message: string }
  /** 409: somebody else was faster. */
  | { readonly type: 'conflict' }
  /** 429 in plain text, as priority and fairness answers. */
  | { readonly type: 'tooManyRequests'; readonly retryAfterSeconds: number }
  | { readonly type: 'internalError' }
  | { readonly type: 'unavailable' }
  /** 504, although the write was done. */
  | { readonly type: 'timeoutAfterCommit' }
  /** The connection breaks before anything is done. */
  | { readonly type: 'dropBeforeCommit' }
  /** The connection breaks instead of the answer. */
  | { readonly type: 'dropAfterCommit' }
  /** A watch ends after a time drawn between the two: in order, or with the connection. */
  | {
      readonly type: 'cutWatch';
      readonly minMs: number;
      readonly maxMs: number;
      readonly how: 'end' | 'drop';
    }
  /** A get or list answers with how things were so many changes ago, as far as they are remembered. */
  | { readonly type: 'staleRead'; readonly changes: number };

/** Which requests a fault strikes. What is missing matches everything. */
export interface FaultRule {
  readonly fault: Fault;
  /** Of a thousand requests that match. 1000, the default: each. */
  readonly perMille?: number;
  /** So often at most. */
  readonly times?: number;
  readonly verbs?: readonly string[];
  /** Plurals, such as `services`. */
  readonly resources?: readonly string[];
  readonly namespace?: string;
  readonly name?: string;
}

interface ActiveRule {
  readonly rule: FaultRule;
  left: number;
}

const MAX_RULES = 100;

/**
 * Faults on demand. Which requests they strike is drawn from the Random given, so that the same seed and the
 * same requests give the same faults.
 */
export class Faults {
  readonly #random: Random;
  #active: ActiveRule[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /** @returns a function that takes the rule back. */
  inject(rule: FaultRule): () => void {
    if (this.#active.length >= MAX_RULES) throw new Error(`more than ${MAX_RULES} rules for faults`);
    const active = { rule, left: rule.times ?? Number.POSITIVE_INFINITY };
    this.#active.push(active);
    return () => {
      this.#active = this.#active.filter((one) => one !== active);
    };
  }

  clear(): void {
    this.#active = [];
  }

  /** What strikes this request: each rule that matches draws, in the order in which they were injected. */
  draw(wanted: Attributes): Fault[] {
    const struck: Fault[] = [];
    for (const active of this.#active) {
      if (active.left <= 0 || !matches(active.rule, wanted)) continue;
      if (this.#random.integer(1000) >= (active.rule.perMille ?? 1000)) continue;
      active.left--;
      struck.push(active.rule.fault);
    }
    return struck;
  }

  /** Milliseconds between a fault's bounds. */
  duration({ minMs, maxMs }: { readonly minMs: number; readonly maxMs: number }): number {
    return minMs + this.#random.integer(Math.max(1, maxMs - minMs + 1));
  }
}

function matches(rule: FaultRule, wanted: Attributes): boolean {
  return (
    (rule.verbs?.includes(wanted.verb) ?? true) &&
    (rule.resources?.includes(wanted.resource) ?? true) &&
    (rule.namespace === undefined || rule.namespace === wanted.namespace) &&
    (rule.name === undefined || rule.name === wanted.name)
  );
}
