import { type DestinationStream, destination, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Log, LogFields, LogFormat, LogLevel } from '../model/log.ts';

/** Synchronous: the line with the reason why the process ended must not be lost. */
const STDERR = 2;

/** JSON lines for programs, or lines with colours for people, on standard error. */
export function createLog(settings: {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly colors: boolean;
}): Log {
  const target: DestinationStream = destination({ dest: STDERR, sync: true });
  const stream =
    settings.format === 'json'
      ? target
      : pretty({
          destination: STDERR,
          sync: true,
          colorize: settings.colors,
          ignore: 'pid,hostname,reason',
          messageFormat: '{reason}: {msg}',
          singleLine: true,
          translateTime: 'SYS:HH:MM:ss.l',
        });
  const logger = pino(
    { level: settings.level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    stream,
  );
  const at =
    (level: LogLevel) =>
    (reason: string, message: string, fields: LogFields = {}) =>
      logger[level]({ reason, ...fields }, message);
  return { info: at('info'), warn: at('warn'), error: at('error') };
}
