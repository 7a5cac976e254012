import { type RuleProblem, ruledText } from './field.ts';

/** Why a text is not a duration, and what was probably meant. */
export interface DurationProblem {
  readonly message: string;
  readonly hint?: string;
}

export type DurationResult =
  | { readonly ok: true; readonly ms: number }
  | { readonly ok: false; readonly problem: DurationProblem };

const NANOSECONDS_PER_MS = 1_000_000n;

/** The units of Go's `time.ParseDuration`. */
const UNIT_NANOSECONDS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: NANOSECONDS_PER_MS,
  s: 1_000n * NANOSECONDS_PER_MS,
  m: 60_000n * NANOSECONDS_PER_MS,
  h: 3_600_000n * NANOSECONDS_PER_MS,
};

/** Common units that Go does not have, with the equivalent duration. */
const FOREIGN_UNITS: Readonly<Record<string, (count: number) => string>> = {
  msec: (count) => `${count}ms`,
  millis: (count) => `${count}ms`,
  milliseconds: (count) => `${count}ms`,
  sec: (count) => `${count}s`,
  secs: (count) => `${count}s`,
  second: (count) => `${count}s`,
  seconds: (count) => `${count}s`,
  min: (count) => `${count}m`,
  mins: (count) => `${count}m`,
  minute: (count) => `${count}m`,
  minutes: (count) => `${count}m`,
  hour: (count) => `${count}h`,
  hours: (count) => `${count}h`,
  d: (count) => `${count * 24}h`,
  day: (count) => `${count * 24}h`,
  days: (count) => `${count * 24}h`,
  w: (count) => `${count * 168}h`,
};

const MAX_LENGTH = 40;
const TERM = /(\d+)(?:\.(\d+))?(ns|us|µs|μs|ms|s|m|h)/y;

/**
 * Parses a duration as Go's `time.ParseDuration` does (`1h30m`, `1.5s`, `250ms`, `0`), in milliseconds. Unlike Go
 * it rejects signs, and fractions of a millisecond instead of rounding them.
 */
export function parseDuration(text: string): DurationResult {
  if (text === '0') return { ok: true, ms: 0 };
  const nanoseconds = text.length <= MAX_LENGTH ? sumOfTerms(text) : undefined;
  if (nanoseconds === undefined) return { ok: false, problem: durationProblem(text) };
  if (nanoseconds % NANOSECONDS_PER_MS !== 0n) {
    return { ok: false, problem: { message: 'a duration must be a whole number of milliseconds' } };
  }
  return { ok: true, ms: Number(nanoseconds / NANOSECONDS_PER_MS) };
}

/** In nanoseconds. Uses bigint to be exact: 1.1s is 1,100 ms and not 1,100.0000000000002. */
function sumOfTerms(text: string): bigint | undefined {
  let sum = 0n;
  TERM.lastIndex = 0;
  while (TERM.lastIndex < text.length) {
    const match = TERM.exec(text);
    if (match === null) return undefined;
    const [, whole = '', fraction = '', unit = ''] = match;
    const scale = 10n ** BigInt(fraction.length);
    const scaled = BigInt(whole + fraction) * (UNIT_NANOSECONDS[unit] ?? 0n);
    // Round a remainder below one nanosecond up, so that the caller rejects it.
    sum += scaled / scale + (scaled % scale === 0n ? 0n : 1n);
  }
  return text === '' ? undefined : sum;
}

function durationProblem(text: string): DurationProblem {
  const message = 'a duration consists of numbers and units (h, m, s, ms), such as 10s or 1h30m';
  if (/^-/.test(text)) return { message: 'a duration cannot be negative' };
  if (/^\d+$/.test(text) && text.length <= 9) {
    return {
      message: 'the duration has no unit',
      hint: `write ${text}s for seconds or ${text}ms for milliseconds`,
    };
  }
  const tidy = text.replace(/\s+/g, '').toLowerCase();
  const foreign = /^(\d{1,9})([a-z]+)$/.exec(tidy);
  const rewritten = FOREIGN_UNITS[foreign?.[2] ?? '']?.(Number(foreign?.[1]));
  if (rewritten !== undefined) return { message, hint: `write ${rewritten}` };
  if (tidy !== text && parseDuration(tidy).ok) return { message, hint: `write ${tidy}` };
  return { message };
}

/** The shortest text that {@link parseDuration} reads back: `1m30s` for 90,000. `Infinity` is `forever`. */
export function formatDuration(ms: number): string {
  if (ms === Number.POSITIVE_INFINITY) return 'forever';
  if (ms === 0) return '0s';
  const parts: string[] = [];
  let rest = ms;
  for (const [unit, size] of [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
    ['ms', 1],
  ] as const) {
    const count = Math.floor(rest / size);
    if (count > 0) parts.push(`${count}${unit}`);
    rest -= count * size;
  }
  return parts.join('');
}

interface DurationDoc {
  readonly description: string;
  readonly default: string;
  readonly min: string;
  readonly max: string;
  /** Whether the field accepts `forever`. */
  readonly forever?: boolean;
}

const FOREVER = 'forever';
const PATTERN = '^(0|([0-9]+(\\.[0-9]+)?(ns|us|µs|μs|ms|s|m|h))+)$';

/** A field with a Go-style duration from `min` to `max`. */
export function durationField({
  description,
  default: defaultValue,
  min,
  max,
  forever = false,
}: DurationDoc) {
  const orForever = forever ? ' or "forever"' : '';
  return ruledText(
    {
      description,
      default: defaultValue,
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
      : { message: 'this duration cannot be forever', hint: `at most ${max}` };
  }
  if (result.ms < durationMs(min)) return { message: `${formatDuration(result.ms)} is less than ${min}` };
  if (result.ms > durationMs(max)) return { message: `${formatDuration(result.ms)} is more than ${max}` };
  return undefined;
}

/** The milliseconds of a duration that a schema has accepted; `Infinity` for `forever`. */
export function durationMs(text: string): number {
  if (text === FOREVER) return Number.POSITIVE_INFINITY;
  const result = parseDuration(text);
  if (!result.ok) throw new Error(`the schema accepted an invalid duration: ${text}`);
  return result.ms;
}

/** Parses `50%`: a whole percentage from 0 to 100. Returns undefined for any other text. */
export function parsePercentage(text: string): number | undefined {
  const digits = /^(\d{1,3})%$/.exec(text)?.[1];
  const percent = digits === undefined ? Number.NaN : Number(digits);
  return percent <= 100 ? percent : undefined;
}
