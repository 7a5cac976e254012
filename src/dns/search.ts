import { type Hostname, isHostname, parseHostname } from '../model/hostname.ts';

/**
 * The names to query in order (resolv.conf(5), `search` and `ndots`). A name with enough dots is tried as written
 * before the search domains are added, another name after them. With a trailing dot no domain is added.
 */
export function searchCandidates(
  name: Hostname,
  search: readonly Hostname[],
  ndots: number,
): readonly Hostname[] {
  if (search.length === 0 || name.endsWith('.')) return [name];
  const dots = name.split('.').length - 1;
  // A name that is too long with a domain cannot exist there.
  const expanded = search.map((domain) => parseHostname(`${name}.${domain}`)).filter(isHostname);
  return dots >= ndots ? [name, ...expanded] : [...expanded, name];
}

/** The result of a candidate: records, a name without records, no such name, or unknown. */
export type Found = 'found' | 'empty' | 'absent' | 'undecided';

/**
 * Tries one candidate after the other until one is found: {@link candidate} says which name to query, and {@link
 * take} takes the result. The search also ends with an unknown result. A later candidate may exist by chance, for
 * instance through a wildcard, and its addresses would replace those of the name whose server is down at the moment.
 * glibc continues after SERVFAIL; here that would cost a target its addresses.
 */
export class Search<T> {
  readonly #candidates: readonly Hostname[];
  readonly #foundIn: (result: T) => Found;
  readonly #absent: T[] = [];
  #empty: T | undefined;
  #end: SearchEnd<T> | undefined;

  /** At least one candidate. */
  constructor(candidates: readonly Hostname[], foundIn: (result: T) => Found) {
    this.#candidates = candidates;
    this.#foundIn = foundIn;
  }

  /** Undefined if the search is over. */
  get candidate(): Hostname | undefined {
    return this.#end === undefined ? this.#candidates[this.#absent.length] : undefined;
  }

  take(result: T): void {
    const found = this.#foundIn(result);
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
  /** The lookups behind the result. If one of them changes, the result may change too. */
  readonly decisive: readonly T[];
}
