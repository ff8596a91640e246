/**
 * `node bench/gate.mjs [--update]`: the regression gate. It measures ratios of things that are asked in turn within this run, compares them with
 * those that bench/gate.json records, and fails when one is worse than the record by more than the slack beside it. Never a time: machines differ and are
 * shared. What fails is measured again, up to twice; a regression is still there then, a disturbance is not. `--update` records what it measures.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GROUPS } from './gate-groups.mjs';
import { round } from './measure.mjs';

const PATH = join(import.meta.dirname, 'gate.json');
const TRIES = 3;

const isUpdate = process.argv.includes('--update');
const { about, checks } = JSON.parse(readFileSync(PATH, 'utf8'));
/** By name of the check: what was measured, in every try. */
const measured = new Map();

for (let attempt = 0; attempt < TRIES; attempt++) {
  const due = Object.keys(GROUPS).filter((group) => attempt === 0 || checks.some((check) => check.group === group && judge(check) === 'REGRESSION'));
  for (const group of due) await measureGroup(group);
  if (isUpdate) break;
}
if (isUpdate) record();
print();

async function measureGroup(group) {
  process.stderr.write(`gate: ${group}…\n`);
  for (const [name, value] of Object.entries(await GROUPS[group]())) {
    if (!checks.some((check) => check.name === name)) throw new Error(`bench/gate.json has no check named "${name}"`);
    if (value !== undefined) measured.set(name, [...(measured.get(name) ?? []), value]);
  }
}

/** A `floor` is for what should be large, a `ceiling` for what should be small. */
function limitOf({ kind, recorded, slack }) {
  return kind === 'floor' ? recorded / slack : recorded * slack;
}

function bestOf({ name, kind }) {
  const values = measured.get(name);
  return values === undefined ? undefined : values.reduce((best, value) => (kind === 'floor' ? Math.max(best, value) : Math.min(best, value)));
}

function judge(check) {
  const best = bestOf(check);
  if (best === undefined) return check.isOptional ? 'not measured here' : 'NOT MEASURED';
  if (check.recorded === null) return 'not recorded';
  const isGood = check.kind === 'floor' ? best >= limitOf(check) : best <= limitOf(check);
  return isGood ? 'ok' : 'REGRESSION';
}

function print() {
  const rows = checks.map((check) => [
    check.name,
    bestOf(check) === undefined ? '-' : toText(bestOf(check)),
    check.recorded === null ? '-' : toText(check.recorded),
    check.recorded === null ? '-' : `${check.kind === 'floor' ? 'at least' : 'at most'} ${toText(limitOf(check))}`,
    judge(check),
  ]);
  const table = [['ratio', 'now', 'recorded', 'limit', ''], ...rows];
  const widths = table[0].map((_none, column) => Math.max(...table.map((row) => row[column].length)));
  for (const row of table)
    process.stdout.write(
      `${row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd()}\n`,
    );
  const bad = rows.filter((row) => row[4] === 'REGRESSION' || row[4] === 'NOT MEASURED');
  process.stdout.write(bad.length === 0 ? 'gate: no regression\n' : `gate: ${bad.length} of ${rows.length} ratios FAILED\n`);
  if (bad.length > 0) process.exitCode = 1;
}

function toText(value) {
  return String(value >= 100 ? Math.round(value) : round(value, 2));
}

function record() {
  for (const check of checks) if (measured.has(check.name)) check.recorded = round(bestOf(check), 3);
  writeFileSync(PATH, `${JSON.stringify({ about, checks }, null, 2)}\n`);
}
