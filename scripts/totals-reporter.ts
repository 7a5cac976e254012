import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/** What a run of the tests came to. */
export interface TestTotals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly { readonly test: string; readonly reason: string }[];
}

/** Writes the totals of a run to the file that `TEST_TOTALS` names. */
class TotalsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const path = process.env.TEST_TOTALS;
    if (path === undefined) return;
    let passed = 0;
    let failed = unhandledErrors.length;
    const skipped: { test: string; reason: string }[] = [];
    for (const module of modules) {
      // A file that could not even be loaded has no tests to fail.
      failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') passed += 1;
        else if (result.state === 'failed') failed += 1;
        else if (result.state === 'skipped') {
          skipped.push({ test: test.fullName, reason: result.note ?? 'no reason given' });
        }
      }
    }
    const totals: TestTotals = { passed, failed, skipped };
    writeFileSync(path, JSON.stringify(totals));
  }
}

// biome-ignore lint/style/noDefaultExport: vitest loads reporters by their default export
export default TotalsReporter;
