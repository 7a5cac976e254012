import type { PublishedReadiness } from '../endpoint/assessment.ts';
import type { EndpointSliceObject, ObjectKind } from '../manifest/kube-object.ts';
import {
  type ExistingObjects,
  endpointsAsSlices,
  type SlicesByOwner,
  servedReadiness,
  slicesByOwner,
} from './existing-objects.ts';
import { type Ownership, ownershipOf } from './ownership.ts';
import type { PlanContext } from './plan-input.ts';
import { OWNERSHIP_RULES } from './refusals/ownership-rules.ts';
import type { Refusal } from './refusals/refusal.ts';
import { CONTENT_RULES, EXISTENCE_RULES } from './refusals/service-rules.ts';

/**
 * What the cluster has for a target, classified once: every later step of a decision takes it from here.
 *
 *     existing objects
 *       ├─ others keep them: foreign slices; Endpoints that are refused, and their mirrored slices
 *       └─ reconciled: ours, or adopted, or without an owner (left by the endpoints controller)
 *            └─ of these, drainable: what takes traffic now and could lose it by this target's plan
 */
export interface Situation extends Ownership {
  /** The first reason to refuse something, in the order of the rules. It is the one that is reported. */
  readonly refusal: Refusal | undefined;
  /** Nothing may be written. */
  readonly skipsAll: boolean;
  readonly skipped: ReadonlySet<Refusal['scope']>;
  /** Everything but what other owners keep: a plan reads and writes nothing else. */
  readonly reconciled: ExistingObjects;
  readonly reconciledSlices: SlicesByOwner;
  /** Slices that other owners keep beside ours; ours must not contradict them. Endpoints count as they are mirrored. */
  readonly keptByOthers: readonly EndpointSliceObject[];
  /**
   * Served addresses that this target's plan could drain. The drain guard counts only these. Not among them: addresses
   * that a selector selects, and addresses that other owners keep.
   */
  readonly drainable: PublishedReadiness;
}

const RULES = [...EXISTENCE_RULES, ...OWNERSHIP_RULES, ...CONTENT_RULES];

/**
 * Before anything of ours serves the Service, one refusal is enough to write nothing. Later, a refusal covers only its
 * scope, and the rest of what is ours is kept up to date.
 */
export function situationOf(context: PlanContext): Situation {
  const ownership = ownershipOf(context);
  const refusals = RULES.flatMap((rule) => rule(ownership) ?? []);
  const skipped = new Set(refusals.map(({ scope }) => scope));
  const skipsAll =
    skipped.has('everything') ||
    (skipped.size > 0 && !ownership.isServingAlready) ||
    (skipped.has('Endpoints') && !context.target.publish.resources.includes('EndpointSlice'));
  const split = splitByKeeper(ownership, skipped.has('Endpoints'));
  return {
    ...ownership,
    refusal: refusals[0],
    skipsAll,
    skipped,
    ...split,
    drainable: skipsAll ? new Map() : servedReadiness(split.reconciled),
  };
}

/** @param skipsEndpoints other owners keep the Endpoints, and so the slices that are mirrored from them. */
function splitByKeeper(
  { existing, options, slices, refusedSlices }: Ownership,
  skipsEndpoints: boolean,
): Pick<Situation, 'reconciled' | 'reconciledSlices' | 'keptByOthers'> {
  const others = new Set([...refusedSlices, ...(skipsEndpoints ? slices.mirrored : [])]);
  if (others.size === 0 && !skipsEndpoints) {
    return { reconciled: existing, reconciledSlices: slices, keptByOthers: [] };
  }
  const { endpoints, ...rest } = existing;
  const reconciled: ExistingObjects = {
    ...rest,
    ...(skipsEndpoints || endpoints === undefined ? {} : { endpoints }),
    slices: rest.slices.filter((slice) => !others.has(slice)),
  };
  return {
    reconciled,
    reconciledSlices: slicesByOwner(reconciled, options.instance),
    keptByOthers: [...others, ...(skipsEndpoints ? endpointsAsSlices(endpoints) : [])],
  };
}

/** Objects of this kind stay as they are. */
export function skipsKind({ skipped }: Situation, kind: ObjectKind): boolean {
  const scopes: ReadonlySet<string> = skipped;
  return scopes.has(kind);
}
