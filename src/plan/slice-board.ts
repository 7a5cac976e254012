import { type EndpointEntry, entriesIn, servingKeys } from '../manifest/endpoint-entry.ts';
import type { SliceContent } from '../manifest/endpoint-slice.ts';
import type { EndpointSliceObject } from '../manifest/kube-object.ts';
import type { PackedSlice } from '../manifest/slice-packing.ts';

/** One write that brings our existing slices closer to the packed ones. */
export type SliceStep =
  | { readonly write: SliceContent; readonly remove?: never }
  | { readonly remove: EndpointSliceObject; readonly write?: never };

interface Place {
  readonly slice: string;
  readonly ready: boolean;
}

type PlacesByKey = ReadonlyMap<string, readonly Place[]>;

/** The content of each slice while the writes are put in order. */
export class Board {
  readonly slices: readonly PackedSlice[];
  readonly steps: SliceStep[] = [];
  /** Slices that go and are not removed yet, by name. */
  readonly surplus: Map<string, EndpointSliceObject>;
  /** By serving key: the slices that have it before the first write. */
  readonly placesBefore: PlacesByKey;
  /** Serving keys that are to be ready, with the name of their slice. */
  readonly readyAt = new Map<string, string>();
  /** The entries of each slice after the writes so far. */
  readonly #entries = new Map<string, readonly EndpointEntry[]>();
  readonly #final = new Set<string>();

  constructor(slices: readonly PackedSlice[], surplus: readonly EndpointSliceObject[]) {
    this.slices = slices;
    this.surplus = new Map(surplus.map((slice) => [slice.metadata.name, slice]));
    const existing = [...slices.flatMap((slice) => slice.existing ?? []), ...surplus];
    for (const slice of existing) this.#entries.set(slice.metadata.name, entriesIn(slice));
    this.placesBefore = placesIn(existing);
    for (const { name, entries } of slices) {
      for (const entry of entries) {
        if (entry.ready) for (const key of servingKeys(entry)) this.readyAt.set(key, name);
      }
    }
  }

  entriesOf(name: string): readonly EndpointEntry[] {
    return this.#entries.get(name) ?? [];
  }

  isFinal({ name }: PackedSlice): boolean {
    return this.#final.has(name);
  }

  /** The other slices that have a serving key of the entry before the first write. */
  placesElsewhere(name: string, entry: EndpointEntry): Place[] {
    return servingKeys(entry).flatMap((key) =>
      (this.placesBefore.get(key) ?? []).filter(({ slice }) => slice !== name),
    );
  }

  write(slice: SliceContent, entries: readonly EndpointEntry[]): void {
    this.#entries.set(slice.name, entries);
    if (entries === slice.entries) this.#final.add(slice.name);
    this.steps.push({ write: entries === slice.entries ? slice : { ...slice, entries } });
  }

  remove(slice: EndpointSliceObject): void {
    this.#entries.delete(slice.metadata.name);
    this.surplus.delete(slice.metadata.name);
    this.steps.push({ remove: slice });
  }
}

function placesIn(slices: readonly EndpointSliceObject[]): PlacesByKey {
  const byKey = new Map<string, Place[]>();
  for (const slice of slices) {
    for (const entry of entriesIn(slice)) {
      for (const key of servingKeys(entry)) {
        const places = byKey.get(key);
        const place = { slice: slice.metadata.name, ready: entry.ready };
        if (places === undefined) byKey.set(key, [place]);
        else places.push(place);
      }
    }
  }
  return byKey;
}
