import type { Command } from 'commander';
import { stringify } from 'yaml';
import { isTrouble } from '../sync/sync-report.ts';
import type { CliContext } from './context.ts';
import { EXIT, type ExitCode, targetsExitCode } from './exit-code.ts';
import { loadList } from './load-list.ts';
import { decideOffline } from './offline-decision.ts';
import {
  instanceOption,
  type ListFlags,
  type OutputFlags,
  timeoutOption,
  withExamples,
  withListFlags,
  withOutputFlag,
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
      'Print the Services, EndpointSlices and Endpoints that sync would create in an empty cluster. It resolves and checks every target first. The EndpointSlices have no owner reference, because that needs the uid of an existing Service.',
    )
    .addOption(instanceOption())
    .addOption(timeoutOption('all checks'));
  return withExamples(
    withOutputFlag(withListFlags(described), ['yaml', 'json']),
    'external-endpoints render --config targets.yaml > manifests.yaml',
  );
}

export async function runRender(flags: RenderFlags, context: CliContext): Promise<ExitCode> {
  const { out, err } = context.terminal;
  const list = await loadList(flags, context);
  if (list === undefined) return EXIT.usage;
  const targets = await decideOffline(list, flags, context);
  const objects = targets.flatMap(({ plan }) =>
    plan.actions.flatMap((action) => ('body' in action ? [action.body] : [])),
  );
  for (const { plan } of targets) {
    if (isTrouble(plan))
      err.write(`${plan.namespace}/${plan.name}: ${plan.phase} (${plan.reason}): ${plan.message}\n`);
  }
  out.write(
    flags.output === 'json'
      ? serialize({ apiVersion: 'v1', kind: 'List', items: objects }, 'json')
      : objects.map((object) => `---\n${stringify(object, { lineWidth: 0 })}`).join(''),
  );
  return targetsExitCode(targets.map(({ plan }) => plan));
}
