import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EndpointEntry } from '../../src/manifest/endpoint-entry.ts';
import { portSetKey, servingKeys } from '../../src/manifest/endpoint-entry.ts';
import type { EndpointSliceObject } from '../../src/manifest/kube-object.ts';
import { MAX_ENDPOINTS_PER_SLICE } from '../../src/manifest/slice-bins.ts';
import { type Packing, packSlices } from '../../src/manifest/slice-packing.ts';
import { compareAddresses } from '../../src/model/ip-address.ts';
import { stageSlices } from '../../src/plan/slice-stages.ts';
import { ip } from '../support/addresses.ts';
import { nthAddress, portNamed, readinessBySlice, sliceOf } from '../support/slices.ts';

const PORTS = [portNamed('a', 1001), portNamed('b', 1002), portNamed('c', 1003)];

/** The desired state of each address at each port: ready, not ready, or absent. */
const desired = fc.uniqueArray(
  fc.record({
    n: fc.nat(11),
    ports: fc.array(fc.constantFrom('ready', 'notReady', 'absent'), { minLength: 3, maxLength: 3 }),
  }),
  { selector: ({ n }) => n, maxLength: 12 },
);

function entriesFor(wanted: readonly { n: number; ports: readonly string[] }[]): EndpointEntry[] {
  return wanted
    .flatMap(({ n, ports }) =>
      [true, false].map((ready) => ({
        address: ip(nthAddress(n, true)),
        ready,
        ports: PORTS.filter((_, at) => ports[at] === (ready ? 'ready' : 'notReady')),
      })),
    )
    .filter(({ ports }) => ports.length > 0)
    .sort((a, b) => compareAddresses(a.address, b.address));
}

/** Slices of ours after a kill, an edit or another version. No two of them disagree. */
const existingSlices = fc
  .array(
    fc.record({
      ports: fc.uniqueArray(fc.nat(2), { minLength: 1, maxLength: 3 }),
      family: fc.constantFrom('IPv4' as const, 'IPv6' as const),
      endpoints: fc.uniqueArray(fc.record({ n: fc.nat(11), ready: fc.boolean() }), {
        selector: ({ n }) => n,
        maxLength: 8,
      }),
    }),
    { maxLength: 5 },
  )
  .map((drafts) => {
    const known = new Map<string, boolean>();
    return drafts.map(({ ports, family, endpoints }, at) => {
      const slicePorts = PORTS.filter((_, index) => ports.includes(index));
      const entries = endpoints
        .map(({ n, ready }) => ({ address: ip(nthAddress(n, true)), ready, ports: slicePorts }))
        .filter(({ address }) => address.includes(':') === (family === 'IPv6'))
        .filter((entry) =>
          servingKeys(entry).every((key) => (known.get(key) ?? entry.ready) === entry.ready),
        );
      for (const entry of entries) for (const key of servingKeys(entry)) known.set(key, entry.ready);
      return sliceOf(`db-${family.toLowerCase()}-${at}`, slicePorts, entries, family);
    });
  });

function pack(entries: readonly EndpointEntry[], existing: readonly EndpointSliceObject[]): Packing {
  const takenNames = existing.map(({ metadata }) => metadata.name);
  return packSlices({ serviceName: 'db', entries, existing, takenNames });
}

/** The slices after each step. */
function statesOf({ slices, surplus }: Packing, existing: readonly EndpointSliceObject[]) {
  const now = new Map(existing.map((slice) => [slice.metadata.name, slice]));
  return stageSlices(slices, surplus).map((step) => {
    if (step.write === undefined) now.delete(step.remove.metadata.name);
    else
      now.set(
        step.write.name,
        sliceOf(step.write.name, step.write.ports, step.write.entries, step.write.addressType),
      );
    return new Map(now);
  });
}

const readyKeys = (slices: Iterable<EndpointSliceObject>) =>
  new Set(
    [...readinessBySlice(slices)]
      .filter(([, places]) => [...places.values()].includes(true))
      .map(([key]) => key),
  );

describe('packSlices and stageSlices', () => {
  it('end with exactly the desired entries, each address and port once', () => {
    fc.assert(
      fc.property(desired, existingSlices, (wanted, existing) => {
        const entries = entriesFor(wanted);
        const last = statesOf(pack(entries, existing), existing).at(-1) ?? new Map();
        const expected = new Map(
          entries.flatMap((entry) => servingKeys(entry).map((key) => [key, entry.ready])),
        );
        const found = readinessBySlice(last.values());
        expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
        for (const [key, places] of found) expect([...places.values()]).toEqual([expected.get(key)]);
        for (const slice of last.values()) {
          expect(slice.endpoints?.length).toBeGreaterThan(0);
          expect(slice.endpoints?.length).toBeLessThanOrEqual(MAX_ENDPOINTS_PER_SLICE);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('have no gap and no contradiction after any step', () => {
    fc.assert(
      fc.property(desired, existingSlices, (wanted, existing) => {
        const entries = entriesFor(wanted);
        const before = readyKeys(existing);
        const states = statesOf(pack(entries, existing), existing);
        const after = new Set(entries.filter(({ ready }) => ready).flatMap(servingKeys));
        const mayEmpty = before.size === 0 || after.size === 0;
        for (const [step, state] of states.entries()) {
          const ready = readyKeys(state.values());
          const gaps = [...before].filter((key) => after.has(key) && !ready.has(key));
          const contradictions = [...readinessBySlice(state.values())]
            .filter(([, places]) => new Set(places.values()).size > 1)
            .map(([key]) => key);
          expect({ step, gaps, contradictions }).toEqual({ step, gaps: [], contradictions: [] });
          expect(mayEmpty || ready.size > 0).toBe(true);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it('write only equal content when nothing has to change', () => {
    fc.assert(
      fc.property(desired, existingSlices, (wanted, existing) => {
        const entries = entriesFor(wanted);
        const last = [...(statesOf(pack(entries, existing), existing).at(-1) ?? new Map()).values()];
        const again = pack(entries, last);
        expect(again.surplus).toEqual([]);
        for (const slice of again.slices) {
          expect(sliceOf(slice.name, slice.ports, slice.entries, slice.addressType)).toEqual(slice.existing);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('move no other address for one changed address', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 450 }),
        fc.nat(449),
        fc.constantFrom('drop', 'flip', 'replace', 'add'),
        (size, at, change) => {
          const entries = Array.from({ length: size }, (_, n) => ({
            address: ip(nthAddress(n)),
            ready: true,
            ports: PORTS,
          }));
          const existing = pack(entries, []).slices.map(({ name, ports, entries: held }) =>
            sliceOf(name, ports, held),
          );
          const target = at % size;
          const other = { address: ip('10.9.0.1'), ready: true, ports: PORTS };
          const next = {
            drop: entries.filter((_, n) => n !== target),
            flip: entries.map((entry, n) => (n === target ? { ...entry, ready: false } : entry)),
            replace: [...entries.filter((_, n) => n !== target), other],
            add: [...entries, other],
          }[change];
          const packing = pack(next, existing);
          const written = packing.slices.filter(
            ({ name, ports, entries: held, existing: before }) =>
              before === undefined || JSON.stringify(sliceOf(name, ports, held)) !== JSON.stringify(before),
          );
          expect(written.length + packing.surplus.length).toBe(1);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('do not change their inputs, and do not depend on their order', () => {
    fc.assert(
      fc.property(desired, existingSlices, fc.nat(), (wanted, existing, seed) => {
        const entries = entriesFor(wanted);
        const copy = structuredClone({ entries, existing });
        const shuffled = existing
          .map((slice, n) => ({ slice, n: (n * 7919 + seed) % 13 }))
          .sort((a, b) => a.n - b.n)
          .map(({ slice }) => slice);
        const steps = (slices: readonly EndpointSliceObject[]) => {
          const packing = pack(entries, slices);
          return stageSlices(packing.slices, packing.surplus);
        };
        expect(JSON.stringify(steps(shuffled))).toBe(JSON.stringify(steps(existing)));
        expect({ entries, existing }).toEqual(copy);
      }),
      { numRuns: 500 },
    );
  });

  it('write every slice once when no address moves', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('drop', 'flip', 'keep', 'rename'), { minLength: 1, maxLength: 250 }),
        (changes) => {
          const entries = changes.map((_, n) => ({
            address: ip(nthAddress(n)),
            ready: true,
            ports: PORTS,
          }));
          const existing = pack(entries, []).slices.map(({ name, ports, entries: held }) =>
            sliceOf(name, ports, held),
          );
          const next = entries.flatMap((entry, n) => {
            if (changes[n] === 'drop') return [];
            return [changes[n] === 'flip' ? { ...entry, ready: false } : entry];
          });
          const packing = pack(next, existing);
          const steps = stageSlices(packing.slices, packing.surplus);
          const names = steps.map((step) => step.write?.name ?? step.remove?.metadata.name);
          expect(new Set(names).size).toBe(names.length);
          expect(new Set(packing.slices.map(({ ports }) => portSetKey(ports))).size).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 200 },
    );
  });
});
