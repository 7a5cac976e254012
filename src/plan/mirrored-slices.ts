import { type Assessment, publishedKey } from '../endpoint/assessment.ts';
import type { EndpointSliceObject } from '../manifest/kube-object.ts';
import { publishedReadiness } from './existing-objects.ts';

/** What decides whether mirrored slices may be deleted. */
export interface MirrorState {
  readonly mirrored: readonly EndpointSliceObject[];
  /** When the cluster was read, the mirroring controller had nothing to copy: no Endpoints, or Endpoints with skip-mirror. */
  readonly isOff: boolean;
  /** From the plan's input. */
  readonly mirrorStopped: boolean | undefined;
  readonly mayAdopt: boolean;
  /** As our slices publish them: with the readiness of the mirrored slices. */
  readonly assessments: readonly Assessment[];
}

/**
 * Whether the plan deletes mirrored slices itself, instead of waiting until the mirroring controller does.
 *
 *     Endpoints      condition                            plan
 *     mirrored       any                                  writes skip-mirror, waits: `MirroredSlicesGone`
 *     skip-mirror    `mirrorStopped: false`               waits: `MirroredSlicesGone`
 *     skip-mirror    `mirrorStopped: false`, no adoption  deletes them, if one says ready about an address that health
 *                                                         checks found unhealthy
 *     skip-mirror    `mirrorStopped: true` or absent      deletes them
 *
 * What holds while a mirrored slice exists, in an adoption, in a release and in a Service of ours:
 *
 *   - Our slices and Endpoints have its readiness for each address and port that it has: no two slices disagree.
 *   - They have our verdict for every other address and port.
 *   - A delete has uid and resourceVersion as preconditions, so it never hits a slice that the controller wrote anew.
 *   - The plan with the deletes changes no readiness. The next plan is made from objects that are read again, and that
 *     one publishes the verdicts. So a backend that dies in a Service of ours is not ready after its thresholds and at
 *     most three plans, even if the mirroring controller does not run.
 *   - With `adopt` the plan cannot distinguish an adoption from a Service that was ours before. So the controller gets its
 *     time: it may still act upon Endpoints that it read before the adoption, and create the slice again. A caller that
 *     knows that no adoption is under way passes `mirrorStopped: true` at once.
 */
export function deletesMirrored(state: MirrorState): boolean {
  if (!state.isOff) return false;
  if (state.mirrorStopped ?? true) return true;
  return !state.mayAdopt && keepsUnhealthyReady(state);
}

function keepsUnhealthyReady({ mirrored, assessments }: MirrorState): boolean {
  const served = publishedReadiness(mirrored);
  return assessments.some(({ address, ports }) =>
    ports.some(
      (port) =>
        port.reason === 'ReadinessCopied' &&
        port.health?.verdict === 'unhealthy' &&
        served.get(publishedKey(address, port)) === true,
    ),
  );
}
