import { type Command, InvalidArgumentError } from 'commander';
import { runOnce } from '../sync/once.ts';
import { accessTo, clusterChoice, decideOptions, observers, SILENT } from './cluster-pass.ts';
import type { CliContext } from './context.ts';
import { EXIT, type ExitCode, targetsExitCode } from './exit-code.ts';
import {
  type ClusterFlags,
  type OutputFlags,
  option,
  timeoutOption,
  withClusterFlags,
  withExamples,
  withOutputFlag,
} from './options.ts';
import { resultIn } from './rendering/output.ts';
import { reportText } from './rendering/report-text.ts';

interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

interface ReleaseFlags extends ClusterFlags, OutputFlags {
  readonly selector?: Readonly<Record<string, string>>;
  readonly timeout: number;
}

export function describeRelease(command: Command): Command {
  const described = command
    .summary('stop managing Services without interrupting them')
    .description(
      'Stop managing Services and leave them serving. It removes the ownership labels from each Service and its objects. A Service with Endpoints is then mirrored by Kubernetes; without Endpoints it keeps its EndpointSlices; with --selector its Pods serve it.\n\nFirst remove the target from the list with `deletionPolicy: Orphan`, or stop every process that uses the list. Otherwise the Service is adopted again, or refused.',
    )
    .argument('<namespace/service...>', 'Services to release', parseService)
    .addOption(
      option(
        '--selector <labels>',
        'hand each Service over to the Pods with these labels: app=db,tier=data',
      ).argParser(parseSelector),
    )
    .addOption(timeoutOption('each step that waits for mirroring or Pods'));
  return withExamples(
    withOutputFlag(withClusterFlags(described)),
    'external-endpoints release shop/orders-db',
    'external-endpoints release shop/orders-db --selector app=orders-db',
  );
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
    const { selector, timeout } = flags;
    const result = await runOnce(
      {
        work: {
          services: services as readonly ServiceName[],
          ...(selector === undefined ? {} : { selector }),
        },
        options: decideOptions({ instance: flags.instance, policy: 'sync' }),
        writes: 'whileLeading',
        maxProbesInFlight: 0,
        resolvingTimeoutMs: 0,
        probingTimeoutMs: 0,
        waitTimeoutMs: timeout,
      },
      { ...observers(context), ...SILENT, cluster: accessTo(cluster), isLeader: () => true },
      () => undefined,
      context.signal,
    );
    if (!result.ok) throw new Error(`a release failed as a whole: ${result.failure.message}`);
    const { report, notes } = result;
    for (const note of notes) err.write(`${note.reason}: ${note.message}\n`);
    out.write(resultIn(flags.output, report, () => reportText(report, 'done', out)));
    if (report.targets.every(({ reason }) => reason === 'Unreachable' || reason === 'Unauthorized')) {
      return EXIT.clusterFailed;
    }
    return targetsExitCode(report.targets);
  } finally {
    await cluster.close();
  }
}
