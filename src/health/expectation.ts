import { createContext, Script } from 'node:vm';
import type { Expectation } from '../model/target.ts';

/**
 * The result of a match on an answer.
 *
 * - `tooSlow`: the pattern used up its time, and must not be tried on more of the answer.
 * - `stalled`: the time is over too, but this process was hardly running meanwhile. That says nothing.
 */
export type Match = 'match' | 'noMatch' | 'tooSlow' | 'stalled';

/** Enough for any pattern that does not backtrack without end; the limit of all matches on one answer together. */
export const PATTERN_TIME_MS = 50;

/** How often a match is tried again that ran out of time while this process was hardly running. */
const MOST_TRIES = 4;

/** The CPU time that this process has used, in milliseconds, as a port. */
export type CpuTime = () => number;

/**
 * Tells whether the received part of an answer matches. One object for each answer.
 *
 * An answer can make a pattern backtrack for minutes (`(a+)+$`), which would stop all checks. JavaScript has no limit
 * for that, but V8 stops a script at a deadline, also within a match. That costs a tenth of a millisecond, so the
 * comparison of bytes does without.
 */
export function matcherOf(expectation: Expectation, cpuTime: CpuTime): (received: Buffer) => Match {
  if (expectation.kind === 'bytes') {
    const wanted = Buffer.from(expectation.bytes);
    return (received) => (received.includes(wanted) ? 'match' : 'noMatch');
  }
  const pattern = new RegExp(expectation.source, 's');
  let leftMs = PATTERN_TIME_MS;
  return (received) => {
    const subject = received.toString('latin1');
    // V8's deadline is in wall time. A process that gets no CPU can reach it within a simple match, and that must not
    // become a failure of the backend. So the CPU time counts.
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const startedMs = cpuTime();
      const match = matchWithin(leftMs, pattern, subject);
      leftMs = Math.max(1, Math.ceil(leftMs - (cpuTime() - startedMs)));
      if (match !== undefined) return match;
      if (leftMs <= PATTERN_TIME_MS / 2) return 'tooSlow';
    }
    return 'stalled';
  };
}

interface Bench {
  pattern?: RegExp;
  subject?: string;
}

/** Created with the first pattern: a context would add a millisecond to every start. */
let workshop: { readonly bench: Bench; readonly test: Script } | undefined;

/** Undefined if the time ran out. */
function matchWithin(timeMs: number, pattern: RegExp, subject: string): 'match' | 'noMatch' | undefined {
  workshop ??= { bench: createContext({}), test: new Script('pattern.test(subject)') };
  const { bench, test } = workshop;
  bench.pattern = pattern;
  bench.subject = subject;
  try {
    return test.runInContext(bench, { timeout: timeMs }) === true ? 'match' : 'noMatch';
  } catch (error) {
    if (isTimeout(error)) return undefined;
    throw error;
  } finally {
    delete bench.pattern;
    delete bench.subject;
  }
}

/** By its code only, because the error may be of the sandbox's own class. */
function isTimeout(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  );
}
