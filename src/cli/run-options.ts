import { type Command, InvalidArgumentError } from 'commander';
import { DEFAULT_TIMINGS } from '../cluster/election-timings.ts';
import type { LogFormat, LogLevel } from '../model/log.ts';
import type { ListenAddress } from '../sync/worker-context.ts';
import {
  type ClusterFlags,
  type ClusterListFlags,
  type DecisionFlags,
  durationOption,
  option,
  switchOption,
} from './options.ts';

/** Flags that only `run` has. */
export interface WorkerFlags {
  readonly allowEmpty?: boolean;
  readonly logFormat?: LogFormat;
  readonly logLevel: LogLevel;
  readonly listen: ListenAddress;
  readonly leaderElect: 'true' | 'false';
  readonly leaseDuration: number;
  readonly renewDeadline: number;
  readonly retryPeriod: number;
  readonly resync?: string;
  readonly schedule?: string;
  readonly timezone?: string;
  readonly cronJitter: number;
  /** Time limit for one pass of `schedule`. */
  readonly timeout: number;
  readonly startupTimeout: number;
}

export type RunFlags = ClusterListFlags & ClusterFlags & DecisionFlags & WorkerFlags;

export function withWorkerFlags(command: Command): Command {
  return withScheduleFlags(withElectionFlags(withLogFlags(command)))
    .addOption(
      switchOption(
        '--allow-empty',
        'accept an empty list and delete what it listed before; without this flag an empty list is rejected',
      ),
    )
    .addOption(
      option('--listen <host:port>', 'address that serves /healthz, /readyz, /metrics and /api/status')
        .default({ host: '0.0.0.0', port: 8080 }, '0.0.0.0:8080')
        .argParser(parseListenAddress),
    )
    .addOption(
      durationOption(
        '--startup-timeout',
        'how long to wait at startup for an API server that does not answer',
        300_000,
        '5m',
      ),
    );
}

function withLogFlags(command: Command): Command {
  return command
    .addOption(
      option('--log-format <format>', 'log format (default: text on a terminal, else json)').choices([
        'json',
        'text',
      ]),
    )
    .addOption(
      option('--log-level <level>', 'lowest severity to log')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info'),
    );
}

function withElectionFlags(command: Command): Command {
  const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = DEFAULT_TIMINGS;
  return command
    .addOption(
      option('--leader-elect <bool>', 'false: this is the only replica, and it always writes')
        .choices(['true', 'false'])
        .default('true'),
    )
    .addOption(
      durationOption(
        '--lease-duration',
        'how long the other replicas wait for a silent leader before one replaces it',
        leaseDurationMs,
        '15s',
      ),
    )
    .addOption(
      durationOption(
        '--renew-deadline',
        'how long a leader that cannot renew its lease keeps writing',
        renewDeadlineMs,
        '10s',
      ),
    )
    .addOption(
      durationOption(
        '--retry-period',
        'time between attempts to acquire or renew the lease',
        retryPeriodMs,
        '2s',
      ),
    );
}

function withScheduleFlags(command: Command): Command {
  return command
    .addOption(option('--resync <cron>', 'cron expression: read and decide everything again at these times'))
    .addOption(
      option(
        '--schedule <cron>',
        'cron expression: run one pass at these times, as a CronJob of `sync` does',
      ),
    )
    .addOption(
      option(
        '--timezone <name>',
        "time zone of --resync and --schedule, such as Europe/Vienna (default: the system's)",
      ).argParser(parseTimezone),
    )
    .addOption(durationOption('--timeout', 'time limit for one pass of --schedule', 60_000, '1m'))
    .addOption(
      durationOption('--cron-jitter', 'delay each scheduled start by a random time of at most this', 0, '0s'),
    );
}

function parseTimezone(name: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InvalidArgumentError('There is no such zone; use a name such as Europe/Vienna or UTC.');
  }
}

function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:]*)):(\d{1,5})$/i.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535)
    throw new InvalidArgumentError('Use HOST:PORT, such as 0.0.0.0:8080 or [::]:8080.');
  return { host: match[1] ?? (match[2] || '0.0.0.0'), port };
}
