import { type Hostname, isHostname, parseHostname } from '../model/hostname.ts';

/**
 * The names to ask for in turn (resolv.conf(5), `search` and `ndots`): a name with enough dots is tried as
 * it stands before the search domains are added, another one after. A trailing dot says that nothing may
 * be added.
 */
export function searchCandidates(
  name: Hostname,
  search: readonly Hostname[],
  ndots: number,
): readonly Hostname[] {
  if (search.length === 0 || name.endsWith('.')) return [name];
  const dots = name.split('.').length - 1;
  // A name that grows too long with a domain cannot exist there.
  const expanded = search.map((domain) => parseHostname(`${name}.${domain}`)).filter(isHostname);
  return dots >= ndots ? [name, ...expanded] : [...expanded, name];
}

/** What a candidate came to: records, a name without any, no name, or nobody knows. */
export type Found = 'found' | 'empty' | 'absent' | 'undecided';

/**
 * Tries one candidate after the other until one is found: {@link candidate} says whom to ask for, {@link take} is
 * told what came of it. The search ends as well where nobody knows: a later candidate may exist by chance (a
 * wildcard is enough), and would then replace the backends of the one whose server is down for the moment. glibc
 * goes on after SERVFAIL; here that would cost a target its addresses.
 */
export class Search<T> {
  readonly #candidates: readonly Hostname[];
  readonly #judge: (result: T) => Found;
  readonly #absent: T[] = [];
  #empty: T | undefined;
  #end: SearchEnd<T> | undefined;

  /** At least one candidate. */
  constructor(candidates: readonly Hostname[], judge: (result: T) => Found) {
    this.#candidates = candidates;
    this.#judge = judge;
  }

  /** Undefined when the search is over. */
  get candidate(): Hostname | undefined {
    return this.#end === undefined ? this.#candidates[this.#absent.length] : undefined;
  }

  take(result: T): void {
    const found = this.#judge(result);
    if (found === 'found' || found === 'undecided') {
      this.#end = { result, decisive: [result] };
      return;
    }
    if (found === 'empty') this.#empty ??= result;
    this.#absent.push(result);
    if (this.#absent.length === this.#candidates.length) {
      this.#end = { result: this.#empty ?? result, decisive: this.#absent };
    }
  }

  get end(): SearchEnd<T> {
    if (this.#end === undefined) throw new Error('the search is not over');
    return this.#end;
  }
}

export interface SearchEnd<T> {
  readonly result: T;
  /** What the result rests on: when one of these changes, so may the result. */
  readonly decisive: readonly T[];
}
