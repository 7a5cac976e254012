import type { ClusterView } from '../../cluster/read-cluster.ts';
import type { Decision, TargetDecision } from '../../decide/decide.ts';
import { keyOf, type Target } from '../../model/target.ts';
import type { TargetPlan } from '../../plan/plan-target.ts';
import type { Instant } from '../../time/clock.ts';
import type { ApplyResult } from '../apply-plan.ts';
import {
  actionReport,
  endpointReports,
  type SyncReport,
  type SyncSummary,
  summarize,
  type TargetReport,
} from '../sync-report.ts';

/** Puts together what was decided and what became of it. Without settlements: what would be done. */
export function reportPass(
  targets: readonly Target[],
  decision: Decision,
  results: ReadonlyMap<string, ApplyResult>,
  view: ClusterView,
  cost: Pick<SyncSummary, 'requests' | 'durationMs'>,
  now: Instant,
): SyncReport {
  const decisions = new Map(decision.targets.map((each) => [keyOf(each.target), each]));
  const reports = [
    ...targets.map((target) => targetReport(target, decisions.get(keyOf(target)), results, view, now)),
    ...decision.removals.map((plan) => planReport({ plan, assessments: [] }, results.get(keyOf(plan)), now)),
  ];
  return { summary: summarize(reports, cost), targets: reports };
}

function targetReport(
  target: Target,
  decision: TargetDecision | undefined,
  results: ReadonlyMap<string, ApplyResult>,
  view: ClusterView,
  now: Instant,
): TargetReport {
  if (decision !== undefined) {
    return planReport(decision, results.get(keyOf(target)), now);
  }
  const failure = view.unreadable.get(target.namespace);
  if (failure === undefined) throw new Error(`${keyOf(target)} was neither decided nor unreadable`);
  return {
    namespace: target.namespace,
    name: target.name,
    phase: 'Failed',
    reason: failure.reason,
    message: `namespace ${target.namespace} cannot be read: ${failure.message}`,
    endpoints: [],
    actions: [],
  };
}

function planReport(first: TargetPlan, result: ApplyResult | undefined, now: Instant): TargetReport {
  const { plan, assessments } = result?.last ?? first;
  const outcome =
    result?.failure === undefined
      ? { phase: plan.phase, reason: plan.reason, message: plan.message }
      : result.failure;
  return {
    namespace: plan.namespace,
    name: plan.name,
    ...outcome,
    endpoints: endpointReports(assessments, now),
    actions: (result?.written ?? plan.actions).map(actionReport),
    ...(result === undefined || result.warnings.length === 0 ? {} : { warnings: result.warnings }),
  };
}
