import { stringify } from 'yaml';

export type OutputFormat = 'text' | 'json' | 'yaml';

/** A result as the user asked for it with `--output`: as text for a person, or serialized for a program. */
export function resultIn(format: OutputFormat, value: unknown, text: () => string): string {
  return format === 'text' ? text() : serialize(value, format);
}

/** A value for programs, ending with a newline. */
export function serialize(value: unknown, format: Exclude<OutputFormat, 'text'>): string {
  return format === 'json' ? `${JSON.stringify(value, null, 2)}\n` : stringify(value, { lineWidth: 0 });
}
