import { type Assessment, addressOfKey } from '../../endpoint/assessment.ts';
import type { NameTrouble } from '../../endpoint/name-memory.ts';
import type { EndpointEntry } from '../../manifest/endpoint-entry.ts';
import { isExternalName } from '../../manifest/service.ts';
import { servedReadiness } from '../existing-objects.ts';
import type { Situation } from '../situation.ts';
import type { Refusal } from './refusal.ts';

/** A message names at most this many addresses. */
const MAX_NAMED = 3;

export interface EmptyServiceInput {
  readonly situation: Pick<Situation, 'existing' | 'reconciled' | 'reconciledSlices' | 'endpointsOwner'>;
  readonly assessments: readonly Assessment[];
  readonly troubles: readonly NameTrouble[];
  /** What the plan would publish. */
  readonly entries: readonly EndpointEntry[];
  /** Why none of the entries is ready, for people. */
  readonly why: string;
}

/**
 * Refuses to leave a Service with ready addresses without any, unless health checks found each of them unhealthy:
 *
 *     ExternalName, about to become ClusterIP    refused as long as no address is ready
 *     adopting                                   refused if one of the ready addresses is not known to be unhealthy
 *     ours                                       the same, but only until every name resolved and every address has a
 *                                                verdict: then the list may say that these addresses go
 */
export function emptyServiceGuard({
  situation,
  assessments,
  troubles,
  entries,
  why,
}: EmptyServiceInput): Refusal | undefined {
  if (entries.some((entry) => entry.ready)) return undefined;
  const { service } = situation.existing;
  if (isExternalName(service)) {
    const name = service?.spec.externalName ?? '';
    return pending(`the ExternalName ${name} stays, because no address is ready: ${why}`);
  }
  const ready = readyAndNotUnhealthy(situation, assessments);
  if (ready.length === 0) return undefined;
  const isKnown = !assessments.some(isUndecided) && troubles.every(hasAddressIn(assessments));
  if (isKnown && !isAdopting(situation)) return undefined;
  const named = ready.length > MAX_NAMED ? [...ready.slice(0, MAX_NAMED), '…'] : ready;
  return pending(
    `${ready.length} address${ready.length === 1 ? ' is' : 'es are'} ready now (${named.join(', ')}) and none would be ready: ${why}`,
  );
}

function pending(message: string): Refusal {
  return { phase: 'Pending', reason: 'WouldLeaveNoneReady', message, scope: 'everything' };
}

/** Addresses that are ready now, without those that are known to be unhealthy or must not be published. */
function readyAndNotUnhealthy(
  { reconciled }: EmptyServiceInput['situation'],
  assessments: readonly Assessment[],
): string[] {
  const ready = new Set<string>();
  for (const [key, isReady] of servedReadiness(reconciled)) if (isReady) ready.add(addressOfKey(key));
  for (const assessment of assessments) if (!isUndecided(assessment)) ready.delete(assessment.address);
  return [...ready].sort();
}

/** Its health is not known yet, and a check will tell it. */
function isUndecided({ refused, ports }: Assessment): boolean {
  return !refused && ports.some((port) => !port.ready && port.reason === 'NotCheckedYet');
}

/** Whether the name has an address, held ones included. */
function hasAddressIn(assessments: readonly Assessment[]): (trouble: NameTrouble) => boolean {
  const known = new Set(assessments.map(({ source }) => source));
  return ({ source }) => known.has(source);
}

/** Objects of other owners serve the Service now, and this plan reconciles them. */
function isAdopting({
  reconciled,
  reconciledSlices,
  endpointsOwner,
}: EmptyServiceInput['situation']): boolean {
  const { orphaned, foreign, mirrored } = reconciledSlices;
  if (orphaned.length + foreign.length > 0) return true;
  if (reconciled.endpoints === undefined) return mirrored.length > 0;
  return endpointsOwner !== 'us';
}
