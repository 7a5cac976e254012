import { defineConfig } from 'vitest/config';

/** Levels of tests, cheapest first. Each is a folder of `test/`. */
const LEVELS = ['unit', 'property', 'golden', 'architecture', 'integration', 'e2e', 'simulation'];

export default defineConfig({
  test: {
    projects: LEVELS.map((level) => ({
      test: {
        name: level,
        include: [`test/${level}/**/*.test.ts`],
        testTimeout: level === 'unit' || level === 'golden' ? 10_000 : 60_000,
        hookTimeout: 60_000,
        ...(level === 'e2e' ? { globalSetup: ['test/support/build-bundle.ts'] } : {}),
      },
    })),
  },
});
