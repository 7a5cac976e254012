import type { EndpointEntry } from '../manifest/endpoint-entry.ts';
import { portKey, portSetKey } from '../manifest/endpoint-entry.ts';
import type { SliceContent } from '../manifest/endpoint-slice.ts';
import type { EndpointSliceObject } from '../manifest/kube-object.ts';
import type { PackedSlice } from '../manifest/slice-packing.ts';
import { parseIpAddress } from '../target/ip-address.ts';

/**
 * The writes that turn our existing slices into the packed ones, in an order without a gap and without a
 * contradiction. An address and port may move from one slice (the loser) to another (the gainer):
 *
 *   same readiness     the gainer is written before the loser: traffic never misses the address
 *   other readiness    the loser is written before the gainer: two slices never disagree about it, and what
 *                      changes its readiness is in no one's traffic either before or after
 *
 * Where both hold for one slice it is written in up to three steps: what it may gain early, then without what
 * it loses, then with what it may gain only late.
 */
export function stageSlices(
  packed: readonly PackedSlice[],
  surplus: readonly EndpointSliceObject[],
): SliceContent[] {
  const standing = standingReadiness([
    ...packed.flatMap((slice) => (slice.existing === undefined ? [] : [slice.existing])),
    ...surplus,
  ]);
  const steps = packed.map((slice) => stepsOf(slice, standing));
  return [
    ...steps.flatMap(({ early }) => (early === undefined ? [] : [early])),
    ...steps.flatMap(({ middle }) => (middle === undefined ? [] : [middle])),
    ...steps.flatMap(({ late }) => (late === undefined ? [] : [late])),
  ];
}

interface Steps {
  early?: SliceContent;
  middle?: SliceContent;
  late?: SliceContent;
}

type Standing = ReadonlyMap<string, readonly { slice: string; ready: boolean }[]>;

function standingReadiness(slices: readonly EndpointSliceObject[]): Standing {
  const standing = new Map<string, { slice: string; ready: boolean }[]>();
  for (const slice of slices) {
    for (const [key, ready] of portsIn(slice)) {
      const places = standing.get(key) ?? [];
      places.push({ slice: slice.metadata.name, ready });
      standing.set(key, places);
    }
  }
  return standing;
}

function* portsIn(slice: EndpointSliceObject): Generator<readonly [string, boolean]> {
  for (const endpoint of slice.endpoints ?? []) {
    for (const address of endpoint.addresses) {
      for (const port of slice.ports ?? []) {
        yield [`${address} ${portKey(port)}`, endpoint.conditions?.ready ?? true];
      }
    }
  }
}

function stepsOf(slice: PackedSlice, standing: Standing): Steps {
  const final: SliceContent = slice;
  const placesElsewhere = (entry: EndpointEntry) =>
    entry.ports
      .flatMap((port) => standing.get(`${entry.address} ${portKey(port)}`) ?? [])
      .filter((place) => place.slice !== slice.name);
  const mustBeEarly = (entry: EndpointEntry) =>
    entry.ready && placesElsewhere(entry).some((place) => place.ready);
  const mustBeLate = (entry: EndpointEntry) =>
    placesElsewhere(entry).some((place) => place.ready !== entry.ready);

  const early = slice.entries.filter((entry) => mustBeEarly(entry) && !mustBeLate(entry));
  const late = slice.entries.filter(mustBeLate);
  const losesToOthers = lostEntries(slice).length > 0;
  const samePorts =
    slice.existing === undefined || portSetKey(slice.existing.ports ?? []) === portSetKey(slice.ports);
  if (early.length === 0 && late.length === 0) return { middle: final };
  // With other ports than before, what it loses cannot stay in it for one more step.
  if (!samePorts) return late.length > 0 ? { middle: without(final, late), late: final } : { middle: final };
  if (early.length === 0) {
    return losesToOthers ? { middle: without(final, late), late: final } : { late: final };
  }
  if (!losesToOthers && late.length === 0) return { early: final };
  const widened = { ...final, entries: merge([...final.entries.filter(notIn(late)), ...lostEntries(slice)]) };
  return {
    early: widened,
    middle: without(final, late),
    ...(late.length > 0 ? { late: final } : {}),
  };
}

/** What stands in the slice now under the same ports and will no longer: it stays until everybody has gained. */
function lostEntries(slice: PackedSlice): EndpointEntry[] {
  const kept = new Set<string>(slice.entries.map((entry) => entry.address));
  return (slice.existing?.endpoints ?? []).flatMap((endpoint) => {
    const address = parseIpAddress(endpoint.addresses[0] ?? '');
    if (address === undefined || kept.has(address)) return [];
    return [
      {
        address,
        ready: endpoint.conditions?.ready ?? true,
        ports: slice.ports,
        ...(endpoint.zone === undefined ? {} : { zone: endpoint.zone }),
      },
    ];
  });
}

function without(content: SliceContent, entries: readonly EndpointEntry[]): SliceContent {
  return { ...content, entries: content.entries.filter(notIn(entries)) };
}

function notIn(entries: readonly EndpointEntry[]): (entry: EndpointEntry) => boolean {
  const addresses = new Set<string>(entries.map((entry) => entry.address));
  return (entry) => !addresses.has(entry.address);
}

function merge(entries: readonly EndpointEntry[]): EndpointEntry[] {
  return [...new Map(entries.map((entry) => [entry.address, entry])).values()];
}
