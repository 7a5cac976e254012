import { type Assessment, type PortAssessment, publishedKey, withReadiness } from '../endpoint/assessment.ts';
import type { EndpointSliceObject } from '../manifest/kube-object.ts';
import { ownerOf } from '../manifest/labels.ts';
import {
  type ExistingObjects,
  endpointsAsSlices,
  publishedReadiness,
  type SlicesByOwner,
  slicesByOwner,
} from './existing-objects.ts';
import { mayAdopt, type PlanContext } from './plan-input.ts';

/**
 * Slices that somebody else keeps for the Service, where adoption was not asked for. They stay; what we say beside
 * them must not contradict them, because kube-proxy picks at random between two slices that disagree over an address
 * (`endpointslicecache.go:171`).
 */
export function notOursToTake(
  ground: PlanContext,
  { foreign, orphaned }: SlicesByOwner,
): readonly EndpointSliceObject[] {
  if (mayAdopt(ground)) return [];
  // What a selector left behind on a Service of ours is nobody's any more.
  return ground.target.service.create ? foreign : [...foreign, ...orphaned];
}

/** What exists, in two: what others keep and go on keeping, and all the rest. */
export interface SetAside<Ground extends PlanContext> {
  readonly input: Ground;
  readonly foreignSlices: readonly EndpointSliceObject[];
}

/** @param skipsEndpoints the Endpoints are somebody else's, and so is what is mirrored from them. */
export function setAsideForeignSlices<Ground extends PlanContext>(
  input: Ground,
  skipsEndpoints: boolean,
): SetAside<Ground> {
  const slices = slicesByOwner(input.existing, input.options.instance);
  const mirrored = skipsEndpoints ? slices.mirrored : [];
  const otherSlices = new Set([...notOursToTake(input, slices), ...mirrored]);
  if (otherSlices.size === 0 && !skipsEndpoints) return { input, foreignSlices: [] };
  const { endpoints, ...others } = input.existing;
  const existing: ExistingObjects = {
    ...others,
    ...(skipsEndpoints || endpoints === undefined ? {} : { endpoints }),
    slices: others.slices.filter((slice) => !otherSlices.has(slice)),
  };
  const toBeMirrored = skipsEndpoints ? endpointsAsSlices(endpoints) : [];
  return { input: { ...input, existing }, foreignSlices: [...otherSlices, ...toBeMirrored] };
}

/**
 * Our verdicts beside what strangers say of the same address and port:
 *
 *   stranger    verdict      ours
 *   ready       ready        ready
 *   ready       not ready    left out: theirs alone serves it, and when theirs goes, so does the address
 *   not ready   not ready    not ready
 *   not ready   ready        as ours stands: what we serve is not drained on a stranger's word, and what we do not
 *                            serve waits until the stranger agrees
 */
export function besideForeignSlices(
  foreignSlices: readonly EndpointSliceObject[],
  ours: ExistingObjects,
  assessments: readonly Assessment[],
): readonly Assessment[] {
  if (foreignSlices.length === 0) return assessments;
  const theirs = publishedReadiness(foreignSlices);
  const otherSlices = publishedReadiness(ours.slices);
  const holder = (key: string) =>
    foreignSlices.find((slice) => publishedReadiness([slice]).has(key))?.metadata.name ?? '';
  return assessments.map((assessment) =>
    withReadiness(assessment, (port) => {
      const key = publishedKey(assessment.address, port);
      const said = theirs.get(key);
      if (said === undefined || said === port.ready) return port;
      if (said) return servedByOthers(port, holder(key), true);
      return otherSlices.get(key) === true ? port : servedByOthers(port, holder(key), false);
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

/** Whether anything of ours serves the Service by now: then it is kept true whatever stands beside it. */
export function servesAlready({ existing, options }: PlanContext): boolean {
  const { service, endpoints } = existing;
  if (service === undefined) return false;
  const { instance } = options;
  const { uid } = service.metadata;
  return (
    ownerOf(service, instance) === 'us' ||
    (endpoints !== undefined && ownerOf(endpoints, instance) === 'us') ||
    slicesByOwner(existing, instance).ours.some(
      // Slices of a Service that was deleted are on their way out.
      ({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid) ?? false,
    )
  );
}
