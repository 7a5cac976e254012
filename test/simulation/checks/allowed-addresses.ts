import type { ApiObject } from '../../../src/embedded/apiserver/object.ts';
import type { Change } from '../../../src/embedded/apiserver/store.ts';
import type { ListGuards } from '../scenario/target-spec.ts';
import { contentOf, subsetsOf } from '../world/kube-words.ts';

/** The ranges of the simulated cluster's own Services. */
const CLUSTER_RANGES = ['10.96.', 'fd00:96:'];

/** Addresses that a write added to an object although no target may have them. */
export function forbiddenAddresses({ stored, before }: Change, guards: ListGuards): string[] {
  const prefixes = [...CLUSTER_RANGES, ...(guards.deniedPrefix === undefined ? [] : [guards.deniedPrefix])];
  const known = new Set(before === undefined ? [] : addressesIn(before.object));
  return addressesIn(stored.object).filter(
    (address) => !known.has(address) && prefixes.some((prefix) => address.startsWith(prefix)),
  );
}

function addressesIn(object: ApiObject): string[] {
  if (object.kind === 'Endpoints') {
    return subsetsOf(object).flatMap(({ addresses = [], notReadyAddresses = [] }) =>
      [...addresses, ...notReadyAddresses].map(({ ip }) => ip),
    );
  }
  if (object.kind !== 'EndpointSlice') return [];
  return (contentOf(object).endpoints ?? []).flatMap(({ addresses }) => addresses);
}
