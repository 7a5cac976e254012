import { type Command, InvalidArgumentError, Option } from 'commander';
import { isListName } from '../config/kubernetes-names.ts';
import { parseDuration } from '../config/quantities.ts';
import type { OutputFormat } from './rendering/output.ts';

/** Options that several commands share. Each can also be set in the environment; the flag wins. */

/** An option with the environment variable that belongs to it: `EXTERNAL_ENDPOINTS_DRY_RUN` for `--dry-run`. */
export function option(flags: string, description: string): Option {
  const created = new Option(flags, description);
  const name = (created.long ?? '').slice(2).replaceAll('-', '_').toUpperCase();
  return created.env(`EXTERNAL_ENDPOINTS_${name}`);
}

/** Appends examples to the help of a command. */
export function withExamples(command: Command, ...lines: readonly string[]): Command {
  return command.addHelpText('after', ['\nExamples:', ...lines].join('\n  '));
}

export interface ListFlags {
  /** Optional for commander, which would report a missing list before a misspelt flag; `loadList` checks it. */
  readonly config?: readonly string[];
  readonly listName?: string;
}

export function withListFlags(command: Command): Command {
  return command
    .addOption(
      option(
        '-c, --config <path...>',
        'target list: a file, a directory, or - for standard input; repeatable, each is one list',
      ),
    )
    .addOption(
      option(
        '--list-name <name>',
        'name of the list, whatever it says itself; everything that is given is one list then',
      ).argParser(parseListName),
    );
}

function parseListName(text: string): string {
  if (isListName(text)) return text;
  throw new InvalidArgumentError(
    "Use a name of lower-case letters, digits, '-' and '.', or a reference to ConfigMaps.",
  );
}

/** For commands that connect to a cluster. */
export interface ClusterListFlags extends ListFlags {
  readonly configmap?: readonly string[];
}

export function withClusterListFlags(command: Command): Command {
  return withListFlags(command).addOption(
    option(
      '--configmap <reference...>',
      'target list in ConfigMaps: NAMESPACE/NAME, NAMESPACE/NAME/KEY or NAMESPACE/?LABEL=VALUE; repeatable',
    ),
  );
}

/**
 * A boolean option: `--adopt` or `--adopt=false`. commander's own boolean options are true as soon as their
 * environment variable is set, even to `false`.
 */
export function switchOption(flag: string, description: string): Option {
  return option(`${flag} [true|false]`, description)
    .preset('true')
    .argParser((text) => {
      if (text === 'true' || text === '1') return true;
      if (text === 'false' || text === '0' || text === '') return false;
      throw new InvalidArgumentError('Use true or false.');
    });
}

/** An option that takes a duration, in milliseconds. `defaultText` is its default as help shows it. */
export function durationOption(
  flag: string,
  description: string,
  defaultMs: number,
  defaultText: string,
  minMs = 0,
): Option {
  return option(`${flag} <duration>`, description)
    .default(defaultMs, defaultText)
    .argParser((text) => {
      const duration = parseDuration(text);
      if (!duration.ok) throw new InvalidArgumentError(duration.problem.hint ?? duration.problem.message);
      if (duration.ms < minMs) throw new InvalidArgumentError(`Use at least ${minMs / 1000}s.`);
      return duration.ms;
    });
}

/** `--timeout`, one minute by default. `limited` names what the time limit applies to. */
export function timeoutOption(limited: string): Option {
  return durationOption('--timeout', `time limit for ${limited}`, 60_000, '1m', 1_000);
}

export interface ClusterFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly instance: string;
  readonly stateNamespace?: string;
}

export function withClusterFlags(command: Command): Command {
  return command
    .addOption(option('--kubeconfig <file>', 'path of the kubeconfig (default: the same as kubectl)'))
    .addOption(option('--context <name>', 'context of the kubeconfig (default: its current context)'))
    .addOption(instanceOption())
    .addOption(
      option(
        '--state-namespace <name>',
        'namespace of the ConfigMap that stores state between passes (default: the namespace of the context or of the Pod)',
      ),
    );
}

/** The value is used as a label value, so it must be a valid one. */
export function instanceOption(): Option {
  return option('--instance <name>', 'name of this installation; it touches only objects labelled with it')
    .default('default')
    .argParser((text) => {
      if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text)) return text;
      throw new InvalidArgumentError('Use at most 63 lower-case letters, digits and dashes.');
    });
}

export interface OutputFlags {
  readonly output: OutputFormat;
}

export function withOutputFlag(
  command: Command,
  formats: readonly OutputFormat[] = ['text', 'json', 'yaml'],
): Command {
  return command.addOption(
    option('-o, --output <format>', 'output format').choices(formats).default(formats[0]),
  );
}

export interface DecisionFlags {
  readonly adopt?: boolean;
  readonly policy: 'sync' | 'upsert-only' | 'create-only';
  readonly allowMassDelete?: boolean;
  readonly pruneList?: readonly string[];
  readonly acceptDrain?: boolean;
}

/** Flags that change decisions: `plan`, `sync` and `run` have the same ones. */
export function withDecisionFlags(command: Command): Command {
  return command
    .addOption(switchOption('--adopt', 'adopt existing objects that this installation does not own'))
    .addOption(
      option(
        '--policy <policy>',
        'sync: create, update and delete; upsert-only: never delete a Service; create-only: only create missing objects',
      )
        .choices(['sync', 'upsert-only', 'create-only'])
        .default('sync'),
    )
    .addOption(
      switchOption(
        '--allow-mass-delete',
        'delete Services even if they are more than guards.maxDeletes allows',
      ),
    )
    .addOption(
      option(
        '--prune-list <name...>',
        'delete what this list published, although it is not given, or names nothing of it; repeatable',
      ),
    )
    .addOption(
      switchOption(
        '--accept-drain',
        'ignore guards.maxDrain once: mark unhealthy addresses not ready even if they are many',
      ),
    );
}

export interface PassFlags extends DecisionFlags {
  readonly timeout: number;
}

/** The flags of `plan` and `sync`: one pass over a cluster. */
export type ListedPassFlags = ClusterListFlags & ClusterFlags & PassFlags & OutputFlags;

export function withListedPassFlags(command: Command): Command {
  const described = withDecisionFlags(withClusterFlags(withClusterListFlags(command)));
  return withOutputFlag(described.addOption(timeoutOption('the whole pass')));
}
