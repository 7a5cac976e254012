import { stringify } from 'yaml';

export type OutputFormat = 'text' | 'json' | 'yaml';

/** A value for programs, ending with a newline. */
export function serialize(value: unknown, format: Exclude<OutputFormat, 'text'>): string {
  return format === 'json' ? `${JSON.stringify(value, null, 2)}\n` : stringify(value, { lineWidth: 0 });
}

/** `1 target`, `2 targets`; `1 address`, `2 addresses`. */
export function counted(count: number, noun: string): string {
  if (count === 1) return `1 ${noun}`;
  return `${count} ${noun}${noun.endsWith('s') ? 'es' : 's'}`;
}
