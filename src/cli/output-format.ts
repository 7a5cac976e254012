import { stringify } from 'yaml';

export type OutputFormat = 'text' | 'json' | 'yaml';

/** A value for programs, ending with a newline. */
export function serialize(value: unknown, format: Exclude<OutputFormat, 'text'>): string {
  return format === 'json' ? `${JSON.stringify(value, null, 2)}\n` : stringify(value, { lineWidth: 0 });
}
