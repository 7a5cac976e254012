import type { Random } from '../../time/random.ts';
import type { Attributes } from './auth.ts';

/** A fault that a request can meet. */
export type Fault =
  /** The response is delayed by a random time between the two. */
  | { readonly type: 'latency'; readonly minMs: number; readonly maxMs: number }
  /** A validating webhook rejects the request with its own status. */
  | { readonly type: 'denied'; readonly httpStatus: 400 | 403 | 422; readonly message: string }
  /** 409: another client was faster. */
  | { readonly type: 'conflict' }
  /** 429 in plain text, as API Priority and Fairness responds. */
  | { readonly type: 'tooManyRequests'; readonly retryAfterSeconds: number }
  | { readonly type: 'internalError' }
  | { readonly type: 'unavailable' }
  /** 504, although the write was stored. */
  | { readonly type: 'timeoutAfterCommit' }
  /** The connection breaks before the request is processed. */
  | { readonly type: 'dropBeforeCommit' }
  /** The connection breaks after the request was processed. */
  | { readonly type: 'dropAfterCommit' }
  /** A watch ends after a random time between the two: normally, or by a broken connection. */
  | {
      readonly type: 'cutWatch';
      readonly minMs: number;
      readonly maxMs: number;
      readonly how: 'end' | 'drop';
    }
  /** A get or list returns the state of this many changes ago, as far as the history goes back. */
  | { readonly type: 'staleRead'; readonly changes: number };

/** The requests that a fault affects. A missing field matches every request. */
export interface FaultRule {
  readonly fault: Fault;
  /** How many of 1,000 matching requests are affected. 1000, the default: every one. */
  readonly perMille?: number;
  /** Upper bound on affected requests. */
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
 * Faults on demand. A seeded Random selects the affected requests, so the same seed and the same requests give the
 * same faults.
 */
export class Faults {
  readonly #random: Random;
  #active: ActiveRule[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /** @returns a function that removes the rule. */
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

  /** The faults of this request. Each matching rule draws, in the order of injection. */
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

  /** A random time between the bounds of a fault, in milliseconds. */
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
