import type { IpAddress } from '../model/ip-address.ts';
import type { Target } from '../model/target.ts';
import { sourceKey } from './candidate.ts';
import type { HeldName } from './hold.ts';

export interface ServedAddress {
  readonly address: IpAddress;
  readonly port: number;
}

/** The possible sources of a target's published addresses: `sourceKey` of each name, and each address of the list. */
export type Sources = readonly string[];

export function sourcesOf({ endpoints }: Target): Sources {
  return [...new Set(endpoints.map((each) => (each.kind === 'address' ? each.address : sourceKey(each))))];
}

/**
 * Published addresses of ours that are missing from the saved state: the previous process was killed after writing them
 * and before saving. They came from the target's names, so from now on they count as known to each name. None if a name
 * has left the list since: then they may have come from that name.
 *
 * @param sources as the previous process saved them; empty: unknown.
 */
export function recoveredFrom(
  sources: Sources,
  target: Target,
  remembered: readonly HeldName[],
  published: readonly ServedAddress[],
): ServedAddress[] {
  const present = sourcesOf(target);
  if (sources.some((each) => isName(each) && !present.includes(each))) return [];
  const explained = new Set<string>([...sources, ...present]);
  for (const { answer } of remembered.flatMap(({ addresses, departed }) => [...addresses, ...departed])) {
    explained.add(answer.port === undefined ? answer.address : `${answer.address} ${answer.port}`);
  }
  return published.filter(
    ({ address, port }) => !explained.has(address) && !explained.has(`${address} ${port}`),
  );
}

function isName(source: string): boolean {
  return source.includes(' ');
}
