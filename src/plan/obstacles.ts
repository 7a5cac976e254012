import { servesAlready } from './foreign-slices.ts';
import { OWNERSHIP_RULES } from './ownership-rules.ts';
import type { PlanContext } from './plan-input.ts';
import type { Refusal } from './refusal.ts';
import { ABOUT_CONTENT, ABOUT_EXISTENCE } from './service-rules.ts';

/** What stands in a target's way. */
export interface Refusals {
  /** The first reason, which is the one that is told; undefined when nothing stands in the way. */
  readonly refusal: Refusal | undefined;
  /** Nothing at all may be written. */
  readonly skipsAll: boolean;
  readonly skipped: ReadonlySet<Refusal['scope']>;
}

const RULES = [...ABOUT_EXISTENCE, ...OWNERSHIP_RULES, ...ABOUT_CONTENT];

/**
 * Before anything of ours serves the Service, any reason is reason enough to stay away from it. After that, what is
 * ours is kept true around what has to be left alone.
 */
export function refusalsFor(ground: PlanContext): Refusals {
  const refusals = RULES.flatMap((rule) => rule(ground) ?? []);
  const skipped = new Set(refusals.map((refusal) => refusal.scope));
  const skipsAll =
    skipped.has('everything') ||
    (skipped.size > 0 && !servesAlready(ground)) ||
    (skipped.has('Endpoints') && !ground.target.publish.resources.includes('EndpointSlice'));
  return { refusal: refusals[0], skipsAll, skipped };
}
