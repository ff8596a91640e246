import { defineConfig, mergeConfig } from 'vitest/config';
import quick from './vitest.config.ts';

/** Browser, crash and fresh-clone suites. They need Debian's Chromium; `.ci/run` installs it. */
const slow = mergeConfig(quick, defineConfig({ test: { testTimeout: 300_000, hookTimeout: 300_000, maxWorkers: 1 } }));
slow.test!.include = ['packages/server/test/{e2e,crash,clone,slow}/**/*.test.ts'];
slow.test!.exclude = ['**/node_modules/**'];
export default slow;
