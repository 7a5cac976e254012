import { type Assessment, addressOfKey } from '../endpoint/assessment.ts';
import type { NameTrouble } from '../endpoint/name-memory.ts';
import type { EndpointEntry } from '../manifest/endpoint-entry.ts';
import { ownerOf } from '../manifest/labels.ts';
import { type SlicesByOwner, servedReadiness } from './existing-objects.ts';
import type { PlanInput } from './plan-input.ts';
import type { Refusal } from './refusal.ts';
import { isExternalName } from './service-view.ts';

/** As many addresses are named in a message. */
const MAX_NAMED = 3;

/**
 * Why everything stays as it is for now: a Service with ready addresses would be left without any, and not because
 * they were found unhealthy. Where we take over from somebody else that alone is reason enough; in what is ours,
 * the list's word counts, as soon as it is known which addresses it means and how healthy they are: a name that was
 * mistyped, or that nobody answers for just now, says nothing yet.
 */
export function emptyServiceGuard(
  input: PlanInput,
  slices: SlicesByOwner,
  after: readonly EndpointEntry[],
  why: string,
): Refusal | undefined {
  if (after.some((entry) => entry.ready)) return undefined;
  if (isExternalName(input)) {
    const name = input.existing.service?.spec.externalName ?? '';
    return pending(`its name leads to ${name}, and no address is ready to take over: ${why}`);
  }
  const kept = readyAndNotCondemned(input);
  if (kept.length === 0) return undefined;
  const isKnown = !input.assessments.some(isUndecided) && !input.troubles.some(hasNoAddress(input));
  if (!adopts(input, slices) && isKnown) return undefined;
  const named = kept.length > MAX_NAMED ? [...kept.slice(0, MAX_NAMED), '…'] : kept;
  return pending(
    `${kept.length} address${kept.length === 1 ? ' is' : 'es are'} ready now (${named.join(', ')}) and none would be: ${why}`,
  );
}

function pending(message: string): Refusal {
  return { phase: 'Pending', reason: 'WouldLeaveNoneReady', message, scope: 'everything' };
}

/** Addresses that are ready now and that nothing speaks against. */
function readyAndNotCondemned({ existing, assessments }: PlanInput): string[] {
  const ready = new Set<string>();
  for (const [key, isReady] of servedReadiness(existing)) if (isReady) ready.add(addressOfKey(key));
  for (const assessment of assessments) if (isCondemned(assessment)) ready.delete(assessment.address);
  return [...ready].sort();
}

function isCondemned(assessment: Assessment): boolean {
  return assessment.refused || !isUndecided(assessment);
}

/** Nothing has been found out about its health, and that is to be. */
function isUndecided({ refused, ports }: Assessment): boolean {
  return !refused && ports.some((port) => !port.ready && port.reason === 'NotCheckedYet');
}

/** The name has no address, not even one that is held from earlier answers. */
function hasNoAddress({ assessments }: PlanInput): (trouble: NameTrouble) => boolean {
  const known = new Set(assessments.map(({ source }) => source));
  return ({ source }) => !known.has(source);
}

/** Others' slices serve now, or Endpoints that are not ours. */
function adopts({ existing, options }: PlanInput, slices: SlicesByOwner): boolean {
  const { endpoints } = existing;
  const endpointsAreOurs = endpoints !== undefined && ownerOf(endpoints, options.instance) === 'us';
  if (slices.orphaned.length + slices.foreign.length > 0) return true;
  return !endpointsAreOurs && (endpoints !== undefined || slices.mirrored.length > 0);
}
