import { formatDuration, parseDuration } from './duration.ts';
import { type RuleProblem, ruledText } from './field.ts';

interface DurationDoc {
  readonly description: string;
  readonly default: string;
  readonly min: string;
  readonly max: string;
  /** `forever` may be written. */
  readonly forever?: boolean;
}

const FOREVER = 'forever';
const PATTERN = '^(0|([0-9]+(\\.[0-9]+)?(ns|us|µs|μs|ms|s|m|h))+)$';
const MAX_LENGTH = 40;

/** A Go-style duration between two bounds. */
export function durationField({ description, default: standard, min, max, forever = false }: DurationDoc) {
  const orForever = forever ? ' or "forever"' : '';
  return ruledText(
    {
      description,
      default: standard,
      expected: `a duration from ${min} to ${max}${orForever}`,
      maxLength: MAX_LENGTH,
      fromNumber: (seconds) => `${seconds}s`,
      pattern: forever ? PATTERN.replace('(0|', `(0|${FOREVER}|`) : PATTERN,
    },
    (text) => (forever && text === FOREVER ? undefined : problemWith(text, min, max, forever)),
  );
}

function problemWith(text: string, min: string, max: string, forever: boolean): RuleProblem | undefined {
  const result = parseDuration(text);
  if (!result.ok) {
    if (!/^(forever|infinity|inf|never)$/i.test(text)) return result.problem;
    return forever
      ? { ...result.problem, hint: `write ${FOREVER}` }
      : { message: 'this cannot last for ever', hint: `at most ${max}` };
  }
  if (result.ms < durationMs(min)) return { message: `${formatDuration(result.ms)} is less than ${min}` };
  if (result.ms > durationMs(max)) return { message: `${formatDuration(result.ms)} is more than ${max}` };
  return undefined;
}

/** The milliseconds of a duration that a schema has let through; `Infinity` for `forever`. */
export function durationMs(text: string): number {
  if (text === FOREVER) return Number.POSITIVE_INFINITY;
  const result = parseDuration(text);
  if (!result.ok) throw new Error(`not a duration although it was checked: ${text}`);
  return result.ms;
}
