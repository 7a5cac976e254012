import { writeFileSync } from 'node:fs';
import type { UserConsoleLog } from 'vitest';
import type { Reporter, TestModule } from 'vitest/node';

/** What a run of the tests came to. */
export interface TestTotals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly { readonly test: string; readonly reason: string }[];
}

/** Writes the totals of a run to the file that `TEST_TOTALS` names. */
class TotalsReporter implements Reporter {
  /** What a file said while it was loaded of why it skips something, by the file's task. */
  readonly #reasons = new Map<string, string>();

  onUserConsoleLog({ taskId, content }: UserConsoleLog): void {
    const reason = /^skipped: (.*)$/m.exec(content)?.[1];
    if (taskId !== undefined && reason !== undefined) this.#reasons.set(taskId, reason);
  }

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
          const reason = result.note ?? this.#reasons.get(module.id) ?? 'no reason given';
          skipped.push({ test: test.fullName, reason });
        }
      }
    }
    const totals: TestTotals = { passed, failed, skipped };
    writeFileSync(path, JSON.stringify(totals));
  }
}

// biome-ignore lint/style/noDefaultExport: vitest loads reporters by their default export
export default TotalsReporter;
