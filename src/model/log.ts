/** What a log line carries besides its reason: plain data, no secrets, no whole objects. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** The log as a port. `reason` is the CamelCase word that Events, metrics and docs use too. */
export interface Log {
  info(reason: string, message: string, fields?: LogFields): void;
  warn(reason: string, message: string, fields?: LogFields): void;
  error(reason: string, message: string, fields?: LogFields): void;
}

export type LogFormat = 'json' | 'text';
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
