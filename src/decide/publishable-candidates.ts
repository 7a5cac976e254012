import { type Candidate, candidatesOf, type KnownAddress } from '../endpoint/candidate.ts';
import type { Guards } from '../model/guards.ts';
import { familyOf } from '../model/ip-address.ts';
import type { Target } from '../model/target.ts';
import type { ExistingObjects } from '../plan/existing-objects.ts';
import { clusterFamiliesOf, FAMILY_NOT_SERVED, servedFamilies } from '../plan/families.ts';

/**
 * A target's addresses, and for those that are not to be published why. What its Service has no family for is reached
 * by nobody: no standby waits behind it, and no hold ends because it is ready.
 */
export function publishableCandidates(
  { target, existing }: { readonly target: Target; readonly existing: ExistingObjects },
  known: ReadonlyMap<string, readonly KnownAddress[]>,
  guards: Guards,
): Candidate[] {
  const candidates = candidatesOf(target, known, guards);
  // Without a cluster nobody knows; one that does not tell its ranges is taken to have what the plan takes it to have.
  if (existing.service === undefined && guards.serviceCidrs === undefined) return candidates;
  const families = servedFamilies({ target, existing }, clusterFamiliesOf(guards));
  return candidates.map((candidate) =>
    candidate.refused !== undefined || families.includes(familyOf(candidate.address))
      ? candidate
      : { ...candidate, refused: FAMILY_NOT_SERVED },
  );
}
