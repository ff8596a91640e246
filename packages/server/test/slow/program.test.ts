/** The program as it is started: what its first module has to do before anything else is loaded. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const PROGRAM = join(import.meta.dirname, '../../dist/cli.js');
/** Said at the end, by the process itself; two halves of the young generation. */
const SAY = `
import { getHeapSpaceStatistics } from 'node:v8';
process.on('exit', () => process.stderr.write('new space: ' + getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space').space_size));`;

it('keeps the young generation of its heap as small as it starts', async () => {
  const args = ['--import', `data:text/javascript,${encodeURIComponent(SAY)}`, PROGRAM, '--help'];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toContain('gatehouse');
  const [, bytes] = /new space: (\d+)/.exec(stderr) ?? [];
  // 33.5 MB without the flag, for loading alone.
  expect(Number(bytes)).toBeLessThanOrEqual(2 * 1024 * 1024);
});
