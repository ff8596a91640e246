import { defineConfig } from 'vitest/config';
import quick from './vitest.config.ts';

/** Browser, crash, robustness and fresh-clone suites. They need Debian's Chromium; `.ci/run` installs it. */
export default defineConfig({
  ...quick,
  test: {
    ...quick.test,
    include: ['packages/server/test/{e2e,crash,clone,slow}/**/*.test.ts'],
    exclude: ['**/node_modules/**'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    maxWorkers: 1,
  },
});
