/**
 * The end of the CI's output: what failed and why, what needed a second try, and the count. Named once more because of a long output often only the end is kept.
 *
 * `node .ci/summary.mjs FOLDER STEP…`: the folder has a JSON report of each suite (`quick.json`; `quick.again.json` of the files that were tried again), the output
 * of each step (`<name>.step`) and the names of the steps that failed.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const [dir, ...failedSteps] = process.argv.slice(2);
const AGAIN = '.again.json';
const indent = (lines) => `    ${lines.join('\n    ')}`;
const show = (what, where, message) => console.log(`${what} in ${where}\n${indent(message.split('\n').slice(0, 12)).slice(0, 1500)}`);
const readReport = (name) => JSON.parse(readFileSync(`${dir}/${name}`, 'utf8')).testResults;

/** An error outside of any test, of which the reports know nothing; else the last lines. */
function readCause(step) {
  const lines = stripVTControlCharacters(readFileSync(`${dir}/${step.replaceAll('/', '-')}.step`, 'utf8'))
    .trimEnd()
    .split('\n');
  const outside = lines.findIndex((line) => line.includes('Unhandled Errors'));
  return { isOutside: outside !== -1, lines: outside === -1 ? lines.slice(-15) : lines.slice(outside, outside + 40) };
}

function showFile(suite, { name, status, message, assertionResults }, isTriedAgain) {
  const file = relative(process.cwd(), name);
  // One without a test was cut off, whatever its status says.
  const isBroken = assertionResults.length === 0 || (status === 'failed' && assertionResults.every((test) => test.status !== 'failed'));
  const failed = isTriedAgain ? 'SECOND TRY' : 'FAILED';
  if (isBroken) show(failed, `${suite}: ${file} (the file itself)`, message || 'it was not run to its end');
  for (const { status: end, fullName, failureMessages } of assertionResults)
    if (end === 'failed' || failureMessages?.length > 0)
      show(end === 'failed' ? failed : 'SECOND TRY', `${suite}: ${file} > ${fullName}`, (failureMessages ?? []).join('\n'));
  return isBroken;
}

const total = { passed: 0, failed: 0, skipped: 0 };
const names = readdirSync(dir);
for (const name of names.filter((file) => file.endsWith('.json') && !file.endsWith(AGAIN))) {
  const suite = name.replace('.json', '');
  const again = names.includes(`${suite}${AGAIN}`) ? readReport(`${suite}${AGAIN}`) : [];
  const first = readReport(name);
  const isTriedAgain = (file) => again.some((other) => other.name === file.name);
  for (const file of first.filter(isTriedAgain)) showFile(suite, file, true);
  const count = { passed: 0, failed: 0 };
  for (const file of [...first.filter((one) => !isTriedAgain(one)), ...again]) {
    if (showFile(suite, file, false)) count.failed += 1;
    for (const { status } of file.assertionResults) {
      if (status === 'passed' || status === 'failed') count[status] += 1;
      else total.skipped += 1;
    }
  }
  console.log(`${suite}: ${count.passed} passed, ${count.failed} failed`);
  total.passed += count.passed;
  total.failed += count.failed;
}
for (const name of names.filter((file) => file.endsWith('.step')).map((file) => file.replace('.step', ''))) {
  const isFailed = failedSteps.some((step) => step.replaceAll('/', '-') === name);
  const { isOutside, lines } = readCause(name);
  if (isFailed || isOutside) console.log(`${isFailed ? 'FAILED step' : 'SECOND TRY, error outside of tests'}: ${name}\n${indent(lines).slice(0, 4000)}`);
}
if (total.skipped > 0) console.log(`${total.skipped} skipped: not allowed here`);
if (failedSteps.length > 0) console.log(`FAILED steps: ${failedSteps.join('; ')}`);
const failed = Math.max(total.failed, failedSteps.length) + total.skipped;
console.log(`${total.passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && total.passed > 0 ? 0 : 1;
