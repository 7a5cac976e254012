import { describe, expect, it } from 'vitest';
import type { EndpointEntry } from '../../../src/manifest/endpoint-entry.ts';
import type { EndpointSliceObject } from '../../../src/manifest/kube-object.ts';
import { MAX_ENDPOINTS_PER_SLICE } from '../../../src/manifest/slice-bins.ts';
import { packSlices } from '../../../src/manifest/slice-packing.ts';
import { stageSlices } from '../../../src/plan/slice-stages.ts';
import { ip } from '../../support/addresses.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { nthAddress, portNamed, sliceOf } from '../../support/slices.ts';

const PORTS = [portNamed('pg', 5432)];
const MANY = 5_000;

function entries(numbers: Iterable<number>): EndpointEntry[] {
  return [...numbers].map((n) => ({ address: ip(nthAddress(n)), ready: true, ports: PORTS }));
}

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

/** The slices of a cluster. */
class Slices {
  readonly #slices = new Map<string, EndpointSliceObject>();
  readonly #texts = new Map<string, string>();

  get count(): number {
    return this.#slices.size;
  }

  /** @returns how many writes and deletions the change takes, and how many of them are of one slice a second time. */
  become(wanted: readonly EndpointEntry[]): { readonly writes: number; readonly twice: number } {
    const existing = [...this.#slices.values()];
    const takenNames = existing.map(({ metadata }) => metadata.name);
    const packing = packSlices({ serviceName: 'db', entries: wanted, existing, takenNames });
    const touched: string[] = [];
    for (const { write, remove } of stageSlices(packing.slices, packing.surplus)) {
      const name = write?.name ?? remove?.metadata.name ?? '';
      if (write === undefined) {
        this.#slices.delete(name);
        this.#texts.delete(name);
        touched.push(name);
        continue;
      }
      const slice = sliceOf(name, write.ports, write.entries);
      const text = JSON.stringify(slice.endpoints);
      if (text === this.#texts.get(name)) continue;
      touched.push(name);
      this.#texts.set(name, text);
      this.#slices.set(name, slice);
    }
    return { writes: touched.length, twice: touched.length - new Set(touched).size };
  }
}

describe('packSlices and stageSlices', () => {
  it(`write each slice once from 1 to ${MANY} addresses, and back to 1`, () => {
    const slices = new Slices();
    slices.become(entries(upTo(1)));
    expect(slices.become(entries(upTo(MANY)))).toEqual({ writes: MANY / MAX_ENDPOINTS_PER_SLICE, twice: 0 });
    expect(slices.count).toBe(MANY / MAX_ENDPOINTS_PER_SLICE);
    expect(slices.become(entries(upTo(1)))).toEqual({ writes: MANY / MAX_ENDPOINTS_PER_SLICE, twice: 0 });
    expect(slices.count).toBe(1);
  });

  it('write one slice for one more address, and end with the fewest slices possible', () => {
    const slices = new Slices();
    let size = 0;
    // One by one when a slice is nearly full or nearly empty, in larger steps between.
    while (size < MANY) {
      const inSlice = size % MAX_ENDPOINTS_PER_SLICE;
      const leap = size > MAX_ENDPOINTS_PER_SLICE && inSlice === 1 ? MAX_ENDPOINTS_PER_SLICE - 2 : 1;
      size += leap;
      expect(slices.become(entries(upTo(size)))).toEqual({ writes: 1, twice: 0 });
    }
    expect(slices.count).toBe(MANY / MAX_ENDPOINTS_PER_SLICE);
  });

  it('write or delete one slice for one address less, whichever it is', () => {
    const random = seededRandom(5);
    const slices = new Slices();
    const left = new Set(upTo(350));
    slices.become(entries(left));
    while (left.size > 0) {
      const all = [...left];
      left.delete(all[random.integer(all.length)] ?? 0);
      expect(slices.become(entries(left))).toEqual({ writes: 1, twice: 0 });
    }
    expect(slices.count).toBe(0);
  });

  it('never move an address that stays', () => {
    const slices = new Slices();
    slices.become(entries(upTo(300)));
    // Each slice loses one address: each is written once, and none is merged into another.
    expect(slices.become(entries(upTo(300).filter((n) => n % 100 !== 0)))).toEqual({ writes: 3, twice: 0 });
    expect(slices.count).toBe(3);
  });
});
