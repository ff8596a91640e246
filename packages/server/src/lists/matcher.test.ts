import { hammingDistance } from '@gatehouse/hamming';
import { ORIENTATIONS } from '@gatehouse/pdq';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asQuery, flipBits, valueOf } from '../../test/support/lists.ts';
import { readWholeList } from './list-file.ts';
import { createOfflineMatcher } from './matcher.ts';
import { HITS_MAX, type ListDisposition, type ListSettings, type Matcher, type PictureHashes } from './schema.ts';

async function offline(text: string, settings: ListSettings = {}): Promise<Matcher> {
  const { entries } = await readWholeList({ stream: Readable.from([Buffer.from(text)]), name: 'list.csv' });
  return createOfflineMatcher([{ name: 'offline', settings, entries }]);
}

const BLANK = valueOf('pdq', 'blank');
const NO_DIGESTS = { md5: 'f'.repeat(32), sha1: 'f'.repeat(40), sha256: 'f'.repeat(64) };

test.each(ORIENTATIONS.map((orientation, index) => ({ orientation, index })))('a hit says that the upload was $orientation', async ({ orientation, index }) => {
  const value = valueOf('pdq', 'turned');
  const matcher = await offline(`pdq,id\n${value},r1\n`);
  const hashes = ORIENTATIONS.map((_name, at) => (at === index ? flipBits(value, [4, 5]) : valueOf('pdq', `other ${at}`)));
  const pictures: PictureHashes[] = [{ rendering: 'white', form: 'nearest512', quality: 77, hashes }];
  expect((await matcher.match({ digests: NO_DIGESTS, pictures })).hits).toEqual([
    {
      listId: 'list_00000000000000000000000001',
      listName: 'offline',
      entry: 2,
      reference: 'r1',
      signal: 'pdq',
      distance: 2,
      quality: 77,
      orientation,
      rendering: 'white',
      form: 'nearest512',
      disposition: 'hold',
    },
  ]);
});

test('the best of several renderings and forms counts, among those of sufficient quality', async () => {
  const value = valueOf('pdq', 'best');
  const matcher = await offline(`pdq\n${value}\n`, { qualityFloor: 60 });
  const picture = (rendering: PictureHashes['rendering'], quality: number, bits: number[]): PictureHashes => ({
    rendering,
    form: 'full',
    quality,
    hashes: [BLANK, flipBits(value, bits)],
  });
  const pictures = [picture('white', 90, [1, 2, 3]), picture('black', 60, [1, 2]), picture('dropped', 59, [])];
  const found = await matcher.match({ digests: NO_DIGESTS, pictures });
  expect(found.hits).toMatchObject([{ distance: 2, rendering: 'black', quality: 60, orientation: ORIENTATIONS[1] }]);
  expect(found).toMatchObject({ hitCount: 1, isBelowQualityFloor: false });
  expect(await matcher.match({ digests: NO_DIGESTS, pictures: [picture('dropped', 59, [])] })).toMatchObject({ hitCount: 0, isBelowQualityFloor: true });
});

test('digests count whatever the quality, and first', async () => {
  const matcher = await offline(`pdq,md5\n${valueOf('pdq', 'd')},\n,${valueOf('md5', 'd')}\n`);
  const found = await matcher.match({
    digests: { ...NO_DIGESTS, md5: valueOf('md5', 'd').toUpperCase() },
    pictures: [{ rendering: 'opaque', form: 'full', quality: 100, hashes: [flipBits(valueOf('pdq', 'd'), [8])] }],
  });
  expect(found.hits.map(({ signal, entry, distance }) => [signal, entry, distance])).toEqual([
    ['md5', 3, 0],
    ['pdq', 2, 1],
  ]);
});

test('many hits are counted and the nearest twenty shown', async () => {
  const value = valueOf('pdq', 'many');
  const matcher = await offline(
    `pdq\n${Array.from({ length: 60 }, (_none, i) =>
      flipBits(
        value,
        Array.from({ length: i % 30 }, (_bit, bit) => bit * 3 + (i > 29 ? 1 : 0)),
      ),
    ).join('\n')}`,
  );
  const found = await matcher.match(asQuery('pdq', value));
  expect(found.hitCount).toBe(60);
  expect(found.hits).toHaveLength(HITS_MAX);
  expect(found.hits.map(({ distance }) => distance)).toEqual(found.hits.map(({ distance }) => distance).toSorted((a, b) => a - b));
});

test('an empty list is not active', async () => {
  expect(await (await offline('pdq\n')).match(asQuery('pdq', BLANK))).toMatchObject({ activeLists: 0, hitCount: 0, isBelowQualityFloor: false });
});

test('hits are those of a search by hand, for any list, query, radius and floor', async () => {
  const near = fc
    .record({ seed: fc.nat({ max: 5 }), bits: fc.uniqueArray(fc.nat({ max: 255 }), { maxLength: 40 }) })
    .map(({ seed, bits }) => flipBits(valueOf('pdq', String(seed)), bits));
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(near, { minLength: 1, maxLength: 30 }),
      fc.array(near, { minLength: 1, maxLength: 8 }),
      fc.nat({ max: 63 }),
      async (list, hashes, radius) => {
        const matcher = await offline(`pdq\n${list.join('\n')}`, { radius });
        const expected = list.flatMap((value, i) => {
          const distance = Math.min(...hashes.map((hash) => hammingDistance(Buffer.from(value, 'hex'), Buffer.from(hash, 'hex'))));
          return distance <= radius ? [{ entry: i + 2, distance }] : [];
        });
        const found = await matcher.match({ digests: NO_DIGESTS, pictures: [{ rendering: 'opaque', form: 'full', quality: 50, hashes }] });
        expect(found.hitCount).toBe(expected.length);
        expect(found.hits.map(({ entry, distance }) => ({ entry, distance }))).toEqual(
          expected.toSorted((a, b) => a.distance - b.distance || a.entry - b.entry).slice(0, HITS_MAX),
        );
      },
    ),
    { numRuns: 150 },
  );
});

test('of each list the nearest is shown, of those that refuse first, and then the nearest of all', async () => {
  const value = valueOf('pdq', 'lists');
  const read = async (bits: readonly number[]): Promise<Awaited<ReturnType<typeof readWholeList>>['entries']> => {
    const text = bits
      .map((count) =>
        flipBits(
          value,
          Array.from({ length: count }, (_none, at) => at),
        ),
      )
      .join('\n');
    return (await readWholeList({ stream: Readable.from([Buffer.from(`pdq\n${text}\n`)]), name: 'list.csv' })).entries;
  };
  const find = async (lists: readonly { readonly bits: readonly number[]; readonly disposition: ListDisposition }[]): Promise<[string, number][]> => {
    const made = lists.map(async ({ bits, disposition }, at) => ({ name: `list ${at}`, settings: { disposition }, entries: await read(bits) }));
    const { hits } = await createOfflineMatcher(await Promise.all(made)).match(asQuery('pdq', value));
    return hits.map(({ listName, distance }) => [listName, distance]);
  };
  const crowd = Array.from({ length: HITS_MAX }, (_none, at) => at);
  const far = [28, 29].map((bits) => ({ bits: [bits, 31], disposition: 'hold' as const }));
  expect(await find([{ bits: crowd, disposition: 'hold' }, ...far])).toEqual([
    ...crowd.slice(0, HITS_MAX - 2).map((distance) => ['list 0', distance]),
    ['list 1', 28],
    ['list 2', 29],
  ]);
  // More lists than there is room for.
  const many = await find([
    ...Array.from({ length: HITS_MAX + 5 }, (_none, at) => ({ bits: [at], disposition: 'hold' as const })),
    { bits: [31], disposition: 'refuse' },
  ]);
  expect(many).toEqual([...crowd.slice(0, HITS_MAX - 1).map((at) => [`list ${at}`, at]), [`list ${HITS_MAX + 5}`, 31]]);
});

test('a list that refuses is among the hits that are shown, however many of another list are nearer', async () => {
  const value = valueOf('pdq', 'crowd');
  const bits = (from: number, count: number): number[] => Array.from({ length: count }, (_none, at) => from + at);
  const near = Array.from({ length: HITS_MAX + 10 }, (_none, at) => flipBits(value, [at])).join('\n');
  const read = async (text: string): Promise<Awaited<ReturnType<typeof readWholeList>>['entries']> =>
    (await readWholeList({ stream: Readable.from([Buffer.from(`pdq\n${text}\n`)]), name: 'list.csv' })).entries;
  const matcher = createOfflineMatcher([
    { name: 'holds', settings: { disposition: 'hold' }, entries: await read(near) },
    { name: 'refuses', settings: { disposition: 'refuse' }, entries: await read(flipBits(value, bits(100, 30))) },
  ]);
  const { hits, hitCount } = await matcher.match({ digests: NO_DIGESTS, pictures: [{ rendering: 'opaque', form: 'full', quality: 90, hashes: [value] }] });
  expect(hitCount).toBe(HITS_MAX + 11);
  expect(hits).toHaveLength(HITS_MAX);
  expect(hits.at(-1)).toMatchObject({ listName: 'refuses', disposition: 'refuse', distance: 30 });
});
