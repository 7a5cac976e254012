import type { Command } from 'commander';
import { stringify } from 'yaml';
import { isTrouble } from '../sync/sync-report.ts';
import type { CliContext } from './context.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { loadList } from './load-list.ts';
import { decideOffline } from './offline-decision.ts';
import {
  type ListFlags,
  type OutputFlags,
  withInstance,
  withListFlags,
  withOutputFlag,
  withTimeout,
} from './options.ts';
import { serialize } from './rendering/output.ts';

interface RenderFlags extends ListFlags, OutputFlags {
  readonly timeout: number;
  readonly instance: string;
}

export function describeRender(command: Command): Command {
  const described = command
    .summary('print the manifests that sync would create in an empty cluster')
    .description(
      'Resolves and probes as sync would and prints Services, EndpointSlices and Endpoints. Slices have no owner reference: that needs the uid of a Service that exists.',
    )
    .addOption(withInstance())
    .addOption(withTimeout('for all checks', 60_000, '1m'))
    .addHelpText('after', '\nExample:\n  external-endpoints render --config targets.yaml > manifests.yaml');
  return withOutputFlag(withListFlags(described), ['yaml', 'json']);
}

export async function runRender(flags: RenderFlags, context: CliContext): Promise<ExitCode> {
  const { out, err } = context.terminal;
  const list = await loadList(flags, context);
  if (list === undefined) return EXIT.usage;
  const { targets } = await decideOffline(list, flags, context);
  const objects = targets.flatMap(({ plan }) =>
    plan.actions.flatMap((action) => ('body' in action ? [action.body] : [])),
  );
  for (const { plan } of targets) {
    if (isTrouble(plan.phase))
      err.write(`${plan.namespace}/${plan.name}: ${plan.phase} (${plan.reason}): ${plan.message}\n`);
  }
  out.write(
    flags.output === 'json'
      ? serialize({ apiVersion: 'v1', kind: 'List', items: objects }, 'json')
      : objects.map((object) => `---\n${stringify(object, { lineWidth: 0 })}`).join(''),
  );
  return targets.some(({ plan }) => isTrouble(plan.phase)) ? EXIT.someTargetsFailed : EXIT.done;
}
