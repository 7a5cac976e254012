import { type Hostname, isHostname, parseHostname } from '../target/hostname.ts';

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

export interface SearchResult<T> {
  readonly result: T;
  /** What the result rests on: when one of these changes, so may the result. */
  readonly decisive: readonly T[];
}

/**
 * Tries one candidate after the other until one is found. The search ends as well where nobody knows: a
 * later candidate may exist by chance (a wildcard is enough), and would then replace the backends of the
 * one whose server is down for the moment. glibc goes on after SERVFAIL; here that would cost a target its
 * addresses.
 */
export async function searchFor<T>(
  candidates: readonly Hostname[],
  ask: (candidate: Hostname) => Promise<T>,
  judge: (result: T) => Found,
): Promise<SearchResult<T>> {
  const absent: T[] = [];
  let empty: T | undefined;
  for (const candidate of candidates) {
    const result = await ask(candidate);
    const found = judge(result);
    if (found === 'found' || found === 'undecided') return { result, decisive: [result] };
    absent.push(result);
    if (found === 'empty') empty ??= result;
  }
  const result = empty ?? absent[candidates.length - 1];
  if (result === undefined) throw new Error('a search has at least one candidate');
  return { result, decisive: absent };
}
