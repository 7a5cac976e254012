import { entriesOf } from '../manifest/endpoint-entry.ts';
import { isExternalName } from '../manifest/service.ts';
import { isMirrorInStep } from './existing-objects.ts';
import type { Continuation } from './object-plan.ts';
import type { PlanDraft, PublishedAddresses } from './plan-draft.ts';
import { bridgePorts, removedPortNames } from './port-bridge.ts';

/**
 * Endpoints alone: the mirroring controller makes the slices. A change of the Service, and the deletion of slices that
 * serve the addresses now, wait until the mirrored slices say what the Endpoints say.
 */
export function publishEndpoints(
  draft: PlanDraft,
  { assessments, entries }: PublishedAddresses,
): Continuation | undefined {
  const { existing, target } = draft;
  const { ours, orphaned, foreign } = draft.slices;
  if (existing.service === undefined) draft.applyService();
  const removedPorts = removedPortNames(target, existing.service, existing.slices);
  const bridged = bridgePorts(assessments, removedPorts, existing.slices, draft.otherSlices);
  draft.applyEndpoints(removedPorts.size === 0 ? entries : entriesOf(bridged, target));
  const others = [...orphaned, ...foreign];
  const waits =
    ours.length > 0 || others.length > 0 || removedPorts.size > 0 || isExternalName(existing.service);
  if (waits && (draft.touches('Endpoints') || !isMirrorInStep(existing, draft.slices))) {
    return { until: 'MirroredSlicesPresent' };
  }
  if (existing.service !== undefined) draft.applyService();
  draft.delete('EndpointSlice', ours, 'NotPublished');
  draft.delete('EndpointSlice', others, 'Adopted');
  return waits ? { until: 'ServiceRead' } : undefined;
}
