import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // Generous: the suite spawns real processes, and a slow machine must not turn a right answer into a red one.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
