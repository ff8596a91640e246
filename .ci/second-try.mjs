/**
 * Which test files failed, by a test or by an error outside of any, or were not run to their end: one path a line, for a second try that the summary tells of.
 *
 * `node .ci/second-try.mjs REPORT OUTPUT`: the JSON report and the readable output of one vitest run.
 * Exit code 1, and nothing said, when no file can be named, or not that of an error, or so many that the machine is not to blame.
 */
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const MOST = 6;
const [report, output] = process.argv.slice(2);
const text = stripVTControlCharacters(readFileSync(output, 'utf8'));
const results = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')).testResults : [];
const namesOf = (files) => files.map(({ name }) => relative(process.cwd(), name));
const failed = namesOf(results.filter(({ status }) => status === 'failed'));
// vitest calls a file whose process was killed passed: without a test when it came to none, else with tests that wait.
const cutOff = namesOf(results.filter(({ assertionResults: tests }) => tests.length === 0 || tests.some(({ status }) => status === 'pending')));
const outside = [...text.matchAll(/This error originated in "([^"]+)" test file/g)].map(([, name]) => name);
const errors = Number(/Vitest caught (\d+) unhandled error/.exec(text)?.[1] ?? 0);
const files = [...new Set([...failed, ...cutOff, ...outside])];
if (files.length > 0 && files.length <= MOST && errors <= cutOff.length + outside.length) console.log(files.join('\n'));
else process.exitCode = 1;
