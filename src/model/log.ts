/** The fields of a log line: plain data, no secrets, no whole objects. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** The log, as a port. Events, metrics and docs use the same CamelCase `reason`. */
export interface Log {
  info(reason: string, message: string, fields?: LogFields): void;
  warn(reason: string, message: string, fields?: LogFields): void;
  error(reason: string, message: string, fields?: LogFields): void;
}

export const NO_LOG: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

export type LogFormat = 'json' | 'text';
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
