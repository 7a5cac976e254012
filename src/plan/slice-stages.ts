import { type EndpointEntry, entriesIn, servingKeys } from '../manifest/endpoint-entry.ts';
import type { SliceContent } from '../manifest/endpoint-slice.ts';
import type { EndpointSliceObject } from '../manifest/kube-object.ts';
import { isSame } from '../manifest/slice-bins.ts';
import { changesPorts, type PackedSlice } from '../manifest/slice-packing.ts';

/** One write on the way from our existing slices to the packed ones. */
export type SliceStep =
  | { readonly write: SliceContent; readonly remove?: never }
  | { readonly remove: EndpointSliceObject; readonly write?: never };

/**
 * The writes that turn our existing slices into the packed ones, in an order without a gap and without a
 * contradiction: an address and port that is ready before and after is ready after every write, and no two
 * slices ever say different things about it. What moves between slices goes through four phases:
 *
 *   1. shed   who has it as not ready, and it shall be ready elsewhere, lets go of it
 *   2. grow   who shall have it as ready gets it, keeping what others have yet to get
 *   3. settle everybody gets what it shall have, but for what still stands ready elsewhere and shall not be;
 *             first those that could not grow because their ports change, then those that bring new ready
 *             addresses; surplus slices go
 *   4. late   what is no longer ready anywhere, and was in another slice
 *
 * A slice is written once unless something moves; every slice is written in its final form at least once, so that
 * whoever compares finds what else has drifted.
 */
export function stageSlices(
  packed: readonly PackedSlice[],
  surplus: readonly EndpointSliceObject[],
): SliceStep[] {
  const board = new Board(packed, surplus);
  shed(board);
  grow(board);
  settle(board);
  for (const slice of board.slices) if (late(board, slice).size > 0) board.write(slice, slice.entries);
  return board.steps;
}

type Standing = ReadonlyMap<string, readonly { readonly slice: string; readonly ready: boolean }[]>;

/** Where everything stands while the writes are put in order. */
class Board {
  readonly slices: readonly PackedSlice[];
  readonly steps: SliceStep[] = [];
  /** What is to be removed and still stands. */
  readonly surplus: Map<string, EndpointSliceObject>;
  /** By serving key, before the first write. */
  readonly standing: Standing;
  /** Serving keys that shall be ready, and where. */
  readonly readyAt = new Map<string, string>();
  /** What each slice holds after the writes so far. */
  private readonly held = new Map<string, readonly EndpointEntry[]>();
  private readonly final = new Set<string>();

  constructor(slices: readonly PackedSlice[], surplus: readonly EndpointSliceObject[]) {
    this.slices = slices;
    this.surplus = new Map(surplus.map((slice) => [slice.metadata.name, slice]));
    const existing = [...slices.flatMap((slice) => slice.existing ?? []), ...surplus];
    for (const slice of existing) this.held.set(slice.metadata.name, entriesIn(slice));
    this.standing = standingIn(existing);
    for (const { name, entries } of slices) {
      for (const entry of entries) {
        if (entry.ready) for (const key of servingKeys(entry)) this.readyAt.set(key, name);
      }
    }
  }

  heldBy(name: string): readonly EndpointEntry[] {
    return this.held.get(name) ?? [];
  }

  isFinal({ name }: PackedSlice): boolean {
    return this.final.has(name);
  }

  /** What of the serving keys of an entry stands in other slices, before the first write. */
  elsewhere(name: string, entry: EndpointEntry): { readonly slice: string; readonly ready: boolean }[] {
    return servingKeys(entry).flatMap((key) =>
      (this.standing.get(key) ?? []).filter(({ slice }) => slice !== name),
    );
  }

  write(slice: SliceContent, entries: readonly EndpointEntry[]): void {
    this.held.set(slice.name, entries);
    if (entries === slice.entries) this.final.add(slice.name);
    this.steps.push({ write: entries === slice.entries ? slice : { ...slice, entries } });
  }

  remove(slice: EndpointSliceObject): void {
    this.held.delete(slice.metadata.name);
    this.surplus.delete(slice.metadata.name);
    this.steps.push({ remove: slice });
  }
}

function standingIn(slices: readonly EndpointSliceObject[]): Standing {
  const standing = new Map<string, { slice: string; ready: boolean }[]>();
  for (const slice of slices) {
    for (const entry of entriesIn(slice)) {
      for (const key of servingKeys(entry)) {
        const places = standing.get(key);
        const place = { slice: slice.metadata.name, ready: entry.ready };
        if (places === undefined) standing.set(key, [place]);
        else places.push(place);
      }
    }
  }
  return standing;
}

/** Takes out of other slices, as not ready, what some slice shall have as ready. */
function shed(board: Board): void {
  const contradicted = contradictedAddresses(board);
  const leftIn = (name: string) => {
    const gone = contradicted.get(name);
    if (gone === undefined) return undefined;
    return board.heldBy(name).filter((entry) => entry.ready || !gone.has(entry.address));
  };
  for (const slice of board.slices) {
    const left = leftIn(slice.name);
    if (left === undefined || slice.existing === undefined) continue;
    if (sameEntries(left, slice.entries) && !changesPorts(slice)) board.write(slice, slice.entries);
    else board.write({ ...slice, ports: slice.existing.ports ?? [] }, left);
  }
  for (const [name, slice] of [...board.surplus]) {
    const left = leftIn(name);
    if (left === undefined) continue;
    if (left.some((entry) => entry.ready)) board.write(contentOf(slice), left);
    else board.remove(slice);
  }
}

/** By slice: addresses that it has as not ready and that another shall have as ready. */
function contradictedAddresses(board: Board): ReadonlyMap<string, ReadonlySet<string>> {
  const contradicted = new Map<string, Set<string>>();
  for (const slice of board.slices) {
    for (const entry of slice.entries.filter(({ ready }) => ready)) {
      for (const place of board.elsewhere(slice.name, entry).filter(({ ready }) => !ready)) {
        const addresses = contradicted.get(place.slice) ?? new Set();
        contradicted.set(place.slice, addresses.add(entry.address));
      }
    }
  }
  return contradicted;
}

/** Gives ready addresses that stand ready in another slice to the one that shall have them. */
function grow(board: Board): void {
  for (const slice of board.slices) {
    if (board.isFinal(slice) || changesPorts(slice)) continue;
    const gains = slice.entries.some(
      (entry) => entry.ready && board.elsewhere(slice.name, entry).some((place) => place.ready),
    );
    if (!gains) continue;
    const lateOnes = late(board, slice);
    const wanted = new Set(slice.entries.map(({ address }) => address));
    const kept = board.heldBy(slice.name).filter(
      // Needed until its new place is written.
      (entry) => entry.ready && !wanted.has(entry.address) && isMoving(board, slice, entry),
    );
    if (kept.length === 0 && lateOnes.size === 0) board.write(slice, slice.entries);
    else board.write(slice, [...slice.entries.filter((entry) => !lateOnes.has(entry)), ...kept]);
  }
}

function isMoving(board: Board, { name }: PackedSlice, entry: EndpointEntry): boolean {
  return servingKeys(entry).some((key) => (board.readyAt.get(key) ?? name) !== name);
}

/** Writes every slice as it shall be, but for what has to wait, and removes what is surplus. */
function settle(board: Board): void {
  const open = board.slices.filter((slice) => !board.isFinal(slice));
  const rank = (slice: PackedSlice) => (takesOver(board, slice) ? 0 : bringsReady(board, slice) ? 1 : 2);
  for (const slice of [0, 1, 2].flatMap((each) => open.filter((slice) => rank(slice) === each))) {
    const lateOnes = late(board, slice);
    if (lateOnes.size === 0) {
      board.write(slice, slice.entries);
      continue;
    }
    const now = slice.entries.filter((entry) => !lateOnes.has(entry));
    const isThere = !changesPorts(slice) && sameEntries(now, board.heldBy(slice.name));
    if (!isThere) board.write(slice, now);
  }
  for (const slice of [...board.surplus.values()]) board.remove(slice);
}

/** It gets others' ready addresses and could not get them earlier, because its ports change. */
function takesOver(board: Board, slice: PackedSlice): boolean {
  if (!changesPorts(slice)) return false;
  return slice.entries.some(
    (entry) => entry.ready && board.elsewhere(slice.name, entry).some((place) => place.ready),
  );
}

function bringsReady(board: Board, slice: PackedSlice): boolean {
  if (changesPorts(slice)) return slice.entries.some((entry) => entry.ready);
  const ready = new Set(
    board
      .heldBy(slice.name)
      .filter((entry) => entry.ready)
      .map(({ address }) => address),
  );
  return slice.entries.some((entry) => entry.ready && !ready.has(entry.address));
}

/** What the slice shall have as not ready while it stands ready elsewhere: to be written when that is gone. */
function late(board: Board, slice: PackedSlice): Set<EndpointEntry> {
  return new Set(
    slice.entries.filter(
      (entry) => !entry.ready && board.elsewhere(slice.name, entry).some((place) => place.ready),
    ),
  );
}

function sameEntries(a: readonly EndpointEntry[], b: readonly EndpointEntry[]): boolean {
  if (a.length !== b.length) return false;
  const byAddress = new Map(b.map((entry) => [entry.address, entry]));
  return a.every((entry) => {
    const other = byAddress.get(entry.address);
    return other !== undefined && isSame(entry, other);
  });
}

function contentOf(slice: EndpointSliceObject): SliceContent {
  return {
    name: slice.metadata.name,
    addressType: slice.addressType === 'IPv6' ? 'IPv6' : 'IPv4',
    ports: slice.ports ?? [],
    entries: [],
  };
}
