import { defineConfig } from 'vitest/config';

/** Levels of tests, cheapest first. Each is a folder of `test/`. */
const LEVELS = ['unit', 'property', 'golden', 'architecture', 'integration', 'e2e', 'simulation'];

/** Simulated days take real minutes on a machine that does other things besides. */
const TIMEOUT_MS: Readonly<Record<string, number>> = { unit: 10_000, golden: 10_000, simulation: 600_000 };

export default defineConfig({
  test: {
    projects: LEVELS.map((level) => ({
      test: {
        name: level,
        include: [`test/${level}/**/*.test.ts`],
        testTimeout: TIMEOUT_MS[level] ?? 60_000,
        hookTimeout: 60_000,
        ...(level === 'e2e' ? { globalSetup: ['test/support/build-bundle.ts'] } : {}),
      },
    })),
  },
});
