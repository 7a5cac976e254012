import { type Command, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_TIMINGS } from '../cluster/election-timings.ts';
import { parseDuration } from '../config/quantities.ts';
import type { LogFormat, LogLevel } from '../model/log.ts';
import type { ListenAddress } from './context.ts';
import { type ClusterFlags, type ClusterListFlags, type DecisionFlags, withSwitch } from './options.ts';

/** Flags that only the long-lived worker has. */
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
  /** Of one pass of `schedule`. */
  readonly timeout: number;
  readonly startupTimeout: number;
}

export type RunFlags = ClusterListFlags & ClusterFlags & DecisionFlags & WorkerFlags;

export function withWorkerFlags(command: Command): Command {
  return withScheduleFlags(withElectionFlags(withLogFlags(command)))
    .addOption(
      withSwitch(
        '--allow-empty',
        'follow a list, or a part of it, that names no target any more; otherwise that counts as broken',
        'EXTERNAL_ENDPOINTS_ALLOW_EMPTY',
      ),
    )
    .addOption(
      new Option('--listen <host:port>', 'where to serve /healthz, /readyz, /metrics and /api/status')
        .default({ host: '0.0.0.0', port: 8080 }, '0.0.0.0:8080')
        .env('EXTERNAL_ENDPOINTS_LISTEN')
        .argParser(parseListenAddress),
    )
    .addOption(
      duration('--startup-timeout', 'how long to wait for an API server that does not answer', 300_000, '5m'),
    );
}

function withLogFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--log-format <format>', 'json, or text for people (default: text on a terminal)')
        .choices(['json', 'text'])
        .env('EXTERNAL_ENDPOINTS_LOG_FORMAT'),
    )
    .addOption(
      new Option('--log-level <level>', 'the least severe lines to log')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info')
        .env('EXTERNAL_ENDPOINTS_LOG_LEVEL'),
    );
}

function withElectionFlags(command: Command): Command {
  const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = DEFAULT_TIMINGS;
  return command
    .addOption(
      new Option('--leader-elect <bool>', 'false: there is only one replica, and it always writes')
        .choices(['true', 'false'])
        .default('true')
        .env('EXTERNAL_ENDPOINTS_LEADER_ELECT'),
    )
    .addOption(
      duration('--lease-duration', 'after that a silent leader is taken for dead', leaseDurationMs, '15s'),
    )
    .addOption(
      duration(
        '--renew-deadline',
        'after that a leader that cannot renew stops writing',
        renewDeadlineMs,
        '10s',
      ),
    )
    .addOption(duration('--retry-period', 'between tries to get or keep the lease', retryPeriodMs, '2s'));
}

function withScheduleFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--resync <cron>', 'read and decide everything again at these times').env(
        'EXTERNAL_ENDPOINTS_RESYNC',
      ),
    )
    .addOption(
      new Option('--schedule <cron>', 'work only at these times, as a CronJob of `sync` would').env(
        'EXTERNAL_ENDPOINTS_SCHEDULE',
      ),
    )
    .addOption(
      new Option(
        '--timezone <name>',
        "of --resync and --schedule, such as Europe/Vienna (default: the system's)",
      )
        .env('EXTERNAL_ENDPOINTS_TIMEZONE')
        .argParser(parseTimezone),
    )
    .addOption(duration('--timeout', 'of one pass of --schedule', 60_000, '1m'))
    .addOption(duration('--cron-jitter', 'start up to that much later, at random', 0, '0s'));
}

function duration(flag: string, what: string, defaultMs: number, defaultText: string): Option {
  return new Option(`${flag} <duration>`, what)
    .default(defaultMs, defaultText)
    .env(`EXTERNAL_ENDPOINTS_${flag.slice(2).replaceAll('-', '_').toUpperCase()}`)
    .argParser((text) => {
      const parsed = parseDuration(text);
      if (!parsed.ok) throw new InvalidArgumentError(parsed.problem.hint ?? parsed.problem.message);
      return parsed.ms;
    });
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
