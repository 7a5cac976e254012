import { type Assessment, publishedKey, withReadiness } from '../endpoint/assessment.ts';
import type { EndpointSliceObject, EndpointsObject } from '../manifest/kube-object.ts';
import { endpointsAsSlices, publishedReadiness, type SlicesByOwner } from './existing-objects.ts';

/**
 * Who else's slices serve the Service while we take it over or give it back. kube-proxy picks at random
 * between two slices that disagree over an address (`endpointslicecache.go:171`), so as long as those stand,
 * ours repeat their readiness; our own verdicts follow when they are gone.
 */
export interface AdoptionTransition {
  readonly assessments: readonly Assessment[];
  /** Others' slices that stand in the way of our own verdicts. */
  readonly otherSlices: readonly EndpointSliceObject[];
}

export function adoptionTransition(
  { mirrored, orphaned, foreign }: SlicesByOwner,
  endpoints: EndpointsObject | undefined,
  assessments: readonly Assessment[],
): AdoptionTransition {
  // What the mirroring controller may copy at any moment counts as if it had.
  return copyReadiness([...mirrored, ...endpointsAsSlices(endpoints), ...orphaned, ...foreign], assessments);
}

/** The assessments with the readiness that `standing` slices serve, where they serve the same address and port. */
export function copyReadiness(
  otherSlices: readonly EndpointSliceObject[],
  assessments: readonly Assessment[],
): AdoptionTransition {
  if (otherSlices.length === 0) return { assessments, otherSlices };
  const served = publishedReadiness(otherSlices);
  return {
    otherSlices,
    assessments: assessments.map((assessment) =>
      withReadiness(assessment, (port) => {
        const ready = served.get(publishedKey(assessment.address, port));
        if (ready === undefined || ready === port.ready) return port;
        return {
          ready,
          reason: 'HandoverInProgress',
          message: `as in ${otherSlices[0]?.metadata.name ?? ''} until that is gone; then ${port.ready ? 'ready' : 'not ready'}`,
        };
      }),
    ),
  };
}
