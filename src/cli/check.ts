import type { Command } from 'commander';
import type { Assessment } from '../endpoint/assessment.ts';
import type { NameTrouble } from '../endpoint/name-memory.ts';
import type { ObjectPlan } from '../plan/object-plan.ts';
import { outcomeOf } from '../plan/outcome.ts';
import {
  endpointReports,
  isTrouble,
  type SyncReport,
  summarize,
  type TargetReport,
} from '../sync/sync-report.ts';
import { instantOf } from '../time/clock.ts';
import type { CliContext } from './context.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { loadList } from './load-list.ts';
import { decideOffline } from './offline-decision.ts';
import { type ListFlags, type OutputFlags, withListFlags, withOutputFlag, withTimeout } from './options.ts';
import { serialize } from './rendering/output.ts';
import { reportText } from './rendering/report-text.ts';

interface CheckFlags extends ListFlags, OutputFlags {
  readonly timeout: number;
}

export function describeCheck(command: Command): Command {
  const described = command
    .summary('resolve and probe the list, without a cluster')
    .description(
      'Looks at every name and address as sync would, from where it runs. Exits 3 when a target has no ready address.',
    )
    .addOption(withTimeout('for all checks', 60_000, '1m'))
    .addHelpText('after', '\nExample:\n  external-endpoints check --config targets.yaml');
  return withOutputFlag(withListFlags(described));
}

export async function runCheck(flags: CheckFlags, context: CliContext): Promise<ExitCode> {
  const { out } = context.terminal;
  const list = await loadList(flags, context);
  if (list === undefined) return EXIT.usage;
  const startedMs = context.clock.monotonicNow();
  const decision = await decideOffline(list, { ...flags, instance: 'default' }, context);
  const now = instantOf(context.clock);
  const targets = decision.targets.map(
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
  out.write(flags.output === 'text' ? reportText(report, 'unwritten', out) : serialize(report, flags.output));
  return targets.some(({ phase }) => isTrouble(phase)) ? EXIT.someTargetsFailed : EXIT.done;
}

/** Without a cluster nobody knows which address families a Service will have: what was seen counts, in all of them. */
function stateOf(
  { phase, reason, message }: ObjectPlan,
  verdicts: readonly Assessment[],
  troubles: readonly NameTrouble[],
): Pick<TargetReport, 'phase' | 'reason' | 'message'> {
  const isObserved = phase === 'Published' || phase === 'NotReady';
  return isObserved ? outcomeOf(verdicts, troubles) : { phase, reason, message };
}
