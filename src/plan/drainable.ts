import type { PublishedReadiness } from '../endpoint/assessment.ts';
import { servedReadiness } from './existing-objects.ts';
import { setAsideStrangers } from './foreign-slices.ts';
import { obstaclesTo } from './obstacles.ts';
import type { PlanGround } from './plan-input.ts';

/**
 * What takes traffic now, and could be drained by a plan for the target: neither what a Service's selector selects nor
 * what others keep and go on keeping. The guard counts nothing else, for no verdict of ours takes that away.
 */
export function drainableOf(ground: PlanGround): PublishedReadiness {
  const { leavesAll, leaves } = obstaclesTo(ground);
  if (leavesAll) return new Map();
  return servedReadiness(setAsideStrangers(ground, leaves.has('Endpoints')).input.existing);
}
