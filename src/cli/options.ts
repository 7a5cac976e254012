import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../config/quantities.ts';
import type { OutputFormat } from './rendering/output.ts';

/** Flags that several commands share. Each can also be set as `EXTERNAL_ENDPOINTS_…`; the flag wins. */

export interface ListFlags {
  /** Checked by `loadList`: commander would complain of its absence before it complains of a typo in it. */
  readonly config?: readonly string[];
}

export function withListFlags(command: Command): Command {
  return command.addOption(
    new Option(
      '-c, --config <path...>',
      'target list: a file, a directory, or - for standard input; repeatable',
    ).env('EXTERNAL_ENDPOINTS_CONFIG'),
  );
}

/** Of commands that have a cluster anyway. */
export interface ClusterListFlags extends ListFlags {
  readonly configmap?: readonly string[];
}

export function withClusterListFlags(command: Command): Command {
  return withListFlags(command).addOption(
    new Option(
      '--configmap <reference...>',
      'target list in ConfigMaps, read through the API: NAMESPACE/NAME, NAMESPACE/NAME/KEY or NAMESPACE/?LABEL=VALUE; repeatable',
    ).env('EXTERNAL_ENDPOINTS_CONFIGMAP'),
  );
}

/** As in `--adopt` and `--adopt=false`. commander's own switches are on as soon as their variable is set, whatever it says. */
export function withSwitch(flag: string, what: string, variable: string): Option {
  return new Option(`${flag} [true|false]`, what)
    .preset('true')
    .env(variable)
    .argParser((text) => {
      if (text === 'true' || text === '1') return true;
      if (text === 'false' || text === '0' || text === '') return false;
      throw new InvalidArgumentError('Use true or false.');
    });
}

export interface ClusterFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly instance: string;
  readonly stateNamespace?: string;
}

export function withClusterFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--kubeconfig <file>', 'kubeconfig (default: as kubectl)').env(
        'EXTERNAL_ENDPOINTS_KUBECONFIG',
      ),
    )
    .addOption(
      new Option('--context <name>', "kubeconfig context (default: the kubeconfig's)").env(
        'EXTERNAL_ENDPOINTS_CONTEXT',
      ),
    )
    .addOption(withInstance())
    .addOption(
      new Option(
        '--state-namespace <name>',
        "namespace of the ConfigMap that carries state from one pass to the next (default: the context's or the Pod's)",
      ).env('EXTERNAL_ENDPOINTS_STATE_NAMESPACE'),
    );
}

/** Its value becomes a label, so it has a label's form. */
export function withInstance(): Option {
  return new Option('--instance <name>', 'marks whose objects are whose where several of us share a cluster')
    .default('default')
    .env('EXTERNAL_ENDPOINTS_INSTANCE')
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
    new Option('-o, --output <format>', 'how to print the result')
      .choices(formats)
      .default(formats[0])
      .env('EXTERNAL_ENDPOINTS_OUTPUT'),
  );
}

export interface DecisionFlags {
  readonly adopt?: boolean;
  readonly policy: 'sync' | 'upsert-only' | 'create-only';
  readonly allowMassDelete?: boolean;
  readonly acceptDrain?: boolean;
}

/** What `plan` and `sync` must agree on. */
export function withDecisionFlags(command: Command): Command {
  return command
    .addOption(
      withSwitch('--adopt', 'take over objects of these names that are not ours', 'EXTERNAL_ENDPOINTS_ADOPT'),
    )
    .addOption(
      new Option(
        '--policy <policy>',
        'sync: everything; upsert-only: delete no Service; create-only: only what is missing',
      )
        .choices(['sync', 'upsert-only', 'create-only'])
        .default('sync')
        .env('EXTERNAL_ENDPOINTS_POLICY'),
    )
    .addOption(
      withSwitch(
        '--allow-mass-delete',
        'delete more Services at once than guards.maxDeletes allows',
        'EXTERNAL_ENDPOINTS_ALLOW_MASS_DELETE',
      ),
    )
    .addOption(
      withSwitch(
        '--accept-drain',
        'drain what guards.maxDrain holds back: you have looked, and it is down',
        'EXTERNAL_ENDPOINTS_ACCEPT_DRAIN',
      ),
    );
}

export function withTimeout(what: string, defaultMs: number, defaultText: string): Option {
  return new Option('--timeout <duration>', what)
    .default(defaultMs, defaultText)
    .env('EXTERNAL_ENDPOINTS_TIMEOUT')
    .argParser((text) => {
      const duration = parseDuration(text);
      if (!duration.ok) throw new InvalidArgumentError(duration.problem.hint ?? duration.problem.message);
      if (duration.ms < 1000) throw new InvalidArgumentError('A pass needs at least 1s.');
      return duration.ms;
    });
}

export interface PassFlags extends DecisionFlags {
  readonly timeout: number;
}

/** A pass that ends by itself. */
export function withPassFlags(command: Command): Command {
  return withDecisionFlags(command).addOption(withTimeout('for the whole pass', 60_000, '1m'));
}
