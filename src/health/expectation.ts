import { createContext, Script } from 'node:vm';
import type { Expectation } from '../model/target.ts';

/**
 * What looking at an answer came to.
 *
 * - `tooSlow`: the pattern had used up its time over it, and is not to be tried on more of it.
 * - `stalled`: so had it by the clock, but this process was hardly running meanwhile. That says nothing.
 */
export type Match = 'match' | 'noMatch' | 'tooSlow' | 'stalled';

/** Ample for any pattern that is not backtracking without end; for all looks at one answer together. */
export const PATTERN_TIME_MS = 50;

/** So often a look is tried again that ended while this process was hardly running. */
const MOST_TRIES = 4;

/** CPU time that this process has used so far, in milliseconds, as a port. */
export type CpuTime = () => number;

/**
 * Tells whether an answer, as far as it was read, holds what is expected. One for each answer.
 *
 * A backend must not be able to hang everybody's checks with an answer that makes a pattern backtrack for
 * minutes (`(a+)+$`), and JavaScript's engine has no bound of its own: V8 does stop a script at a
 * deadline, in the middle of a match. That costs a tenth of a millisecond, so bytes do without.
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
    // The deadline is one of the clock. A process that others keep from running can reach it within the simplest of
    // matches, and that must not become a failure of the backend: what counts is the CPU time.
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

/** Made when the first pattern is tried: a context takes a millisecond of every start otherwise. */
let workshop: { readonly bench: Bench; readonly test: Script } | undefined;

/** Undefined when the time was not enough. */
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

/** By its code alone: the error may be of the sandbox's own class. */
function isTimeout(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  );
}
