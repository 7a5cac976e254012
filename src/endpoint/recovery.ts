import type { IpAddress } from '../model/ip-address.ts';
import type { Target } from '../model/target.ts';
import { sourceKey } from './candidate.ts';
import type { HeldName } from './hold.ts';

export interface ServedAddress {
  readonly address: IpAddress;
  readonly port: number;
}

/** Where what a target publishes may have come from: `sourceKey` of each name, and each address of the list. */
export type Sources = readonly string[];

export function sourcesOf({ endpoints }: Target): Sources {
  return [...new Set(endpoints.map((each) => (each.kind === 'address' ? each.address : sourceKey(each))))];
}

/**
 * Of what is published under our marks, what nobody remembers. The process before has published it and did not live to
 * save it; it can only have come from the target's names, and so counts as known to them from now on. Where one of the
 * names has left the list since, that explains it as well.
 *
 * @param sources as the process before has saved them; empty when nothing is known of it.
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

function isName(origin: string): boolean {
  return origin.includes(' ');
}
