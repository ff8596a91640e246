/** What matches, against a plain map. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { flipBits, importText, match, startTestNode, valueOf, type TestNode } from '../../test/support/lists.ts';
import { migrations } from './migrations.ts';

let database: TestDatabase;
let node: TestNode;
beforeAll(async () => {
  database = await createTestDatabase([{ domain: 'lists', migrations }]);
  node = await startTestNode(database);
});
afterAll(async () => {
  await node.stop();
  await database.drop();
});

interface ModelEntry {
  readonly number: number;
  isDisabled: boolean;
  isWithdrawn: boolean;
}
interface ModelList {
  id: string;
  state: 'active' | 'disabled' | 'removed';
  readonly entries: Map<string, ModelEntry>;
}

const SEEDS = 12;
const seeds = fc.uniqueArray(fc.nat({ max: SEEDS - 1 }), { minLength: 1, maxLength: 6 });
const someList = fc.nat({ max: 1 });
const someSeed = fc.nat({ max: SEEDS - 1 });
/** Mostly imports and entries, because what comes back after it was withdrawn needs several of them; a removed list ends its part of the run. */
const command = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('import' as const), list: someList, seeds, mode: fc.constantFrom('add' as const, 'replace' as const) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('disable-entry' as const), list: someList, seed: someSeed }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('enable-entry' as const), list: someList, seed: someSeed }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('disable' as const), list: someList }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('enable' as const), list: someList }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('fold' as const), list: someList }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), list: someList }) },
);
type Command = typeof command extends fc.Arbitrary<infer Value> ? Value : never;

/** Even seeds are PDQ, odd ones MD5. */
const typeOf = (seed: number): 'pdq' | 'md5' => (seed % 2 === 0 ? 'pdq' : 'md5');

function applyImport(list: ModelList, step: Extract<Command, { kind: 'import' }>): void {
  if (step.mode === 'replace') for (const [key, entry] of list.entries) entry.isWithdrawn ||= !step.seeds.some((seed) => String(seed) === key);
  // New entries are numbered in the order of the file, PDQ first.
  for (const seed of step.seeds.toSorted((a, b) => (a % 2) - (b % 2))) {
    const known = list.entries.get(String(seed));
    if (known === undefined) list.entries.set(String(seed), { number: list.entries.size + 1, isDisabled: false, isWithdrawn: false });
    else known.isWithdrawn = false;
  }
}

test('whatever is done, what matches is what a plain map says, on this node, after a restart and on another node', { timeout: 120_000 }, async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 25 }), async (commands) => {
      run += 1;
      const model: ModelList[] = [];
      for (const index of [0, 1])
        model.push({ id: (await node.service.create({ name: `run ${run} list ${index}` }, 'sam')).id, state: 'active', entries: new Map() });
      for (const next of commands) {
        await perform(next, model);
        await expectSame(node, model);
      }
      const other = await startTestNode(database, { sharing: node });
      await expectSame(other, model);
      expect(await other.service.list()).toEqual(await node.service.list());
      await other.stop();
      for (const list of model) if (list.state !== 'removed') await node.service.remove(list.id, 'sam');
    }),
    { numRuns: 12 },
  );
});

async function perform(step: Command, model: readonly ModelList[]): Promise<void> {
  if (step.kind === 'restart') {
    const fresh = await startTestNode(database, { sharing: node });
    expect(fresh.service.freshness()).toEqual(node.service.freshness());
    return fresh.stop();
  }
  const list = model[step.list];
  if (list === undefined || list.state === 'removed') return;
  if (step.kind === 'import') {
    applyImport(list, step);
    await importText(
      node,
      list.id,
      `pdq,md5\n${step.seeds.map((seed) => (typeOf(seed) === 'pdq' ? `${valueOf('pdq', String(seed))},` : `,${valueOf('md5', String(seed))}`)).join('\n')}`,
      { mode: step.mode },
    );
  } else if (step.kind === 'disable' || step.kind === 'enable') {
    list.state = step.kind === 'disable' ? 'disabled' : 'active';
    await node.service[step.kind](list.id, 'sam');
  } else if (step.kind === 'fold') {
    expect(await node.service.fold(list.id)).toBe(true);
  } else if (step.kind === 'remove') {
    list.state = 'removed';
    await node.service.remove(list.id, 'sam');
  } else if (step.kind === 'disable-entry' || step.kind === 'enable-entry') {
    const entry = list.entries.get(String(step.seed));
    if (entry === undefined) return;
    entry.isDisabled = step.kind === 'disable-entry';
    await (entry.isDisabled ? node.service.disableEntry : node.service.enableEntry)(list.id, entry.number, 'sam');
  }
}

async function expectSame(on: TestNode, model: readonly ModelList[]): Promise<void> {
  for (let seed = 0; seed < SEEDS; seed++) {
    const expected = model.flatMap((list) => {
      const entry = list.entries.get(String(seed));
      return list.state === 'active' && entry !== undefined && !entry.isDisabled && !entry.isWithdrawn ? [`${list.id} ${entry.number}`] : [];
    });
    const value = valueOf(typeOf(seed), String(seed));
    const found = (await match(on, typeOf(seed), typeOf(seed) === 'pdq' ? flipBits(value, [3, 77]) : value)).hits.map((hit) => `${hit.listId} ${hit.entry}`);
    expect(found.toSorted()).toEqual(expected.toSorted());
  }
}
