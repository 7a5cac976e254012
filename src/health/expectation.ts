import { createContext, Script } from 'node:vm';
import type { Expectation } from '../target/target.ts';

/** Ample for any pattern that is not backtracking without end; then it counts as no match. */
const PATTERN_TIMEOUT_MS = 50;

/**
 * Tells whether an answer holds what is expected.
 *
 * A backend must not be able to hang everybody's checks with an answer that makes a pattern backtrack for
 * minutes (`(a+)+$`), and JavaScript's engine has no bound of its own: V8 does stop a script at a
 * deadline, in the middle of a match. That costs a tenth of a millisecond, so bytes do without.
 */
export function matcherOf(expectation: Expectation): (received: Buffer) => boolean {
  if (expectation.kind === 'bytes') {
    const wanted = Buffer.from(expectation.bytes);
    return (received) => received.includes(wanted);
  }
  const pattern = new RegExp(expectation.source, 's');
  return (received) => matchesInTime(pattern, received.toString('latin1'));
}

interface Bench {
  pattern?: RegExp;
  subject?: string;
}

/** Made when the first pattern is tried: a context takes a millisecond of every start otherwise. */
let workshop: { readonly bench: Bench; readonly test: Script } | undefined;

function matchesInTime(pattern: RegExp, subject: string): boolean {
  workshop ??= { bench: createContext({}), test: new Script('pattern.test(subject)') };
  const { bench, test } = workshop;
  bench.pattern = pattern;
  bench.subject = subject;
  try {
    return test.runInContext(bench, { timeout: PATTERN_TIMEOUT_MS }) === true;
  } catch (error) {
    if (isTimeout(error)) return false;
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
