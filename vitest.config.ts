import { defineConfig } from 'vitest/config';

/** The quick suite: everything that needs only Node and npm. Run by `npm test`. */
export default defineConfig({
  resolve: { conditions: ['source', 'module', 'node', 'development|production'] },
  ssr: { resolve: { conditions: ['source', 'module', 'node', 'development|production'] } },
  test: {
    include: ['packages/*/src/**/*.test.{ts,tsx}', 'packages/server/test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', 'packages/server/test/{e2e,crash,clone,slow,support}/**', 'packages/server/test/fixtures/**'],
    globalSetup: ['packages/server/test/support/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 120_000,
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**'],
      reporter: ['text-summary', 'json-summary'],
    },
  },
});
