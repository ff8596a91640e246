/**
 * Which test files failed, by a test or by an error outside of any: one path a line, for a second try that the summary tells of.
 *
 * `node .ci/second-try.mjs REPORT OUTPUT`: the JSON report and the readable output of one vitest run.
 * Exit code 1, and nothing said, when no file can be named, or so many that the machine is not to blame.
 */
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const MOST = 6;
const [report, output] = process.argv.slice(2);
const results = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')).testResults : [];
const failed = results.filter(({ status }) => status === 'failed').map(({ name }) => relative(process.cwd(), name));
const outside = [...stripVTControlCharacters(readFileSync(output, 'utf8')).matchAll(/This error originated in "([^"]+)" test file/g)].map(([, name]) => name);
const files = [...new Set([...failed, ...outside])];
if (files.length > 0 && files.length <= MOST) console.log(files.join('\n'));
else process.exitCode = 1;
