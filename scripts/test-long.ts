import type { Summary } from '../test/simulation/tally.ts';
import { type StepResult, Steps } from './steps.ts';

/**
 * `npm run test:long [-- PART…]`: what takes too long for `npm test`, all of it or the named parts. Run it on a machine
 * that does nothing else, before a version is released. Ends with the figures, and one line: N passed, N failed,
 * N skipped. A simulated seed counts as one, and so does each other command.
 */
const PARTS: Readonly<Record<string, (steps: Steps) => Promise<void>>> = {
  /** The levels with a longer form: a simulated week, 10,000 edits of a list, 30 s without an API server, … */
  tests: (steps) =>
    steps.test(
      'tests at full length',
      ['--project', 'property', '--project', 'in-memory', '--project', 'e2e'],
      {
        E2E_FULL: '1',
        FUZZ_REPLIES: '1000000',
      },
    ),
  simulation: async (steps) => {
    const words = ['--seeds', '20000'];
    count(steps, await simulated(steps, '20,000 seeds of the simulation', words));
  },
  mistakes: async (steps) => {
    const { hasPassed } = await simulated(steps, 'every mistake on 400 seeds', ['--mutations', '--full']);
    steps.totals[hasPassed ? 'passed' : 'failed'] += 1;
  },
  benches: async (steps) => {
    const { hasPassed } = await steps.run('benches at full size', 'node', ['scripts/bench.ts'], {
      hasFigures: true,
    });
    steps.totals[hasPassed ? 'passed' : 'failed'] += 1;
  },
};

const named = process.argv.slice(2);
const unknown = named.filter((name) => PARTS[name] === undefined);
if (unknown.length > 0) {
  console.error(`no such part: ${unknown.join(', ')}; there are: ${Object.keys(PARTS).join(', ')}`);
  process.exit(2);
}

const steps = new Steps();
await steps.check('build', 'npm', ['run', '--silent', 'build']);
for (const [name, run] of Object.entries(PARTS))
  if (named.length === 0 || named.includes(name)) await run(steps);
console.log('\n── figures');
for (const { name, seconds, figures } of steps.results)
  console.log([`${name}: ${seconds} s`, ...figures.map((line) => `  ${line}`)].join('\n'));
process.exitCode = steps.end();

function simulated(steps: Steps, name: string, words: readonly string[]): Promise<StepResult> {
  return steps.run(name, 'node', ['test/simulation/run.ts', ...words], { hasFigures: true });
}

/** The last line of the simulation sums up its seeds. */
function count({ totals }: Steps, { figures }: StepResult): void {
  const last = figures.at(-1);
  if (last === undefined) {
    totals.failed += 1;
    return;
  }
  const { seeds, failures } = JSON.parse(last) as Summary;
  totals.passed += seeds - failures.length;
  totals.failed += failures.length;
}
