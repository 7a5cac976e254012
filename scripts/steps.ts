import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestTotals } from './totals-reporter.ts';

export interface StepOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Each line of JSON on stdout is a figure to show again at the end. Without it a step can use the terminal. */
  readonly hasFigures?: boolean;
}

/** What a step did. */
export interface StepResult {
  readonly name: string;
  readonly hasPassed: boolean;
  readonly seconds: number;
  /** Lines of JSON. */
  readonly figures: readonly string[];
}

/** Runs commands one after the other. Goes on after a failure, so that one run reports everything. */
export class Steps {
  readonly results: StepResult[] = [];
  readonly totals = { passed: 0, failed: 0, skipped: [] as TestTotals['skipped'][number][] };
  readonly #scratch = mkdtempSync(join(tmpdir(), 'external-endpoints-test-'));

  /** Any command; it passed if its exit code is 0. */
  async run(
    name: string,
    command: string,
    args: readonly string[],
    options: StepOptions = {},
  ): Promise<StepResult> {
    const { environment = {}, hasFigures = false } = options;
    console.log(`\n── ${name}`);
    const startedMs = performance.now();
    const child = spawn(command, args, {
      stdio: ['inherit', hasFigures ? 'pipe' : 'inherit', 'inherit'],
      env: { ...process.env, ...environment },
    });
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      process.stdout.write(text);
    });
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    if (code !== 0) console.log(`${name}: ${signal ?? `exit code ${code}`}`);
    const result = {
      name,
      hasPassed: code === 0,
      seconds: Math.round((performance.now() - startedMs) / 1000),
      figures: output.split('\n').filter((line) => line.startsWith('{')),
    };
    this.results.push(result);
    return result;
  }

  /** The test runner, whose tests are counted one by one. */
  async test(
    name: string,
    args: readonly string[],
    environment: StepOptions['environment'] = {},
  ): Promise<void> {
    const path = join(this.#scratch, `${this.results.length}.json`);
    const reporters = ['--reporter=default', '--reporter=./scripts/totals-reporter.ts'];
    const { hasPassed } = await this.run(name, 'vitest', ['run', ...reporters, ...args], {
      environment: { ...environment, TEST_TOTALS: path },
    });
    const { passed, failed, skipped } = totalsIn(path);
    this.totals.passed += passed;
    // A runner that failed without a failed test counts as one failure.
    this.totals.failed += hasPassed ? failed : Math.max(1, failed);
    this.totals.skipped.push(...skipped);
  }

  /** A command that counts as one test. */
  async check(
    name: string,
    command: string,
    args: readonly string[],
    options?: StepOptions,
  ): Promise<StepResult> {
    const result = await this.run(name, command, args, options);
    if (!result.hasPassed) this.totals.failed += 1;
    return result;
  }

  /**
   * Prints what was skipped and what failed, and then one line with the counts.
   *
   * @returns the exit code.
   */
  end(): number {
    rmSync(this.#scratch, { recursive: true });
    const { passed, failed, skipped } = this.totals;
    console.log('');
    for (const { test, reason } of skipped) console.log(`skipped: ${test}: ${reason}`);
    for (const { name, hasPassed } of this.results) if (!hasPassed) console.log(`failed: ${name}`);
    // A skipped test proves nothing: a machine that judges a change must run everything.
    const isIncomplete = process.env.CI === 'true' && skipped.length > 0;
    if (isIncomplete) console.log('with CI=true nothing may be skipped');
    console.log(`${passed} passed, ${failed} failed, ${skipped.length} skipped`);
    return failed > 0 || isIncomplete || passed === 0 ? 1 : 0;
  }
}

function totalsIn(path: string): TestTotals {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as TestTotals;
  } catch (error) {
    console.log(`the test runner left no totals: ${(error as Error).message}`);
    return { passed: 0, failed: 1, skipped: [] };
  }
}
