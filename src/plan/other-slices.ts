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
        const key = publishedKey(assessment.address, port);
        const ready = served.get(key);
        if (ready === undefined || ready === port.ready) return port;
        const name = nameOfHolder(otherSlices, key);
        return {
          ready,
          reason: 'ReadinessCopied',
          message: `copies the readiness in ${name} until that slice is removed; then: ${port.ready ? 'ready' : 'not ready'}`,
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
  return assessments.map((assessment) =>
    withReadiness(assessment, (port) => {
      const key = publishedKey(assessment.address, port);
      const theirReadiness = theirs.get(key);
      if (theirReadiness === undefined || theirReadiness === port.ready) return port;
      if (!theirReadiness && served.get(key) === true) return port;
      return servedByOthers(port, nameOfHolder(foreignSlices, key), theirReadiness);
    }),
  );
}

/** The slice that has this address and port; Endpoints that count as mirrored have no slice of their own yet. */
function nameOfHolder(slices: readonly EndpointSliceObject[], key: string): string {
  const holder = slices.find((slice) => publishedReadiness([slice]).has(key));
  const kind = holder?.addressType === '' ? 'the slice that mirrors Endpoints' : 'EndpointSlice';
  return `${kind} ${holder?.metadata.name ?? ''}`;
}

function servedByOthers(port: PortAssessment, slice: string, theirs: boolean) {
  const found = `found: ${port.reason}${port.message === '' ? '' : `: ${port.message}`}`;
  return {
    ready: false,
    withheld: theirs,
    reason: 'ServedByOthers',
    message: theirs
      ? `${slice} is not ours and has this address as ready, so our slices leave it out; ${found}`
      : `${slice} is not ours and has this address as not ready, so our slices wait until it agrees; ${found}`,
  };
}
