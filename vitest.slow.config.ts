import { basename } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import quick from './vitest.config.ts';

/** Those of more than half a minute, the longest first: else the last file runs alone while the other workers are done. */
const LONG = ['pages', 'surfaces', 'age-demo', 'notices-year', 'robustness', 'gallery-nextjs', 'postgres', 'permits', 'readme', 'age-wallets', 's3', 'uploads'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => [...LONG, basename(moduleId, '.test.ts')].indexOf(basename(moduleId, '.test.ts'));
    return files.toSorted((a, b) => rank(a) - rank(b));
  }
}

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
    sequence: { sequencer: LongestFirst },
  },
});
