import { type EndpointEntry, servingKeys } from '../manifest/endpoint-entry.ts';
import type { SliceContent } from '../manifest/endpoint-slice.ts';
import type { EndpointSliceObject } from '../manifest/kube-object.ts';
import { isSame } from '../manifest/slice-bins.ts';
import { changesPorts, type PackedSlice } from '../manifest/slice-packing.ts';
import { Board, type SliceStep } from './slice-board.ts';

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
  removeContradictions(board);
  addMoving(board);
  writeFinal(board);
  for (const slice of board.slices)
    if (writeLastNotReady(board, slice).size > 0) board.write(slice, slice.entries);
  return board.steps;
}

/** Takes out of other slices, as not ready, what some slice shall have as ready. */
function removeContradictions(board: Board): void {
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
function addMoving(board: Board): void {
  for (const slice of board.slices) {
    if (board.isFinal(slice) || changesPorts(slice)) continue;
    const gains = slice.entries.some(
      (entry) => entry.ready && board.elsewhere(slice.name, entry).some((place) => place.ready),
    );
    if (!gains) continue;
    const lastNotReady = writeLastNotReady(board, slice);
    const wanted = new Set(slice.entries.map(({ address }) => address));
    const kept = board.heldBy(slice.name).filter(
      // Needed until its new place is written.
      (entry) => entry.ready && !wanted.has(entry.address) && isMoving(board, slice, entry),
    );
    if (kept.length === 0 && lastNotReady.size === 0) board.write(slice, slice.entries);
    else board.write(slice, [...slice.entries.filter((entry) => !lastNotReady.has(entry)), ...kept]);
  }
}

function isMoving(board: Board, { name }: PackedSlice, entry: EndpointEntry): boolean {
  return servingKeys(entry).some((key) => (board.readyAt.get(key) ?? name) !== name);
}

/** Writes every slice as it shall be, but for what has to wait, and removes what is surplus. */
function writeFinal(board: Board): void {
  const open = board.slices.filter((slice) => !board.isFinal(slice));
  const rank = (slice: PackedSlice) => (adopts(board, slice) ? 0 : bringsReady(board, slice) ? 1 : 2);
  for (const slice of [0, 1, 2].flatMap((each) => open.filter((slice) => rank(slice) === each))) {
    const lateOnes = writeLastNotReady(board, slice);
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
function adopts(board: Board, slice: PackedSlice): boolean {
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
function writeLastNotReady(board: Board, slice: PackedSlice): Set<EndpointEntry> {
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
