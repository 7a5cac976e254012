import type { AddressFamily } from '../model/ip-address.ts';
import { type EndpointEntry, entriesIn, familyOfEntry, portSetKey, servingKeys } from './endpoint-entry.ts';
import type { EndpointPort, EndpointSliceObject } from './kube-object.ts';
import { type Bin, fillBins } from './slice-bins.ts';

/** The content of one slice, and the existing slice that gets it, if any. */
export interface PackedSlice {
  readonly name: string;
  readonly addressType: AddressFamily;
  readonly ports: readonly EndpointPort[];
  /** Sorted by address; at most `MAX_ENDPOINTS_PER_SLICE`. */
  readonly entries: readonly EndpointEntry[];
  readonly existing?: EndpointSliceObject;
}

export interface Packing {
  readonly slices: readonly PackedSlice[];
  /** Slices of ours without an entry: they are deleted. */
  readonly surplus: readonly EndpointSliceObject[];
}

export interface PackInput {
  readonly serviceName: string;
  /** Sorted by address. */
  readonly entries: readonly EndpointEntry[];
  /** Our own slices of the Service. */
  readonly existing: readonly EndpointSliceObject[];
  /** Names of other owners' slices. */
  readonly takenNames: readonly string[];
}

type NewName = (family: AddressFamily) => string;

/**
 * Distributes entries over slices, per family and port set, so that as few slices as possible are written.
 *
 * A slice whose ports no longer occur is kept. It gets the ports that most of its addresses have now, so a changed port
 * rewrites slices in place instead of moving addresses.
 */
export function packSlices(input: PackInput): Packing {
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
  newName: NewName,
): Packing {
  const slices: PackedSlice[] = [];
  const groups = Map.groupBy(entries, (entry) => portSetKey(entry.ports));
  const home = assignToGroups(existing, groups);
  const bySet = Map.groupBy(existing, (slice) => home.get(slice));
  const surplus = [...(bySet.get(undefined) ?? [])];
  for (const key of [...groups.keys()].sort()) {
    const group = groups.get(key) ?? [];
    const ports = group[0]?.ports ?? [];
    for (const bin of fillBins(group, bySet.get(key) ?? [], key)) {
      if (bin.entries.length > 0) slices.push(packed(bin, family, ports, newName));
      else if (bin.existing !== undefined) surplus.push(bin.existing);
    }
  }
  return separateCrossings({ slices, surplus }, newName);
}

function packed(
  { existing, entries }: Bin,
  addressType: AddressFamily,
  ports: readonly EndpointPort[],
  newName: NewName,
): PackedSlice {
  const name = existing?.metadata.name ?? newName(addressType);
  return { name, addressType, ports, entries, ...(existing === undefined ? {} : { existing }) };
}

/** The group of entries (by port set) that each existing slice serves; a slice without a group is surplus. */
function assignToGroups(
  existing: readonly EndpointSliceObject[],
  groups: ReadonlyMap<string, readonly EndpointEntry[]>,
): Map<EndpointSliceObject, string> {
  const home = new Map<EndpointSliceObject, string>();
  const keys = [...groups.keys()].sort();
  const setsOfAddress = new Map<string, string[]>();
  for (const key of keys) {
    for (const { address } of groups.get(key) ?? []) {
      const known = setsOfAddress.get(address);
      if (known === undefined) setsOfAddress.set(address, [key]);
      else known.push(key);
    }
  }
  for (const slice of existing) {
    const current = portSetKey(slice.ports ?? []);
    const next = groups.has(current) ? current : (mostCommonSet(slice, setsOfAddress) ?? keys[0]);
    if (next !== undefined) home.set(slice, next);
  }
  return home;
}

/** The port set that most of the slice's addresses have now; undefined: none of them is left. */
function mostCommonSet(
  slice: EndpointSliceObject,
  setsOfAddress: ReadonlyMap<string, readonly string[]>,
): string | undefined {
  const counts = new Map<string, number>();
  for (const { address } of entriesIn(slice)) {
    for (const key of setsOfAddress.get(address) ?? []) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))[0]?.[0];
}

/**
 * A slice changes its ports in place in one write. If two such slices exchange addresses, neither can be written first.
 * Then one of them is replaced by a new slice.
 */
function separateCrossings(packing: Packing, newName: NewName): Packing {
  const changers = new Map<string, Set<string>>();
  for (const slice of packing.slices) {
    if (!changesPorts(slice) || slice.existing === undefined) continue;
    changers.set(slice.name, new Set(entriesIn(slice.existing).flatMap(servingKeys)));
  }
  if (changers.size < 2) return packing;
  const replaced: EndpointSliceObject[] = [];
  const slices = packing.slices.map((slice): PackedSlice => {
    if (slice.existing === undefined || !changers.has(slice.name)) return slice;
    const keys = slice.entries.flatMap(servingKeys);
    const crosses = [...changers].some(
      ([name, otherKeys]) => name !== slice.name && keys.some((key) => otherKeys.has(key)),
    );
    if (!crosses) return slice;
    changers.delete(slice.name);
    replaced.push(slice.existing);
    const { existing: _existing, ...rest } = slice;
    return { ...rest, name: newName(slice.addressType) };
  });
  return { slices, surplus: [...packing.surplus, ...replaced] };
}

/** Whether the slice gets other ports than it has now. */
export function changesPorts({ existing, ports }: PackedSlice): boolean {
  return existing !== undefined && portSetKey(existing.ports ?? []) !== portSetKey(ports);
}

/**
 * The first free names of `SERVICE-ipv4-0`, `SERVICE-ipv4-1` and so on. With a random part in the name, a kill between the
 * write and its answer would leave a second slice behind.
 */
function sliceNames(input: Pick<PackInput, 'serviceName' | 'existing' | 'takenNames'>): NewName {
  const taken = new Set([...input.takenNames, ...input.existing.map((slice) => slice.metadata.name)]);
  const nextIndex = { IPv4: 0, IPv6: 0 };
  return (family) => {
    for (;;) {
      const name = `${input.serviceName}-${family.toLowerCase()}-${nextIndex[family]++}`;
      if (!taken.has(name)) return name;
    }
  };
}
