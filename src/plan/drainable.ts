import type { PublishedReadiness } from '../endpoint/assessment.ts';
import { servedReadiness } from './existing-objects.ts';
import { setAsideForeignSlices } from './foreign-slices.ts';
import { refusalsFor } from './obstacles.ts';
import type { PlanContext } from './plan-input.ts';

/**
 * What takes traffic now, and could be drained by a plan for the target: neither what a Service's selector selects nor
 * what others keep and go on keeping. The guard counts nothing else, for no verdict of ours takes that away.
 */
export function drainableOf(ground: PlanContext): PublishedReadiness {
  const { skipsAll, skipped } = refusalsFor(ground);
  if (skipsAll) return new Map();
  return servedReadiness(setAsideForeignSlices(ground, skipped.has('Endpoints')).input.existing);
}
