import { type Command, InvalidArgumentError, Option } from 'commander';
import { type ReleaseRequest, release, type ServiceName } from '../sync/pass/release.ts';
import { isTrouble } from '../sync/sync-report.ts';
import { clusterChoice } from './cluster-pass.ts';
import type { CliContext } from './context.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import {
  type ClusterFlags,
  type OutputFlags,
  withClusterFlags,
  withOutputFlag,
  withTimeout,
} from './options.ts';
import { serialize } from './rendering/output.ts';
import { reportText } from './rendering/report-text.ts';

interface ReleaseFlags extends ClusterFlags, OutputFlags {
  readonly selector?: Readonly<Record<string, string>>;
  readonly timeout: number;
}

export function describeRelease(command: Command): Command {
  const described = command
    .summary('give objects back without a gap')
    .description(
      'Takes our marks off a Service and what belongs to it, and leaves it serving: by mirroring where it has Endpoints, else by its EndpointSlices as they stand; with --selector by Pods.\n\nTake the target off the list first, with `deletionPolicy: Orphan`, or stop what follows the list: as long as the list has it, it would be taken over again, or refused.',
    )
    .argument('<namespace/service...>', 'what to give back', parseService)
    .addOption(
      new Option(
        '--selector <labels>',
        'hand the Service over to the Pods with these labels: app=db,tier=data',
      )
        .env('EXTERNAL_ENDPOINTS_SELECTOR')
        .argParser(parseSelector),
    )
    .addOption(withTimeout('for each step that waits for mirroring or Pods', 60_000, '1m'))
    .addHelpText('after', '\nExample:\n  external-endpoints release shop/orders-db');
  return withOutputFlag(withClusterFlags(described));
}

function parseService(text: string, before: readonly ServiceName[] | undefined): readonly ServiceName[] {
  const [, namespace, name] = /^([a-z0-9][-a-z0-9]*)\/([a-z0-9][-a-z0-9]*)$/.exec(text) ?? [];
  if (namespace === undefined || name === undefined) {
    throw new InvalidArgumentError('Use NAMESPACE/SERVICE.');
  }
  return [...(before ?? []), { namespace, name }];
}

function parseSelector(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(',').map((pair) => /^([^=,\s]+)=([^=,\s]*)$/.exec(pair.trim()));
  return Object.fromEntries(
    pairs.map((pair) => {
      if (pair?.[1] === undefined) throw new InvalidArgumentError('Use KEY=VALUE, several with commas.');
      return [pair[1], pair[2] ?? ''];
    }),
  );
}

export async function runRelease(
  flags: ReleaseFlags,
  context: CliContext,
  [services]: readonly unknown[],
): Promise<ExitCode> {
  const { out, err } = context.terminal;
  const connected = await context.connect(clusterChoice(flags));
  if (!connected.ok) {
    err.write(`${connected.message}\n`);
    return EXIT.clusterFailed;
  }
  const { cluster } = connected;
  try {
    const request: ReleaseRequest = {
      services: services as readonly ServiceName[],
      instance: flags.instance,
      waitMs: flags.timeout,
      ...(flags.selector === undefined ? {} : { selector: flags.selector }),
    };
    const { store, state } = cluster;
    const ports = { store, state, clock: context.clock, requestCount: () => cluster.requestCount() };
    const { report, notes } = await release(request, ports, context.signal);
    for (const note of notes) err.write(`${note.reason}: ${note.message}\n`);
    out.write(flags.output === 'text' ? reportText(report, 'done', out) : serialize(report, flags.output));
    if (report.targets.every(({ reason }) => reason === 'Unreachable' || reason === 'Unauthorized')) {
      return EXIT.clusterFailed;
    }
    return report.targets.some(({ phase }) => isTrouble(phase)) ? EXIT.someTargetsFailed : EXIT.done;
  } finally {
    await cluster.close();
  }
}
