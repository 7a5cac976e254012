import { type EndpointEntry, servingKeys } from '../manifest/endpoint-entry.ts';
import type { SliceContent } from '../manifest/endpoint-slice.ts';
import type { EndpointSliceObject } from '../manifest/kube-object.ts';
import { isSame } from '../manifest/slice-bins.ts';
import { changesPorts, type PackedSlice } from '../manifest/slice-packing.ts';
import { Board, type SliceStep } from './slice-board.ts';

/**
 * The writes that turn our existing slices into the packed ones, in an order without a gap and without a contradiction:
 * an address and port that is ready before and after is ready after every write, and no two slices ever disagree about
 * it. An address that moves between slices goes through four stages:
 *
 *   1. removeContradictions  it is removed where it is not ready, if another slice is to have it as ready
 *   2. addMoving             it is added to the slice that is to have it as ready; that slice keeps addresses that other
 *                            slices do not have yet
 *   3. writeFinal            every slice gets its final content, except not-ready addresses that are still ready in
 *                            another slice. First the slices that stage 2 skipped because their ports change, then
 *                            those that bring new ready addresses. Surplus slices are removed.
 *   4. writeLastNotReady     those not-ready addresses, now that no slice has them as ready
 *
 * A slice is written once unless an address moves. Every slice is written in its final form at least once: that write
 * also repairs drift.
 */
export function stageSlices(
  packed: readonly PackedSlice[],
  surplus: readonly EndpointSliceObject[],
): SliceStep[] {
  const board = new Board(packed, surplus);
  removeContradictions(board);
  addMoving(board);
  writeFinal(board);
  writeLastNotReady(board);
  return board.steps;
}

/** Removes not-ready addresses that another slice is to have as ready. */
function removeContradictions(board: Board): void {
  const contradicted = contradictedAddresses(board);
  const remainingIn = (name: string) => {
    const removed = contradicted.get(name);
    if (removed === undefined) return undefined;
    return board.entriesOf(name).filter((entry) => entry.ready || !removed.has(entry.address));
  };
  for (const slice of board.slices) {
    const remaining = remainingIn(slice.name);
    if (remaining === undefined || slice.existing === undefined) continue;
    if (sameEntries(remaining, slice.entries) && !changesPorts(slice)) board.write(slice, slice.entries);
    else board.write({ ...slice, ports: slice.existing.ports ?? [] }, remaining);
  }
  for (const [name, slice] of [...board.surplus]) {
    const remaining = remainingIn(name);
    if (remaining === undefined) continue;
    if (remaining.some((entry) => entry.ready)) board.write(contentOf(slice), remaining);
    else board.remove(slice);
  }
}

/** By slice: addresses that it has as not ready and that another slice is to have as ready. */
function contradictedAddresses(board: Board): ReadonlyMap<string, ReadonlySet<string>> {
  const contradicted = new Map<string, Set<string>>();
  for (const slice of board.slices) {
    for (const entry of slice.entries.filter(({ ready }) => ready)) {
      for (const place of board.placesElsewhere(slice.name, entry).filter(({ ready }) => !ready)) {
        const addresses = contradicted.get(place.slice) ?? new Set();
        contradicted.set(place.slice, addresses.add(entry.address));
      }
    }
  }
  return contradicted;
}

/** Adds ready addresses of another slice to the slice that is to have them. */
function addMoving(board: Board): void {
  for (const slice of board.slices) {
    if (board.isFinal(slice) || changesPorts(slice)) continue;
    const gains = slice.entries.some(
      (entry) => entry.ready && board.placesElsewhere(slice.name, entry).some((place) => place.ready),
    );
    if (!gains) continue;
    const lastNotReady = readyInAnotherSlice(board, slice);
    const wanted = new Set(slice.entries.map(({ address }) => address));
    const kept = board.entriesOf(slice.name).filter(
      // Its new slice is not written yet.
      (entry) => entry.ready && !wanted.has(entry.address) && isMoving(board, slice, entry),
    );
    if (kept.length === 0 && lastNotReady.size === 0) board.write(slice, slice.entries);
    else board.write(slice, [...slice.entries.filter((entry) => !lastNotReady.has(entry)), ...kept]);
  }
}

function isMoving(board: Board, { name }: PackedSlice, entry: EndpointEntry): boolean {
  return servingKeys(entry).some((key) => (board.readyAt.get(key) ?? name) !== name);
}

/** Writes every slice without the not-ready addresses that have to wait, and removes surplus slices. */
function writeFinal(board: Board): void {
  const open = board.slices.filter((slice) => !board.isFinal(slice));
  const rank = (slice: PackedSlice) =>
    gainsWithNewPorts(board, slice) ? 0 : bringsReady(board, slice) ? 1 : 2;
  for (const slice of [0, 1, 2].flatMap((each) => open.filter((slice) => rank(slice) === each))) {
    const lastNotReady = readyInAnotherSlice(board, slice);
    if (lastNotReady.size === 0) {
      board.write(slice, slice.entries);
      continue;
    }
    const now = slice.entries.filter((entry) => !lastNotReady.has(entry));
    const isWritten = !changesPorts(slice) && sameEntries(now, board.entriesOf(slice.name));
    if (!isWritten) board.write(slice, now);
  }
  for (const slice of [...board.surplus.values()]) board.remove(slice);
}

/** It gets ready addresses of other slices, and stage 2 skipped it because its ports change. */
function gainsWithNewPorts(board: Board, slice: PackedSlice): boolean {
  if (!changesPorts(slice)) return false;
  return slice.entries.some(
    (entry) => entry.ready && board.placesElsewhere(slice.name, entry).some((place) => place.ready),
  );
}

function bringsReady(board: Board, slice: PackedSlice): boolean {
  if (changesPorts(slice)) return slice.entries.some((entry) => entry.ready);
  const ready = new Set(
    board
      .entriesOf(slice.name)
      .filter((entry) => entry.ready)
      .map(({ address }) => address),
  );
  return slice.entries.some((entry) => entry.ready && !ready.has(entry.address));
}

/** Writes the not-ready addresses that had to wait. */
function writeLastNotReady(board: Board): void {
  for (const slice of board.slices) {
    if (readyInAnotherSlice(board, slice).size > 0) board.write(slice, slice.entries);
  }
}

/** Not-ready entries of the slice that another slice has as ready before the first write: they have to wait. */
function readyInAnotherSlice(board: Board, slice: PackedSlice): Set<EndpointEntry> {
  return new Set(
    slice.entries.filter(
      (entry) => !entry.ready && board.placesElsewhere(slice.name, entry).some((place) => place.ready),
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
