import { changesNothing } from '../decide/decide.ts';
import { type Assessment, readyAddressCount } from '../endpoint/assessment.ts';
import { servedReadiness } from '../plan/existing-objects.ts';
import { backOffAfter, NO_BACK_OFF } from '../time/back-off.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import { type ApplyFailure, type ApplyResult, CHANGED_TOO_OFTEN, isServerAway } from './apply-plan.ts';
import type { Policy } from './policy.ts';
import { requeueAfterWait, requeueAtMs } from './requeue.ts';
import type { StatusRecorder } from './status-recorder.ts';
import type { TargetRecord, Written } from './target-record.ts';
import type { WorkQueue } from './work-queue.ts';

export interface AfterApplyParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly policy: Policy;
  readonly queue: WorkQueue;
  readonly recorder: StatusRecorder;
}

/** So often the objects may turn out to be other than they were read, before that counts as a failure. */
const MAX_CONFLICTS = 6;

/** So many writes one reconciliation may take: each step of an adoption or a release is one. */
const MAX_STEPS = 12;

/** What becomes of a record once its plan was written, or was not. */
export function afterApply(record: TargetRecord, result: ApplyResult, parts: AfterApplyParts): void {
  const { clock, queue, recorder } = parts;
  const { existing, outcome, plan, written } = result;
  const nowMs = clock.monotonicNow();
  recorder.recordWrites(record, written.actions, written.warnings, nowMs);
  const all = together(record, written);
  switch (outcome.status) {
    case 'failed':
      endFailed(record, result, outcome.failure, all, parts, nowMs);
      break;
    case 'conflict':
      if (record.progress.conflicts + 1 >= MAX_CONFLICTS) {
        endFailed(record, result, outcome.failure, all, parts, nowMs);
      } else record.endConflict(existing, written, nowMs);
      break;
    case 'continues':
      if (record.progress.steps + 1 >= MAX_STEPS) {
        endFailed(record, result, CHANGED_TOO_OFTEN, all, parts, nowMs);
      } else if (outcome.until === 'ServiceRead') record.endStep(existing, written, nowMs);
      else {
        record.endWaiting(outcome.until, existing, written, nowMs);
        record.backOff = NO_BACK_OFF;
        requeueAfterWait(record, plan, parts, nowMs);
      }
      break;
    case 'done':
      record.endApplied(existing, written, nowMs);
      record.backOff = NO_BACK_OFF;
      recorder.recordApplied(record, plan, all, nowMs);
      // A refusal may show only when the plan is written.
      record.requeueAtMs = Math.min(
        record.requeueAtMs,
        requeueAtMs(record, changesNothing(plan.plan), nowMs),
      );
      record.forgetDrift();
  }
  queue.noteTimer(record);
  queue.track(record);
}

function endFailed(
  record: TargetRecord,
  { existing, plan, written, ...result }: ApplyResult,
  failure: ApplyFailure,
  all: Written,
  { policy, queue, random, recorder }: AfterApplyParts,
  nowMs: number,
): void {
  // The plan came to nothing, or to a part: what takes traffic is what did before.
  record.readyAddresses = readyNow(plan.assessments, existing);
  record.endFailed(written);
  recorder.recordFailed(record, plan, failure, all);
  if (!policy.retries) return;
  // A server that is away is waited for once, and not by each record.
  if (!isServerAway(result)) record.backOff = backOffAfter(record.backOff, nowMs, random);
  queue.add(record);
}

function readyNow(assessments: readonly Assessment[], existing: ApplyResult['existing']): number {
  return readyAddressCount(assessments, servedReadiness(existing));
}

/** Everything that was written since the record was last idle. */
function together({ progress }: TargetRecord, { actions, warnings }: Written): Written {
  return {
    actions: [...progress.written, ...actions],
    warnings: [...progress.warnings, ...warnings],
  };
}
