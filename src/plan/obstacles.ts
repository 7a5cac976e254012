import { servesAlready } from './foreign-slices.ts';
import { OWNERSHIP_RULES } from './ownership-rules.ts';
import type { PlanGround } from './plan-input.ts';
import type { Refusal } from './refusal.ts';
import { ABOUT_CONTENT, ABOUT_EXISTENCE } from './service-rules.ts';

/** What stands in a target's way. */
export interface Obstacles {
  /** The first reason, which is the one that is told; undefined when nothing stands in the way. */
  readonly refusal: Refusal | undefined;
  /** Nothing at all may be written. */
  readonly leavesAll: boolean;
  readonly leaves: ReadonlySet<Refusal['leaves']>;
}

const RULES = [...ABOUT_EXISTENCE, ...OWNERSHIP_RULES, ...ABOUT_CONTENT];

/**
 * Before anything of ours serves the Service, any reason is reason enough to stay away from it. After that, what is
 * ours is kept true around what has to be left alone.
 */
export function obstaclesTo(ground: PlanGround): Obstacles {
  const refusals = RULES.flatMap((rule) => rule(ground) ?? []);
  const leaves = new Set(refusals.map((refusal) => refusal.leaves));
  const leavesAll =
    leaves.has('everything') ||
    (leaves.size > 0 && !servesAlready(ground)) ||
    (leaves.has('Endpoints') && !ground.target.publish.resources.includes('EndpointSlice'));
  return { refusal: refusals[0], leavesAll, leaves };
}
