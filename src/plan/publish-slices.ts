import type { Assessment } from '../endpoint/assessment.ts';
import { type EndpointEntry, entriesOf } from '../manifest/endpoint-entry.ts';
import { buildEndpoints } from '../manifest/endpoints.ts';
import { skipsMirror } from '../manifest/labels.ts';
import { packSlices } from '../manifest/slice-packing.ts';
import type { Continuation } from './object-plan.ts';
import type { PlanDraft } from './plan-draft.ts';
import { bridgePorts } from './port-bridge.ts';
import { isOwnershipDropped } from './remove-ownership-labels.ts';
import { isExternalName, vanishingPortNames } from './service-view.ts';
import { stageSlices } from './slice-stages.ts';

/**
 * Slices, with Endpoints beside them or without.
 *
 *   new Service       Service, slices, Endpoints
 *   existing          slices, Service, Endpoints: whatever the Service changes, it finds its endpoints there
 *   taken over        besides, with the readiness that is served so far, until nobody else's slices are left:
 *                     the mirror's go by themselves once Endpoints say so, others' are removed last. Endpoints that
 *                     are mirrored become ours in name first of all
 *   being given back  Endpoints before the slices: the next thing that becomes of them is that they are mirrored, and
 *                     one of the two meets a conflict (`docs/adr/0017`)
 */
export function publishSlices(
  draft: PlanDraft,
  assessments: readonly Assessment[],
  entries: readonly EndpointEntry[],
): Continuation | undefined {
  const { existing } = draft.input;
  const { mirrored, orphaned, foreign } = draft.slices;
  const leaving = vanishingPortNames(draft.input, draft.slices.ours);
  if (!mirrorIsOff(draft)) draft.adoptEndpoints(endpointsFor(draft, entries));
  if (existing.service === undefined) draft.applyService();
  const endpointsFirst = isBeingGivenBack(draft);
  if (endpointsFirst) writeEndpoints(draft, entries);
  writeSlices(draft, leaving.size === 0 ? entries : bridgedEntries(draft, assessments, leaving));
  if (existing.service !== undefined) draft.applyService();
  if (!endpointsFirst) writeEndpoints(draft, entries);
  draft.delete('EndpointSlice', [...orphaned, ...foreign], 'Adopted');
  if (mirrored.length > 0) {
    if (!mirrorIsOff(draft)) return { until: 'MirroredSlicesGone' };
    // It was told to stop before and has left them: it does not run, and they would contradict ours for ever.
    draft.delete('EndpointSlice', mirrored, 'MirrorLeftBehind');
  }
  // Somebody who gives the Service back at the same time takes our slices away once Endpoints serve again.
  const stopsMirror = draft.touches('Endpoints') && !mirrorIsOff(draft);
  const tookOver = orphaned.length + foreign.length + mirrored.length > 0 || stopsMirror;
  return tookOver || leaving.size > 0 || isExternalName(draft.input) ? { until: 'ServiceRead' } : undefined;
}

function bridgedEntries(
  draft: PlanDraft,
  assessments: readonly Assessment[],
  leaving: ReadonlySet<string>,
): readonly EndpointEntry[] {
  return entriesOf(bridgePorts(assessments, leaving, draft.slices.ours, draft.others), draft.input.target);
}

function writeSlices(draft: PlanDraft, entries: readonly EndpointEntry[]): void {
  const { slices, surplus } = packSlices({
    serviceName: draft.input.target.name,
    entries,
    existing: draft.slices.ours,
    takenNames: [...draft.input.existing.slices, ...draft.others].map(({ metadata }) => metadata.name),
  });
  for (const step of stageSlices(slices, surplus)) {
    if (step.write !== undefined) draft.applySlice(step.write);
    else draft.delete('EndpointSlice', [step.remove], 'Surplus');
  }
}

/** Endpoints as the target wants them, or none. */
export function writeEndpoints(draft: PlanDraft, entries: readonly EndpointEntry[]): void {
  const { existing, target } = draft.input;
  if (draft.skips('Endpoints')) return;
  if (target.publish.resources.includes('Endpoints')) {
    draft.apply(endpointsFor(draft, entries), existing.endpoints);
  } else if (existing.endpoints !== undefined) {
    draft.delete('Endpoints', [existing.endpoints], 'NotPublished');
  }
}

/** As far as that shows, and Endpoints are not mirrored yet. */
function isBeingGivenBack(draft: PlanDraft): boolean {
  return mirrorIsOff(draft) && draft.slices.ours.some(isOwnershipDropped);
}

function endpointsFor({ input: { options, target } }: PlanDraft, entries: readonly EndpointEntry[]) {
  return buildEndpoints(target, options.instance, entries);
}

/** The mirroring controller has nothing to copy, and had nothing when the cluster was read. */
function mirrorIsOff(draft: PlanDraft): boolean {
  const { endpoints } = draft.input.existing;
  return endpoints === undefined || skipsMirror(endpoints);
}
