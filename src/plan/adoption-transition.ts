import { type Assessment, publishedKey, withReadiness } from '../endpoint/assessment.ts';
import type { EndpointSliceObject, EndpointsObject } from '../manifest/kube-object.ts';
import { endpointsAsSlices, publishedReadiness, type SlicesByOwner } from './existing-objects.ts';

/**
 * Who else's slices serve the Service while we take it over or give it back. kube-proxy picks at random
 * between two slices that disagree over an address (`endpointslicecache.go:171`), so as long as those stand,
 * ours repeat their readiness; our own verdicts follow when they are gone.
 */
export interface Handover {
  readonly assessments: readonly Assessment[];
  /** Others' slices that stand in the way of our own verdicts. */
  readonly standing: readonly EndpointSliceObject[];
}

export function handoverFrom(
  { mirrored, leftover, foreign }: SlicesByOwner,
  endpoints: EndpointsObject | undefined,
  assessments: readonly Assessment[],
): Handover {
  // What the mirroring controller may copy at any moment counts as if it had.
  return repeatReadiness(
    [...mirrored, ...endpointsAsSlices(endpoints), ...leftover, ...foreign],
    assessments,
  );
}

/** The assessments with the readiness that `standing` slices serve, where they serve the same address and port. */
export function repeatReadiness(
  standing: readonly EndpointSliceObject[],
  assessments: readonly Assessment[],
): Handover {
  if (standing.length === 0) return { assessments, standing };
  const served = publishedReadiness(standing);
  return {
    standing,
    assessments: assessments.map((assessment) =>
      withReadiness(assessment, (port) => {
        const ready = served.get(publishedKey(assessment.address, port));
        if (ready === undefined || ready === port.ready) return port;
        return {
          ready,
          reason: 'HandoverInProgress',
          message: `as in ${standing[0]?.metadata.name ?? ''} until that is gone; then ${port.ready ? 'ready' : 'not ready'}`,
        };
      }),
    ),
  };
}
