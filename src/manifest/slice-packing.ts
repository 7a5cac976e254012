import type { AddressFamily } from '../model/ip-address.ts';
import { type EndpointEntry, entriesIn, familyOfEntry, portSetKey, servingKeys } from './endpoint-entry.ts';
import type { EndpointPort, EndpointSliceObject } from './kube-object.ts';
import { type Bin, fillBins } from './slice-bins.ts';

/** The content of one slice, and the object it continues if there is one. */
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
  /** Own slices that nothing stands in any more. */
  readonly surplus: readonly EndpointSliceObject[];
}

export interface PackInput {
  readonly serviceName: string;
  /** Sorted by address. */
  readonly entries: readonly EndpointEntry[];
  /** Our own slices of the Service. */
  readonly existing: readonly EndpointSliceObject[];
  /** Names that slices of others bear. */
  readonly takenNames: readonly string[];
}

type NewName = (family: AddressFamily) => string;

/**
 * Distributes entries over slices, per family and port set, so that as few as possible are written.
 *
 * A slice whose ports no longer occur is not thrown away: it goes on with the ports that most of its
 * addresses now have, so that changing a port rewrites slices in place instead of moving addresses.
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

/** Which group of entries (by port set) each existing slice goes on serving; slices without one are surplus. */
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

/** The port set that most of the slice's addresses have now; undefined when none of them is left. */
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
 * A slice that changes its ports in place does so in one write. Where it takes over something from another that
 * does the same, neither could be written first: then it becomes a new slice, and the old one goes.
 */
function separateCrossings(packing: Packing, newName: NewName): Packing {
  const changers = new Map<string, Set<string>>();
  for (const slice of packing.slices) {
    if (!changesPorts(slice) || slice.existing === undefined) continue;
    changers.set(slice.name, new Set(entriesIn(slice.existing).flatMap(servingKeys)));
  }
  if (changers.size < 2) return packing;
  const left: EndpointSliceObject[] = [];
  const slices = packing.slices.map((slice): PackedSlice => {
    if (slice.existing === undefined || !changers.has(slice.name)) return slice;
    const keys = slice.entries.flatMap(servingKeys);
    const crosses = [...changers].some(
      ([name, otherSlices]) => name !== slice.name && keys.some((key) => otherSlices.has(key)),
    );
    if (!crosses) return slice;
    changers.delete(slice.name);
    left.push(slice.existing);
    const { existing: _existing, ...rest } = slice;
    return { ...rest, name: newName(slice.addressType) };
  });
  return { slices, surplus: [...packing.surplus, ...left] };
}

/** Whether the slice goes on with other ports than it has now. */
export function changesPorts({ existing, ports }: PackedSlice): boolean {
  return existing !== undefined && portSetKey(existing.ports ?? []) !== portSetKey(ports);
}

/**
 * Names that follow from what exists, `SERVICE-ipv4-0` and on. A name with a random part would leave a second
 * slice behind whenever a pass dies between the write and the answer.
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
