/**
 * `npm run bench [-- suite …] [--write]`: runs the suites one after the other, prints Markdown, writes bench/results.json, and with
 * --write puts the tables into docs/capacity.md between its marks. Ratios in one run are what counts; machines are shared and noisy.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeMachine } from './measure.mjs';
import { benchImport } from './import.mjs';
import { benchMemory } from './memory.mjs';
import { benchScan } from './scan.mjs';
import { benchSearch } from './search.mjs';
import { benchSplit } from './split.mjs';

const SUITES = { split: benchSplit, search: benchSearch, import: benchImport, scan: benchScan, memory: benchMemory };
const args = process.argv.slice(2);
const wanted = args.filter((arg) => !arg.startsWith('--'));
const unknown = wanted.filter((name) => !(name in SUITES));
if (unknown.length > 0) throw new Error(`no suite named ${unknown.join(', ')}; there are ${Object.keys(SUITES).join(', ')}`);

const machine = describeMachine();
const results = { machine, suites: {} };
const parts = [
  `Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, Node ${machine.node}; load at the start ${machine.load}. Command: \`npm run bench\`.`,
];
for (const [name, suite] of Object.entries(SUITES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  process.stderr.write(`bench: ${name}…\n`);
  const { title, rows, note } = await suite();
  results.suites[name] = rows;
  parts.push(`### ${title}\n\n${toTable(rows)}${note === undefined ? '' : `\n\n${note}`}`);
}
const markdown = parts.join('\n\n');
process.stdout.write(`${markdown}\n`);
writeFileSync(join(import.meta.dirname, 'results.json'), `${JSON.stringify(results, null, 2)}\n`);
if (args.includes('--write')) writeCapacity(markdown);

function toTable(rows) {
  const columns = Object.keys(rows[0] ?? {});
  return [columns, columns.map(() => '---'), ...rows.map((row) => columns.map((column) => String(row[column])))]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

function writeCapacity(text) {
  const path = join(import.meta.dirname, '../docs/capacity.md');
  const [begin, end] = ['<!-- bench:begin -->', '<!-- bench:end -->'];
  const before = readFileSync(path, 'utf8');
  writeFileSync(path, `${before.slice(0, before.indexOf(begin) + begin.length)}\n\n${text}\n\n${before.slice(before.indexOf(end))}`);
}
