import type { Assessment } from '../endpoint/assessment.ts';
import { type EndpointEntry, entriesOf } from '../manifest/endpoint-entry.ts';
import { isMirrorInStep } from './existing-objects.ts';
import type { Continuation } from './object-plan.ts';
import type { PlanDraft } from './plan-draft.ts';
import { bridgePorts } from './port-bridge.ts';
import { writeEndpoints } from './publish-slices.ts';
import { isExternalName, vanishingPortNames } from './service-view.ts';

/**
 * Endpoints alone: the mirroring controller makes the slices. So what a Service changes, and slices of ours that it
 * takes over from, wait until its copies say what the Endpoints say.
 */
export function publishEndpoints(
  draft: PlanDraft,
  assessments: readonly Assessment[],
  entries: readonly EndpointEntry[],
): Continuation | undefined {
  const { existing, target } = draft.input;
  const { ours, orphaned, foreign } = draft.slices;
  if (existing.service === undefined) draft.applyService();
  const leaving = vanishingPortNames(draft.input, existing.slices);
  const bridged = bridgePorts(assessments, leaving, existing.slices, draft.others);
  writeEndpoints(draft, leaving.size === 0 ? entries : entriesOf(bridged, target));
  const others = [...orphaned, ...foreign];
  const waits = ours.length > 0 || others.length > 0 || leaving.size > 0 || isExternalName(draft.input);
  if (waits && (draft.touches('Endpoints') || !isMirrorInStep(existing, draft.slices))) {
    return { until: 'MirroredSlicesPresent' };
  }
  if (existing.service !== undefined) draft.applyService();
  draft.delete('EndpointSlice', ours, 'NotPublished');
  draft.delete('EndpointSlice', others, 'Adopted');
  return waits ? { until: 'ServiceRead' } : undefined;
}
