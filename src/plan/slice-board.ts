import { type EndpointEntry, entriesIn, servingKeys } from '../manifest/endpoint-entry.ts';
import type { SliceContent } from '../manifest/endpoint-slice.ts';
import type { EndpointSliceObject } from '../manifest/kube-object.ts';
import type { PackedSlice } from '../manifest/slice-packing.ts';

/** One write on the way from our existing slices to the packed ones. */
export type SliceStep =
  | { readonly write: SliceContent; readonly remove?: never }
  | { readonly remove: EndpointSliceObject; readonly write?: never };

type OtherSlices = ReadonlyMap<string, readonly { readonly slice: string; readonly ready: boolean }[]>;

/** Where everything stands while the writes are put in order. */
export class Board {
  readonly slices: readonly PackedSlice[];
  readonly steps: SliceStep[] = [];
  /** What is to be removed and still stands. */
  readonly surplus: Map<string, EndpointSliceObject>;
  /** By serving key, before the first write. */
  readonly otherSlices: OtherSlices;
  /** Serving keys that shall be ready, and where. */
  readonly readyAt = new Map<string, string>();
  /** What each slice holds after the writes so far. */
  readonly #held = new Map<string, readonly EndpointEntry[]>();
  readonly #final = new Set<string>();

  constructor(slices: readonly PackedSlice[], surplus: readonly EndpointSliceObject[]) {
    this.slices = slices;
    this.surplus = new Map(surplus.map((slice) => [slice.metadata.name, slice]));
    const existing = [...slices.flatMap((slice) => slice.existing ?? []), ...surplus];
    for (const slice of existing) this.#held.set(slice.metadata.name, entriesIn(slice));
    this.otherSlices = otherSlicesIn(existing);
    for (const { name, entries } of slices) {
      for (const entry of entries) {
        if (entry.ready) for (const key of servingKeys(entry)) this.readyAt.set(key, name);
      }
    }
  }

  heldBy(name: string): readonly EndpointEntry[] {
    return this.#held.get(name) ?? [];
  }

  isFinal({ name }: PackedSlice): boolean {
    return this.#final.has(name);
  }

  /** What of the serving keys of an entry stands in other slices, before the first write. */
  elsewhere(name: string, entry: EndpointEntry): { readonly slice: string; readonly ready: boolean }[] {
    return servingKeys(entry).flatMap((key) =>
      (this.otherSlices.get(key) ?? []).filter(({ slice }) => slice !== name),
    );
  }

  write(slice: SliceContent, entries: readonly EndpointEntry[]): void {
    this.#held.set(slice.name, entries);
    if (entries === slice.entries) this.#final.add(slice.name);
    this.steps.push({ write: entries === slice.entries ? slice : { ...slice, entries } });
  }

  remove(slice: EndpointSliceObject): void {
    this.#held.delete(slice.metadata.name);
    this.surplus.delete(slice.metadata.name);
    this.steps.push({ remove: slice });
  }
}

function otherSlicesIn(slices: readonly EndpointSliceObject[]): OtherSlices {
  const otherSlices = new Map<string, { slice: string; ready: boolean }[]>();
  for (const slice of slices) {
    for (const entry of entriesIn(slice)) {
      for (const key of servingKeys(entry)) {
        const places = otherSlices.get(key);
        const place = { slice: slice.metadata.name, ready: entry.ready };
        if (places === undefined) otherSlices.set(key, [place]);
        else places.push(place);
      }
    }
  }
  return otherSlices;
}
