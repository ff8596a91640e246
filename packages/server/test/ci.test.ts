/** What `.ci/run` makes of a run of vitest: nothing that was not run to its end may count as passed. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../../..');

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gatehouse-ci-'));
});
afterEach(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));

/** As vitest 4.1 tells of a file: `passed` also when its process was killed. */
const file = (name: string, status: 'passed' | 'failed', ends: readonly string[]): object => ({
  name: join(ROOT, name),
  status,
  message: '',
  assertionResults: ends.map((end) => ({ status: end, fullName: 'a test', failureMessages: end === 'failed' ? ['no'] : [] })),
});
const write = (name: string, files: readonly object[]): Promise<void> => writeFile(join(dir, name), JSON.stringify({ testResults: files }));
const KILLED = '⎯ Unhandled Errors ⎯\nVitest caught 1 unhandled error during the test run.\nError: [vitest-pool]: Worker forks emitted error.\n';

async function run(script: string, ...args: readonly string[]): Promise<{ readonly code: number; readonly out: string }> {
  return promisify(execFile)(process.execPath, [join(ROOT, '.ci', script), ...args], { cwd: ROOT }).then(
    ({ stdout }) => ({ code: 0, out: stdout }),
    (error: { readonly code: number; readonly stdout: string }) => ({ code: error.code, out: error.stdout }),
  );
}

async function findSecondTries(files: readonly object[], output: string): Promise<{ readonly code: number; readonly out: string }> {
  await write('quick.json', files);
  await writeFile(join(dir, 'quick.out'), output);
  return run('second-try.mjs', join(dir, 'quick.json'), join(dir, 'quick.out'));
}

it.each([
  ['before its first test', []],
  ['between two tests', ['passed', 'pending']],
])('a file whose process was killed %s is tried again, beside what failed', async (_when, ends) => {
  const files = [file('a.test.ts', 'passed', ends), file('b.test.ts', 'failed', ['failed']), file('c.test.ts', 'passed', ['passed'])];
  expect(await findSecondTries(files, KILLED)).toEqual({ code: 0, out: 'b.test.ts\na.test.ts\n' });
});

it('an error of which nobody knows the file has no second try, also beside a failed test', async () => {
  const files = [file('b.test.ts', 'failed', ['failed']), file('c.test.ts', 'passed', ['passed'])];
  expect(await findSecondTries(files, KILLED)).toEqual({ code: 1, out: '' });
  const named = `${KILLED}This error originated in "c.test.ts" test file.\n`;
  expect(await findSecondTries(files, named)).toEqual({ code: 0, out: 'b.test.ts\nc.test.ts\n' });
});

it('the summary fails for a file that was not run to its end, and not for one whose second try passed', async () => {
  const c = file('c.test.ts', 'passed', ['passed']);
  await write('quick.json', [file('a.test.ts', 'passed', []), c]);
  expect(await run('summary.mjs', dir)).toMatchObject({
    code: 1,
    out: expect.stringMatching(/FAILED in quick: a\.test\.ts [^]*\n1 passed, 1 failed\n$/) as string,
  });
  await write('quick.again.json', [file('a.test.ts', 'passed', ['passed'])]);
  expect(await run('summary.mjs', dir)).toMatchObject({
    code: 0,
    out: expect.stringMatching(/SECOND TRY in quick: a\.test\.ts [^]*\n2 passed, 0 failed\n$/) as string,
  });
});
