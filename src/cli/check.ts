import type { Command } from 'commander';
import type { Assessment } from '../endpoint/assessment.ts';
import type { NameTrouble } from '../endpoint/name-memory.ts';
import type { ObjectPlan } from '../plan/object-plan.ts';
import { outcomeOf } from '../plan/outcome.ts';
import { endpointReports, type SyncReport, summarize, type TargetReport } from '../sync/sync-report.ts';
import { instantOf } from '../time/clock.ts';
import type { CliContext } from './context.ts';
import { EXIT, type ExitCode, targetsExitCode } from './exit-code.ts';
import { loadList } from './load-list.ts';
import { decideOffline } from './offline-decision.ts';
import {
  type ListFlags,
  type OutputFlags,
  timeoutOption,
  withExamples,
  withListFlags,
  withOutputFlag,
} from './options.ts';
import { resultIn } from './rendering/output.ts';
import { reportText } from './rendering/report-text.ts';

interface CheckFlags extends ListFlags, OutputFlags {
  readonly timeout: number;
}

export function describeCheck(command: Command): Command {
  const described = command
    .summary('resolve and check every target, without a cluster')
    .description(
      'Resolve and check every name and address of the list from this machine, without a cluster. Exits with 3 when a target has no ready address.',
    )
    .addOption(timeoutOption('all checks'));
  return withExamples(
    withOutputFlag(withListFlags(described)),
    'external-endpoints check --config targets.yaml',
    'external-endpoints check --config targets.yaml --output json',
  );
}

export async function runCheck(flags: CheckFlags, context: CliContext): Promise<ExitCode> {
  const { out } = context.terminal;
  const list = await loadList(flags, context);
  if (list === undefined) return EXIT.usage;
  const startedMs = context.clock.monotonicNow();
  const decisions = await decideOffline(list, { ...flags, instance: 'default' }, context);
  const now = instantOf(context.clock);
  const targets = decisions.map(
    ({ target, plan, verdicts, troubles }): TargetReport => ({
      namespace: target.namespace,
      name: target.name,
      ...stateOf(plan, verdicts, troubles),
      endpoints: endpointReports(verdicts, now),
      actions: [],
    }),
  );
  const durationMs = Math.round(context.clock.monotonicNow() - startedMs);
  const report: SyncReport = { summary: summarize(targets, { requests: 0, durationMs }), targets };
  out.write(resultIn(flags.output, report, () => reportText(report, 'unwritten', out)));
  return targetsExitCode(targets);
}

/** Without a cluster the address families of the Service are unknown, so the observed addresses of every family count. */
function stateOf(
  { phase, reason, message }: ObjectPlan,
  verdicts: readonly Assessment[],
  troubles: readonly NameTrouble[],
): Pick<TargetReport, 'phase' | 'reason' | 'message'> {
  const isObserved = phase === 'Published' || phase === 'NotReady';
  return isObserved ? outcomeOf(verdicts, troubles) : { phase, reason, message };
}
