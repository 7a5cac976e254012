import type { TargetPlan } from '../plan/plan-target.ts';
import { MIRROR_STOPPED_AFTER_MS } from './decider.ts';
import type { Policy } from './policy.ts';
import type { StatusRecorder } from './status-recorder.ts';
import type { TargetRecord } from './target-record.ts';

/** A target that is refused or pending is read again this often: no event reports every cause that is gone. */
const REQUEUE_MS = 30_000;

/** Another controller usually acts within some ten milliseconds. */
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1_000;

/**
 * When to read the objects again without an event; Infinity where the plan goes through. No later than was set
 * before: a name that is answered every few seconds would postpone it forever.
 */
export function requeueAtMs(
  { requeueAtMs: before }: Pick<TargetRecord, 'requeueAtMs'>,
  changesNothing: boolean,
  nowMs: number,
): number {
  return changesNothing ? Math.min(before, nowMs + REQUEUE_MS) : Number.POSITIVE_INFINITY;
}

/**
 * A record waits for another controller: it is read again after growing pauses, or when a watch event or a verdict
 * comes. When that takes too long it is reported; a run that ends gives up on it, a worker looks less often.
 */
export function requeueAfterWait(
  record: TargetRecord,
  plan: TargetPlan,
  { policy, recorder }: { readonly policy: Policy; readonly recorder: StatusRecorder },
  nowMs: number,
): void {
  const { wait } = record;
  if (wait === undefined) throw new Error(`${record.key} waits for nothing`);
  const waitedMs = nowMs - wait.sinceMs;
  const pauseMs = Math.min(FIRST_WAIT_MS * 2 ** Math.min(wait.reads - 1, 10), LONGEST_WAIT_MS);
  const timeoutMs =
    wait.until === 'MirroredSlicesGone'
      ? Math.max(policy.waitTimeoutMs, MIRROR_STOPPED_AFTER_MS + LONGEST_WAIT_MS)
      : policy.waitTimeoutMs;
  const isTooLong = waitedMs + pauseMs > timeoutMs;
  if (!isTooLong) {
    record.requeueAtMs = Math.min(record.requeueAtMs, nowMs + pauseMs);
    return;
  }
  recorder.recordWaitedTooLong(record, plan, wait.until);
  if (!policy.retries && record.state === 'waiting') record.stopWaiting();
  else record.requeueAtMs = Math.min(record.requeueAtMs, nowMs + REQUEUE_MS);
}
