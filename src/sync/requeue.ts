import { changesNothing } from '../decide/decide.ts';
import type { ObjectPlan } from '../plan/object-plan.ts';
import type { TargetRecord } from './target-record.ts';

/** A target that others stand in the way of is looked at again that often: nobody says when they have cleared it. */
const REQUEUE_MS = 30_000;

/**
 * When to read again what others may have cleared out of the way; Infinity where nothing stands there. No later than
 * was set before: a name that is answered every few seconds would put it off for ever.
 */
export function requeueAtMs(
  { requeueAtMs: before }: Pick<TargetRecord, 'requeueAtMs'>,
  plan: Pick<ObjectPlan, 'phase'>,
  nowMs: number,
): number {
  return changesNothing(plan) ? Math.min(before, nowMs + REQUEUE_MS) : Number.POSITIVE_INFINITY;
}
