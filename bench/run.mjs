/**
 * `npm run bench [-- suite …] [--write] [--quick] [--large] [--peers] [--only=SURFACE …]`: runs the suites one after the other and prints Markdown. What it measured goes to
 * bench/results.json, and with --write to docs/capacity.md, each suite between its own marks: a run of some suites leaves the others' tables as they are.
 * Ratios in one run are what counts; machines are shared and noisy.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeMachine } from './measure.mjs';

/** A suite gives `{ title, rows, note }`, or several of those as `tables` with everything that was measured as `detail`. */
const SUITES = {
  pdq: async () => (await import('./pdq.mjs')).benchPdq,
  search: async () => (await import('./search.mjs')).benchSearch,
  peers: async () => (await import('./peers.mjs')).benchPeers,
  digests: async () => (await import('./digests.mjs')).benchDigests,
  split: async () => (await import('./split.mjs')).benchSplit,
  import: async () => (await import('./import.mjs')).benchImport,
  scan: async () => (await import('./scan.mjs')).benchScan,
  match: async () => (await import('./match.mjs')).benchMatch,
  credential: async () => (await import('./credential.mjs')).benchCredential,
  tlog: async () => (await import('./tlog.mjs')).benchTlog,
  log: async () => (await import('./log.mjs')).benchLog,
  geo: async () => (await import('./geo.mjs')).benchGeo,
  memory: async () => (await import('./memory.mjs')).benchMemory,
  surfaces: async () => (await import('./surfaces.mjs')).benchSurfaces,
  'age-page': async () => (await import('./age-page.mjs')).benchAgePage,
};

const RESULTS = join(import.meta.dirname, 'results.json');
const CAPACITY = join(import.meta.dirname, '../docs/capacity.md');
const FLAGS = ['--write', '--quick', '--large', '--peers'];
/** `--only=S3 --only=tus`: some surfaces of the suite of that name. */
const ONLY = '--only=';
/** What changes the figures of a suite, and so belongs to its command. */
const FLAGS_OF = {
  search: ['--quick', '--large'],
  peers: ['--quick'],
  digests: ['--quick'],
  credential: ['--quick'],
  log: ['--quick', '--large'],
  geo: ['--quick'],
  surfaces: ['--quick'],
};

const args = process.argv.slice(2);
const options = { isQuick: args.includes('--quick'), isLarge: args.includes('--large'), only: readOnly() };
const results = readResults();
for (const name of readWanted()) {
  process.stderr.write(`bench: ${name}…\n`);
  try {
    const machine = describeMachine();
    const measured = await (await SUITES[name]())(options);
    const { tables = [measured], detail } = measured;
    if (options.only.length > 0) {
      // Every table comes from one run: part of one is for whoever works on it, and is kept nowhere.
      process.stdout.write(`${toMarkdown({ machine, command: `npm run bench -- ${args.join(' ')}`, tables })}\n\n`);
      continue;
    }
    results.suites[name] = {
      machine,
      command: ['npm run bench --', name, ...args.filter((arg) => FLAGS_OF[name]?.includes(arg))].join(' '),
      tables,
      detail,
    };
    writeFileSync(RESULTS, `${JSON.stringify(results, null, 2)}\n`);
    const markdown = toMarkdown(results.suites[name]);
    process.stdout.write(`${markdown}\n\n`);
    if (args.includes('--write')) writeCapacity(name, markdown);
  } catch (error) {
    // The others are still worth their time; this one leaves its old table, and the run has failed.
    process.stderr.write(`bench: ${name} FAILED: ${error.stack}\n`);
    process.exitCode = 1;
  }
}

function readWanted() {
  const names = args.filter((arg) => !arg.startsWith('--'));
  const unknown = [
    ...names.filter((name) => !(name in SUITES)),
    ...args.filter((arg) => arg.startsWith('--') && !FLAGS.includes(arg) && !arg.startsWith(ONLY)),
  ];
  if (unknown.length > 0) throw new Error(`there is no ${unknown.join(', ')}; suites are ${Object.keys(SUITES).join(', ')}, flags ${FLAGS.join(', ')}`);
  // The peers are installed from elsewhere and take minutes: only when they are asked for.
  const usual = Object.keys(SUITES).filter((name) => name !== 'peers');
  const wanted = names.length > 0 ? names : usual;
  return args.includes('--peers') && !wanted.includes('peers') ? [...wanted, 'peers'] : wanted;
}

function readOnly() {
  const only = args.filter((arg) => arg.startsWith(ONLY)).map((arg) => arg.slice(ONLY.length));
  if (only.length > 0 && (args.includes('--write') || readWanted().join() !== 'surfaces'))
    throw new Error('--only is for the suite surfaces alone, and not for --write: a table comes from one run');
  return only;
}

/** What earlier runs measured of other suites. */
function readResults() {
  const before = existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')) : {};
  return { suites: Object.fromEntries(Object.entries(before.suites ?? {}).filter(([name, { tables }]) => name in SUITES && tables !== undefined)) };
}

function toMarkdown({ machine, command, tables }) {
  const about = `\`${command}\`: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, Node ${machine.node}; load at the start ${machine.load}.`;
  const texts = tables.map(({ title, rows, note }) => [`### ${title}`, toTable(rows), ...(note === undefined || note === '' ? [] : [note])].join('\n\n'));
  return [...texts, about].join('\n\n');
}

function toTable(rows) {
  const columns = Object.keys(rows[0] ?? {});
  return [columns, columns.map(() => '---'), ...rows.map((row) => columns.map((column) => String(row[column])))]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

function writeCapacity(name, text) {
  const [begin, end] = [`<!-- bench:${name}:begin -->`, `<!-- bench:${name}:end -->`];
  const before = readFileSync(CAPACITY, 'utf8');
  if (!before.includes(begin) || !before.includes(end)) throw new Error(`docs/capacity.md has no marks for the suite ${name}`);
  writeFileSync(CAPACITY, `${before.slice(0, before.indexOf(begin) + begin.length)}\n\n${text}\n\n${before.slice(before.indexOf(end))}`);
}
