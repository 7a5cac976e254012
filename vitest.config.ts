import { defineConfig } from 'vitest/config';

/** Levels of tests, cheapest first. Each is a folder of `test/`. */
const LEVELS = [
  'unit',
  'property',
  'golden',
  'architecture',
  'in-memory',
  'integration',
  'e2e',
  'simulation',
];

/** Simulated days take real minutes on a machine that runs other tests too. */
const TIMEOUT_MS: Readonly<Record<string, number>> = { unit: 20_000, golden: 20_000, simulation: 600_000 };

/** Levels with real sockets and real time: a test beside them on the same two cores would change what they measure. */
const ALONE = new Set(['integration', 'e2e']);

/** Comparisons with a real API server need one. */
const WITHOUT_ASSETS = process.env.KUBEBUILDER_ASSETS ? [] : ['test/**/*-against-real.test.ts'];

export default defineConfig({
  test: {
    projects: LEVELS.map((level, position) => ({
      test: {
        name: level,
        include: [`test/${level}/**/*.test.ts`],
        exclude: WITHOUT_ASSETS,
        testTimeout: TIMEOUT_MS[level] ?? 60_000,
        hookTimeout: 60_000,
        sequence: { groupOrder: position },
        fileParallelism: !ALONE.has(level),
        ...(level === 'e2e' ? { globalSetup: ['test/support/build-bundle.ts'] } : {}),
      },
    })),
  },
});
