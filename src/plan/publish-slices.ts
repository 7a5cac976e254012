import type { Assessment } from '../endpoint/assessment.ts';
import { type EndpointEntry, entriesOf } from '../manifest/endpoint-entry.ts';
import { skipsMirror } from '../manifest/labels.ts';
import { isExternalName } from '../manifest/service.ts';
import { packSlices } from '../manifest/slice-packing.ts';
import { isFieldOwnershipDropped } from './actions/ownership-patches.ts';
import { deletesMirrored, type MirrorState } from './mirrored-slices.ts';
import type { Continuation } from './object-plan.ts';
import type { PlanDraft, PublishedAddresses } from './plan-draft.ts';
import { bridgePorts, removedPortNames } from './port-bridge.ts';
import { stageSlices } from './slice-stages.ts';

/**
 * Slices, with Endpoints beside them or without. The order of the writes:
 *
 *     new Service        Service, slices, Endpoints
 *     existing Service   slices, Service, Endpoints: whatever changes in the Service, its endpoints are there already
 *     adopted            the same, and Endpoints that are mirrored get our ownership labels before everything else.
 *                        Our slices copy the readiness that is served now until no other slices are left. The mirroring
 *                        controller deletes its slices when the Endpoints say skip-mirror; foreign slices go last.
 *     being released     Endpoints before the slices: the release lets them be mirrored next, so either the release or
 *                        this plan meets a conflict (`docs/adr/0017`)
 */
export function publishSlices(
  draft: PlanDraft,
  { assessments, entries, mirrorStopped }: PublishedAddresses & Pick<MirrorState, 'mirrorStopped'>,
): Continuation | undefined {
  const { existing, target } = draft;
  const { mirrored, orphaned, foreign } = draft.slices;
  const removedPorts = removedPortNames(target, existing.service, draft.slices.ours);
  if (!isMirrorOff(draft)) draft.adoptEndpoints(entries);
  if (existing.service === undefined) draft.applyService();
  const endpointsFirst = isBeingReleased(draft);
  if (endpointsFirst) draft.applyEndpoints(entries);
  writeSlices(draft, removedPorts.size === 0 ? entries : bridgedEntries(draft, assessments, removedPorts));
  if (existing.service !== undefined) draft.applyService();
  if (!endpointsFirst) draft.applyEndpoints(entries);
  draft.delete('EndpointSlice', [...orphaned, ...foreign], 'Adopted');
  const { mayAdopt } = draft;
  if (mirrored.length > 0) {
    const isOff = isMirrorOff(draft);
    if (!deletesMirrored({ mirrored, isOff, mirrorStopped, mayAdopt, assessments })) {
      return { until: 'MirroredSlicesGone' };
    }
    draft.delete('EndpointSlice', mirrored, 'MirrorLeftBehind');
  }
  // A release at the same time deletes our slices once the Endpoints are mirrored again: so read again.
  const stopsMirror = draft.touches('Endpoints') && !isMirrorOff(draft);
  const adopted = orphaned.length + foreign.length + mirrored.length > 0 || stopsMirror;
  return adopted || removedPorts.size > 0 || isExternalName(existing.service)
    ? { until: 'ServiceRead' }
    : undefined;
}

function bridgedEntries(
  draft: PlanDraft,
  assessments: readonly Assessment[],
  removedPorts: ReadonlySet<string>,
): readonly EndpointEntry[] {
  return entriesOf(
    bridgePorts(assessments, removedPorts, draft.slices.ours, draft.otherSlices),
    draft.target,
  );
}

function writeSlices(draft: PlanDraft, entries: readonly EndpointEntry[]): void {
  const { slices, surplus } = packSlices({
    serviceName: draft.target.name,
    entries,
    existing: draft.slices.ours,
    takenNames: [...draft.existing.slices, ...draft.otherSlices].map(({ metadata }) => metadata.name),
  });
  for (const step of stageSlices(slices, surplus)) {
    if (step.write !== undefined) draft.applySlice(step.write);
    else draft.delete('EndpointSlice', [step.remove], 'Surplus');
  }
}

/** A release has dropped the ownership of our slices' fields and has not let the Endpoints be mirrored yet. */
function isBeingReleased(draft: PlanDraft): boolean {
  return isMirrorOff(draft) && draft.slices.ours.some(isFieldOwnershipDropped);
}

/** When the cluster was read, the mirroring controller had nothing to copy. */
function isMirrorOff({ existing: { endpoints } }: PlanDraft): boolean {
  return endpoints === undefined || skipsMirror(endpoints);
}
