import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestTotals } from './totals-reporter.ts';

/**
 * All that CI needs, in one command: static checks, every level of tests, benches at smoke size. Goes on after
 * a failure, so that one run tells everything, and ends with one line that counts it.
 */
const scratch = mkdtempSync(join(tmpdir(), 'external-endpoints-test-'));
const totalsPath = join(scratch, 'totals.json');
const failedSteps: string[] = [];

function step(name: string, command: string, args: readonly string[]) {
  console.log(`\n── ${name}`);
  const { status, signal } = spawnSync(command, args, {
    stdio: 'inherit',
    env: { ...process.env, TEST_TOTALS: totalsPath },
  });
  if (status !== 0) failedSteps.push(`${name} (${signal ?? `exit code ${status}`})`);
}

step('check', 'npm', ['run', '--silent', 'check']);
step('build', 'npm', ['run', '--silent', 'build']);
step('tests', 'vitest', [
  'run',
  '--reporter=default',
  '--reporter=./scripts/totals-reporter.ts',
  ...process.argv.slice(2),
]);
step('benches at smoke size', 'npm', ['run', '--silent', 'bench', '--', '--smoke']);

const totals = readTotals();
rmSync(scratch, { recursive: true });
console.log('');
for (const { test, reason } of totals.skipped) console.log(`skipped: ${test}: ${reason}`);
for (const name of failedSteps) console.log(`failed: ${name}`);
// The tests' own failures are counted one by one; other steps count as one each.
const failedElsewhere = failedSteps.filter(
  (name) => !name.startsWith('tests ') || totals.failed === 0,
).length;
const failed = totals.failed + failedElsewhere;
// A test that is skipped proves nothing: on a machine that is to judge a change, everything must have run.
const skippedInCi = process.env.CI === 'true' && totals.skipped.length > 0;
if (skippedInCi) console.log('with CI=true nothing may be skipped');
console.log(`${totals.passed} passed, ${failed} failed, ${totals.skipped.length} skipped`);
process.exitCode = failed > 0 || skippedInCi || totals.passed === 0 ? 1 : 0;

function readTotals(): TestTotals {
  try {
    return JSON.parse(readFileSync(totalsPath, 'utf8')) as TestTotals;
  } catch (error) {
    console.log(`the test runner left no totals: ${(error as Error).message}`);
    return { passed: 0, failed: 0, skipped: [] };
  }
}
