import type { AddressFamily, IpAddress } from '../target/ip-address.ts';
import { type EndpointEntry, familyOfEntry, portSetKey } from './endpoint-entry.ts';
import type { EndpointPort, EndpointSliceObject } from './kube-object.ts';

/** kube-controller-manager's default, and what every consumer is tested with. */
export const MAX_ENDPOINTS_PER_SLICE = 100;

/** The content of one slice, and the object it continues if there is one. */
export interface PackedSlice {
  readonly name: string;
  readonly addressType: AddressFamily;
  readonly ports: readonly EndpointPort[];
  /** Sorted by address; at most {@link MAX_ENDPOINTS_PER_SLICE}. */
  readonly entries: readonly EndpointEntry[];
  readonly existing?: EndpointSliceObject;
}

export interface Packing {
  readonly slices: readonly PackedSlice[];
  /** Own slices that nothing stands in any more. */
  readonly surplus: readonly EndpointSliceObject[];
}

interface Bin {
  readonly existing: EndpointSliceObject | undefined;
  readonly kept: EndpointEntry[];
  readonly added: EndpointEntry[];
  /** Whether the slice must be written anyway, so that adding to it costs nothing. */
  readonly changed: boolean;
}

/**
 * Distributes entries over slices so that as few as possible are written. The rules are those of
 * Kubernetes' own reconciler (`endpointslice/reconciler.go:488-644`):
 *
 *   1. an entry stays in the slice it stands in;
 *   2. new entries fill the slices that must be written anyway, fullest first;
 *   3. what is left goes into the one unchanged slice it fits tightest, else into new slices;
 *   4. nothing is ever rebalanced.
 *
 * A slice whose ports no longer occur is not thrown away: it goes on with the ports that most of its
 * addresses now have, so that changing a port rewrites slices in place instead of moving addresses.
 */
export function packSlices(input: {
  readonly serviceName: string;
  readonly entries: readonly EndpointEntry[];
  /** Our own slices of the Service. */
  readonly existing: readonly EndpointSliceObject[];
  /** Names that slices of others bear. */
  readonly takenNames: readonly string[];
}): Packing {
  const newName = sliceNames(input);
  const packings = (['IPv4', 'IPv6'] as const).map((family) =>
    packFamily(
      family,
      input.entries.filter((entry) => familyOfEntry(entry) === family),
      input.existing.filter((slice) => slice.addressType === family).sort(byName),
      newName,
    ),
  );
  const ofNoFamily = input.existing.filter(
    ({ addressType }) => addressType !== 'IPv4' && addressType !== 'IPv6',
  );
  return {
    slices: packings.flatMap((packing) => packing.slices),
    surplus: [...packings.flatMap((packing) => packing.surplus), ...ofNoFamily],
  };
}

function byName(a: EndpointSliceObject, b: EndpointSliceObject): number {
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

function packFamily(
  family: AddressFamily,
  entries: readonly EndpointEntry[],
  existing: readonly EndpointSliceObject[],
  newName: (family: AddressFamily) => string,
): Packing {
  const slices: PackedSlice[] = [];
  const groups = Map.groupBy(entries, (entry) => portSetKey(entry.ports));
  const home = assignToGroups(existing, groups);
  const surplus = existing.filter((slice) => !home.has(slice));
  for (const key of [...groups.keys()].sort()) {
    const group = groups.get(key) ?? [];
    const own = existing.filter((slice) => home.get(slice) === key);
    for (const bin of fillBins(group, own, key)) {
      const content = [...bin.kept, ...bin.added].sort(byPositionIn(group));
      if (content.length === 0) {
        if (bin.existing !== undefined) surplus.push(bin.existing);
        continue;
      }
      slices.push({
        name: bin.existing?.metadata.name ?? newName(family),
        addressType: family,
        ports: group[0]?.ports ?? [],
        entries: content,
        ...(bin.existing === undefined ? {} : { existing: bin.existing }),
      });
    }
  }
  return { slices, surplus };
}

/** Which group of entries (by port set) each existing slice goes on serving; slices without one are surplus. */
function assignToGroups(
  existing: readonly EndpointSliceObject[],
  groups: ReadonlyMap<string, readonly EndpointEntry[]>,
): Map<EndpointSliceObject, string> {
  const home = new Map<EndpointSliceObject, string>();
  const keys = [...groups.keys()].sort();
  const membersOf = new Map(
    keys.map((key) => [key, new Set<string>((groups.get(key) ?? []).map((entry) => entry.address))]),
  );
  for (const slice of existing) {
    const current = portSetKey(slice.ports ?? []);
    if (groups.has(current)) {
      home.set(slice, current);
      continue;
    }
    const addresses = (slice.endpoints ?? []).flatMap((endpoint) => endpoint.addresses);
    let best: string | undefined;
    let bestCount = -1;
    for (const key of keys) {
      const members = membersOf.get(key);
      const count = addresses.filter((address) => members?.has(address)).length;
      if (count > bestCount) [best, bestCount] = [key, count];
    }
    if (best !== undefined) home.set(slice, best);
  }
  return home;
}

function fillBins(
  entries: readonly EndpointEntry[],
  own: readonly EndpointSliceObject[],
  groupKey: string,
): Bin[] {
  const unplaced = new Map<string, EndpointEntry>(entries.map((entry) => [entry.address, entry]));
  const bins = own.map((slice) => binOf(slice, unplaced, groupKey));
  let rest = [...unplaced.values()];

  const writtenAnyway = bins
    .filter((bin) => bin.changed && bin.kept.length > 0)
    .sort((a, b) => b.kept.length - a.kept.length);
  const emptied = bins.filter((bin) => bin.kept.length === 0);
  for (const bin of [...writtenAnyway, ...emptied]) {
    rest = moveInto(bin, rest);
  }
  const tightest = bins
    .filter((bin) => !bin.changed && rest.length > 0 && roomIn(bin) >= rest.length)
    .sort((a, b) => roomIn(a) - roomIn(b))[0];
  if (tightest !== undefined) rest = moveInto(tightest, rest);
  while (rest.length > 0) {
    const bin: Bin = { existing: undefined, kept: [], added: [], changed: true };
    rest = moveInto(bin, rest);
    bins.push(bin);
  }
  return bins;
}

/** Takes what stands in `slice` and is still wanted out of `unplaced`. */
function binOf(slice: EndpointSliceObject, unplaced: Map<string, EndpointEntry>, groupKey: string): Bin {
  const kept: EndpointEntry[] = [];
  let changed = portSetKey(slice.ports ?? []) !== groupKey;
  for (const endpoint of slice.endpoints ?? []) {
    const entry = endpoint.addresses.length === 1 ? unplaced.get(endpoint.addresses[0] ?? '') : undefined;
    if (entry === undefined || kept.length === MAX_ENDPOINTS_PER_SLICE) {
      changed = true;
      continue;
    }
    unplaced.delete(entry.address);
    kept.push(entry);
    if ((endpoint.conditions?.ready ?? true) !== entry.ready || endpoint.zone !== entry.zone) changed = true;
  }
  return { existing: slice, kept, added: [], changed };
}

function roomIn(bin: Bin): number {
  return MAX_ENDPOINTS_PER_SLICE - bin.kept.length - bin.added.length;
}

/** Puts as many of `rest` into the bin as there is room for, and returns the others. */
function moveInto(bin: Bin, rest: readonly EndpointEntry[]): EndpointEntry[] {
  const count = roomIn(bin);
  bin.added.push(...rest.slice(0, count));
  return rest.slice(count);
}

/** Entries come sorted by address; a slice keeps that order. */
function byPositionIn(entries: readonly EndpointEntry[]): (a: EndpointEntry, b: EndpointEntry) => number {
  const position = new Map<IpAddress, number>(entries.map((entry, index) => [entry.address, index]));
  return (a, b) => (position.get(a.address) ?? 0) - (position.get(b.address) ?? 0);
}

/**
 * Names that follow from what exists, `SERVICE-ipv4-0` and on. A name with a random part would leave a second
 * slice behind whenever a pass dies between the write and the answer.
 */
function sliceNames(input: {
  readonly serviceName: string;
  readonly existing: readonly EndpointSliceObject[];
  readonly takenNames: readonly string[];
}): (family: AddressFamily) => string {
  const taken = new Set([...input.takenNames, ...input.existing.map((slice) => slice.metadata.name)]);
  return (family) => {
    for (let index = 0; ; index++) {
      const name = `${input.serviceName}-${family.toLowerCase()}-${index}`;
      if (taken.has(name)) continue;
      taken.add(name);
      return name;
    }
  };
}
