/**
 * The same inputs to our verifier and to others (bench/oracles), each in a process of its own. What they said is in fixtures/credential/differential/verdicts.json, and each
 * difference has a sentence in differences.json. `GATEHOUSE_WRITE_DIFFERENTIAL=1` writes the verdicts anew; the sentences are written by hand.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeGood, readCorpus, readVectors, type Input } from '../support/differential.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');
const ORACLES = join(ROOT, 'bench/oracles');
const FOLDER = join(ROOT, 'fixtures/credential/differential');
const READ_ME = join(ROOT, 'packages/credential/README.md');

interface Answer {
  readonly verdict: 'accept' | 'refuse' | 'not applicable' | 'died' | 'too slow';
  readonly reads?: readonly (readonly [string, unknown])[];
  readonly reason?: string;
}
type About = Readonly<Record<string, { readonly library: string; readonly version: string; readonly call: string }>>;
type Verdicts = Readonly<Record<string, Readonly<Record<string, string>>>>;
interface Table {
  readonly libraries: About;
  readonly verdicts: Verdicts;
}
interface Difference {
  readonly input: string;
  readonly library: string;
  readonly ours: string;
  readonly theirs: string;
  readonly part: 'caller' | 'callback' | 'stricter' | 'library';
  readonly why: string;
}

const readTable = (): Table => JSON.parse(readFileSync(join(FOLDER, 'verdicts.json'), 'utf8')) as Table;
const readDifferences = (): readonly Difference[] => JSON.parse(readFileSync(join(FOLDER, 'differences.json'), 'utf8')) as Difference[];

/** Lines of JSON in, lines of JSON out. */
async function askOracles(inputs: readonly object[], args: readonly string[] = []): Promise<readonly Record<string, unknown>[]> {
  const child = spawn(process.execPath, [join(ORACLES, 'judge.mjs'), ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((done) => void child.once('exit', done));
  child.stdin.end(inputs.map((input) => `${JSON.stringify(input)}\n`).join(''));
  const [said, complaint] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if ((await ended) !== 0) throw new Error(`the other verifiers could not be asked: ${complaint}`);
  return said
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** What is compared, and behind it in brackets what is only there to be read: the reason of a refusal differs between versions of Node. */
function toCell({ verdict, reads, reason }: Answer): string {
  if (verdict !== 'accept') return reason === undefined ? verdict : `${verdict} (${reason})`;
  const ages = (reads ?? []).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return ages.length === 0 ? 'accept, reads no age' : `accept, reads ${ages.toSorted().join(', ')}`;
}
const compared = (cell = ''): string => cell.split(' (')[0] ?? '';
const isAccepted = (cell: string): boolean => cell.startsWith('accept');

let inputs: readonly Input[] = [];
let now: Table;
let table: Table;

beforeAll(async () => {
  if (!existsSync(join(ORACLES, 'node_modules/.gatehouse-lock'))) throw new Error('The other verifiers are not installed. Run: node bench/oracles/install.mjs');
  inputs = [...readCorpus(), ...makeGood(), ...(await readVectors())];
  const asked = inputs.flatMap(({ id, question }) => (typeof question === 'string' ? [] : [{ id, ...question }]));
  const [about, ...answers] = await askOracles(asked);
  const said = new Map(answers.map((answer) => [answer['id'], answer['verdicts'] as Readonly<Record<string, Answer>>]));
  const verdicts: Record<string, Record<string, string>> = {};
  for (const { id, judge, question } of inputs) {
    const theirs = Object.entries(said.get(id) ?? {}).map(([name, answer]) => [name, toCell(answer)] as const);
    verdicts[id] = { ours: await judge(), ...(typeof question === 'string' ? { 'not applicable': question } : Object.fromEntries(theirs)) };
  }
  now = { libraries: about?.['about'] as About, verdicts };
  if (process.env['GATEHOUSE_WRITE_DIFFERENTIAL'] === '1') writeFileSync(join(FOLDER, 'verdicts.json'), writeTable(now));
  table = readTable();
}, 120_000);

/** One line for each input. */
function writeTable({ libraries, verdicts }: Table): string {
  const lines = (object: object): string =>
    Object.entries(object)
      .map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`)
      .join(',\n');
  return `{\n "libraries": {\n${lines(libraries)}\n },\n "verdicts": {\n${lines(verdicts)}\n }\n}\n`;
}

describe('our verdicts', () => {
  it('are those that are expected', () => {
    expect(Object.fromEntries(inputs.map(({ id }) => [id, now.verdicts[id]?.['ours']]))).toEqual(
      Object.fromEntries(inputs.map(({ id, expect: code }) => [id, code])),
    );
  });

  it('accept nothing hostile, and everything that is good', () => {
    const accepted = inputs.filter(({ id }) => now.verdicts[id]?.['ours'] === 'accepted');
    expect(accepted.filter(({ kind }) => kind === 'hostile')).toEqual([]);
    expect(inputs.filter((input) => input.kind === 'good' && !accepted.includes(input))).toEqual([]);
    expect(inputs.filter(({ kind }) => kind === 'hostile').length).toBeGreaterThan(200);
    expect(inputs.filter(({ kind }) => kind === 'good').length).toBeGreaterThan(15);
  });
});

describe('the verdicts of others', () => {
  it('come from the versions of the table, two for each format', () => {
    expect(now.libraries).toEqual(table.libraries);
    for (const input of inputs)
      if (typeof input.question !== 'string') expect([input.id, Object.keys(now.verdicts[input.id] ?? {}).length]).toEqual([input.id, 3]);
  });

  it('are those of the table', () => {
    const shorten = (verdicts: Verdicts): object =>
      Object.fromEntries(
        Object.entries(verdicts).map(([id, cells]) => [id, Object.fromEntries(Object.entries(cells).map(([name, cell]) => [name, compared(cell)]))]),
      );
    expect(shorten(now.verdicts)).toEqual(shorten(table.verdicts));
  });

  it('differ from ours only where differences.json says why, and it says nothing else', () => {
    const found = Object.entries(now.verdicts).flatMap(([input, { ours = '', ...theirs }]) =>
      Object.entries(theirs)
        .filter(([library, cell]) => library !== 'not applicable' && compared(cell) !== 'not applicable' && isAccepted(cell) !== isAccepted(ours))
        .map(([library, cell]) => `${input} | ${library} | ${ours} | ${compared(cell)}`),
    );
    const explained = readDifferences().map(({ input, library, ours, theirs }) => `${input} | ${library} | ${ours} | ${theirs}`);
    expect(found.filter((line) => !explained.includes(line))).toEqual([]);
    expect(explained.filter((line) => !found.includes(line))).toEqual([]);
    expect(new Set(explained).size).toBe(explained.length);
  });

  it('are explained in one whole sentence each', () => {
    for (const { input, library, why } of readDifferences()) {
      expect([input, library, /^[A-Z`"].{30,}[.]$/.test(why)]).toEqual([input, library, true]);
    }
  });

  it('are counted in the README of the package as they are', () => {
    const differences = readDifferences();
    const readme = readFileSync(READ_ME, 'utf8');
    for (const [name, { library, version }] of Object.entries(now.libraries)) {
      const cells = inputs.flatMap(({ id, kind }) => {
        const cell = now.verdicts[id]?.[name];
        return cell === undefined || compared(cell) === 'not applicable' ? [] : [{ kind, isAccepted: isAccepted(cell) }];
      });
      const of = (kinds: readonly string[]) => cells.filter(({ kind }) => kinds.includes(kind));
      const accepted = (some: typeof cells): number => some.filter((one) => one.isAccepted).length;
      const counts = [cells.length, `${accepted(of(['hostile']))} of ${of(['hostile']).length}`, `${accepted(of(['good']))} of ${of(['good']).length}`];
      const parts = ['caller', 'callback', 'stricter', 'library'].map((part) => differences.filter((one) => one.library === name && one.part === part).length);
      expect(readme).toContain(`| ${[`\`${library}\` ${version}`, ...counts, ...parts].join(' | ')} |`);
    }
  });
});

it('one that dies, or says nothing, answers for that input only', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-oracle-'));
  try {
    const program = join(folder, 'stand-in.mjs');
    writeFileSync(
      program,
      `import { createInterface } from 'node:readline';
process.stdout.write('{"about":{"library":"none","version":"0","call":"none"}}\\n');
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id } = JSON.parse(line);
  if (id === 'dies') process.exit(7);
  if (id === 'hangs') for (;;);
  process.stdout.write(JSON.stringify({ id, verdict: 'accept', reads: [] }) + '\\n');
});
`,
    );
    const asked = ['fine', 'dies', 'after', 'hangs', 'last'].map((id) => ({ id, format: 'mdoc' }));
    const [, ...answers] = await askOracles(asked, ['--oracle', program, '--limit-ms', '5000']);
    expect(answers.map(({ verdicts }) => (verdicts as Record<string, Answer>)['stand-in']?.verdict)).toEqual([
      'accept',
      'died',
      'accept',
      'too slow',
      'accept',
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
