import { type EndpointEntry, entriesIn, portSetKey } from './endpoint-entry.ts';
import type { EndpointSliceObject } from './kube-object.ts';

/** The default of kube-controller-manager; every consumer of slices is tested with it. */
export const MAX_ENDPOINTS_PER_SLICE = 100;

/** The desired entries of one slice of a group; none: the slice is no longer needed. */
export interface Bin {
  readonly existing: EndpointSliceObject | undefined;
  readonly entries: readonly EndpointEntry[];
}

interface OpenBin {
  readonly existing: EndpointSliceObject | undefined;
  readonly members: EndpointEntry[];
  /** The slice must be written anyway, so adding an entry costs nothing. */
  readonly changed: boolean;
}

/**
 * Distributes the entries of one family and port set over slices. The rules are those of Kubernetes' reconciler
 * (`endpointslice/reconciler.go:488-644`):
 *
 *   1. an entry stays in its slice;
 *   2. new entries fill the slices that must be written anyway, fullest first;
 *   3. the rest goes into the unchanged slice with the least room that is enough, else into new slices;
 *   4. slices are never rebalanced.
 *
 * @param entries each address once.
 * @param own the slices that serve this group from now on, sorted by name.
 */
export function fillBins(
  entries: readonly EndpointEntry[],
  own: readonly EndpointSliceObject[],
  groupKey: string,
): Bin[] {
  const position = new Map<string, number>(entries.map(({ address }, index) => [address, index]));
  const unplaced = new Map<string, EndpointEntry>(entries.map((entry) => [entry.address, entry]));
  const bins = own.map((slice) => openBin(slice, unplaced, groupKey));
  const rest = [...unplaced.values()];
  let placed = 0;
  const fill = ({ members }: OpenBin) => {
    const room = MAX_ENDPOINTS_PER_SLICE - members.length;
    members.push(...rest.slice(placed, placed + room));
    placed = Math.min(rest.length, placed + room);
  };

  for (const bin of bins.filter(({ changed }) => changed).sort(fullestFirst)) fill(bin);
  while (placed < rest.length) {
    const bin = tightestFor(rest.length - placed, bins) ?? newBin(bins);
    fill(bin);
  }
  return bins.map(({ existing, members }) => ({
    existing,
    entries: members.sort((a, b) => (position.get(a.address) ?? 0) - (position.get(b.address) ?? 0)),
  }));
}

/** The slice with those of its entries that are still wanted; they are removed from `unplaced`. */
function openBin(
  slice: EndpointSliceObject,
  unplaced: Map<string, EndpointEntry>,
  groupKey: string,
): OpenBin {
  const members: EndpointEntry[] = [];
  let changed = portSetKey(slice.ports ?? []) !== groupKey;
  for (const current of entriesIn(slice)) {
    const entry = unplaced.get(current.address);
    if (entry === undefined || members.length === MAX_ENDPOINTS_PER_SLICE) {
      changed = true;
      continue;
    }
    unplaced.delete(entry.address);
    members.push(entry);
    if (!isSame(current, entry)) changed = true;
  }
  return { existing: slice, members, changed: changed || members.length === 0 };
}

/** Whether both are written in the same way, apart from their ports. */
export function isSame(a: EndpointEntry, b: EndpointEntry): boolean {
  return a.ready === b.ready && a.zone === b.zone && (a.hinted ?? false) === (b.hinted ?? false);
}

/** Slices that would be empty come last, so that they can go. */
function fullestFirst(a: OpenBin, b: OpenBin): number {
  return b.members.length - a.members.length;
}

function tightestFor(count: number, bins: readonly OpenBin[]): OpenBin | undefined {
  if (count >= MAX_ENDPOINTS_PER_SLICE) return undefined;
  let best: OpenBin | undefined;
  for (const bin of bins) {
    if (bin.members.length + count > MAX_ENDPOINTS_PER_SLICE) continue;
    if (best === undefined || bin.members.length > best.members.length) best = bin;
  }
  return best;
}

function newBin(bins: OpenBin[]): OpenBin {
  const bin: OpenBin = { existing: undefined, members: [], changed: true };
  bins.push(bin);
  return bin;
}
