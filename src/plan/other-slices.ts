import { type Assessment, type PortAssessment, publishedKey, withReadiness } from '../endpoint/assessment.ts';
import type { EndpointSliceObject } from '../manifest/kube-object.ts';
import { type ExistingObjects, publishedReadiness } from './existing-objects.ts';

/*
 * kube-proxy picks at random between two slices that disagree about an address (`endpointslicecache.go:171`). So no
 * slice of ours may contradict a slice of another owner, whether that slice stays or goes.
 */

/** Our verdicts as they can be published while these other slices exist. */
export interface AdoptionTransition {
  readonly assessments: readonly Assessment[];
  /** The slices that must go before our own verdicts are published. */
  readonly otherSlices: readonly EndpointSliceObject[];
}

/** While we adopt or release a Service: the readiness of the other slices, for each address and port that they have. */
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

/**
 * Our verdicts beside foreign slices that stay:
 *
 *     theirs      verdict      ours
 *     ready       ready        ready
 *     ready       not ready    left out: only their slice serves the address, and it goes when that slice goes
 *     not ready   not ready    not ready
 *     not ready   ready        unchanged: an address that we serve stays ready, another one waits until they agree
 */
export function besideForeignSlices(
  foreignSlices: readonly EndpointSliceObject[],
  ours: ExistingObjects,
  assessments: readonly Assessment[],
): readonly Assessment[] {
  if (foreignSlices.length === 0) return assessments;
  const theirs = publishedReadiness(foreignSlices);
  const served = publishedReadiness(ours.slices);
  const nameOfSlice = (key: string) =>
    foreignSlices.find((slice) => publishedReadiness([slice]).has(key))?.metadata.name ?? '';
  return assessments.map((assessment) =>
    withReadiness(assessment, (port) => {
      const key = publishedKey(assessment.address, port);
      const theirReadiness = theirs.get(key);
      if (theirReadiness === undefined || theirReadiness === port.ready) return port;
      if (theirReadiness) return servedByOthers(port, nameOfSlice(key), true);
      return served.get(key) === true ? port : servedByOthers(port, nameOfSlice(key), false);
    }),
  );
}

function servedByOthers(port: PortAssessment, slice: string, theirs: boolean) {
  const found = `found: ${port.reason}${port.message === '' ? '' : `: ${port.message}`}`;
  return {
    ready: false,
    withheld: theirs,
    reason: 'ServedByOthers',
    message: theirs
      ? `${slice}, which is not ours, has it as ready; left out of ours, so that the two do not disagree; ${found}`
      : `${slice}, which is not ours, has it as not ready, and ours must not disagree; ${found}`,
  };
}
