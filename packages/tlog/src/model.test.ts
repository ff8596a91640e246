/**
 * The tree against RFC 6962 written down once more, recursively and slowly; the test inputs and roots of the CT reference implementation
 * (github.com/google/certificate-transparency, Apache-2.0, merkletree tests; the same eight inputs are in most implementations).
 */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createFrontier,
  createHashReader,
  hashEmpty,
  hashLeaf,
  listEdge,
  listNewBundles,
  listNewTiles,
  listTiles,
  openTreeBuilder,
  parseTilePath,
  proveConsistency,
  proveInclusion,
  TILE_WIDTH,
  tilePath,
  verifyConsistency,
  verifyInclusion,
  decodeBundle,
  type Tile,
  type TreeBuilder,
} from './index.ts';
import { sha256InScript } from './sha256.ts';

const sha256 = (...parts: readonly Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
const entryOf = (i: number): Buffer => Buffer.from(`entry ${i}`);
const half = (n: number): number => 2 ** Math.ceil(Math.log2(n) - 1);

/** RFC 6962, 2.1 */
function mth(entries: readonly Uint8Array[]): Buffer {
  const [first] = entries;
  if (first === undefined) return sha256();
  if (entries.length === 1) return sha256(Uint8Array.of(0), first);
  const k = half(entries.length);
  return sha256(Uint8Array.of(1), mth(entries.slice(0, k)), mth(entries.slice(k)));
}
/** 2.1.1 */
function path(m: number, entries: readonly Uint8Array[]): Buffer[] {
  if (entries.length === 1) return [];
  const k = half(entries.length);
  return m < k ? [...path(m, entries.slice(0, k)), mth(entries.slice(k))] : [...path(m - k, entries.slice(k)), mth(entries.slice(0, k))];
}
/** 2.1.2 */
function subproof(m: number, entries: readonly Uint8Array[], isWhole: boolean): Buffer[] {
  if (m === entries.length) return isWhole ? [] : [mth(entries)];
  const k = half(entries.length);
  return m <= k
    ? [...subproof(m, entries.slice(0, k), isWhole), mth(entries.slice(k))]
    : [...subproof(m - k, entries.slice(k), false), mth(entries.slice(0, k))];
}

const hex = (hashes: readonly Uint8Array[]): string[] => hashes.map((hash) => Buffer.from(hash).toString('hex'));

/** Grows a tree in the given steps, and keeps its files. */
function grow(steps: readonly number[]): { readonly builder: TreeBuilder; readonly files: Map<string, Uint8Array>; readonly entries: Buffer[] } {
  const builder = openTreeBuilder();
  const files = new Map<string, Uint8Array>();
  const entries: Buffer[] = [];
  for (const step of steps) {
    const added = Array.from({ length: step }, (_none, i) => entryOf(entries.length + i));
    entries.push(...added);
    for (const { tile, bytes } of [...builder.append(added), ...builder.edge()]) files.set(tilePath(tile), bytes);
  }
  return { builder, files, entries };
}

describe('SHA-256 in script', () => {
  it('is SHA-256 for every length around the blocks', () => {
    for (let length = 0; length < 300; length++) {
      const data = Buffer.alloc(length, length);
      expect(Buffer.from(sha256InScript(data)).toString('hex')).toBe(createHash('sha256').update(data).digest('hex'));
    }
  });
  it('is SHA-256 for any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 5000 }), (data) => Buffer.from(sha256InScript(data)).equals(createHash('sha256').update(data).digest())));
  });
});

describe('vectors of the CT reference implementation', () => {
  const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map((text) => Buffer.from(text, 'hex'));
  const roots = [
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ];
  it('gives their roots', () => {
    const frontier = createFrontier();
    expect(Buffer.from(frontier.root()).toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    for (const [i, input] of inputs.entries()) {
      frontier.append(hashLeaf(input));
      expect(Buffer.from(frontier.root()).toString('hex')).toBe(roots[i]);
    }
  });
});

describe('every tree up to 40 entries', () => {
  const entries = Array.from({ length: 40 }, (_none, i) => entryOf(i));
  it.each(Array.from({ length: 40 }, (_none, i) => i + 1))('of %i', async (size) => {
    const { builder, files } = grow([size]);
    const tree = entries.slice(0, size);
    const root = mth(tree);
    expect(hex([builder.root()])).toEqual(hex([root]));
    const reader = createHashReader(size, (tile) => files.get(tilePath(tile)));
    for (let index = 0; index < size; index++) {
      const proof = await proveInclusion(index, reader);
      expect(hex(proof)).toEqual(hex(path(index, tree)));
      verifyInclusion({ leafHash: hashLeaf(entryOf(index)), index, size, root, proof });
    }
    for (let old = 0; old <= size; old++) {
      const proof = await proveConsistency(old, reader);
      expect(hex(proof)).toEqual(old === 0 ? [] : hex(subproof(old, tree, true)));
      verifyConsistency({ oldSize: old, oldRoot: mth(tree.slice(0, old)), newSize: size, newRoot: root, proof });
    }
  });
});

describe.each([255, 256, 257, 1000, 65_536, 70_000])('a tree of %i entries', (size) => {
  const { builder, files, entries } = grow([Math.min(size, 200), Math.max(0, size - 200)]);
  const reader = createHashReader(size, (tile) => files.get(tilePath(tile)));
  const root = builder.root();

  it('has the files that the specification names, and proofs that hold', async () => {
    const tiles = [...listTiles(size), ...listNewBundles(0, size)];
    expect(tiles.every((tile) => files.has(tilePath(tile)))).toBe(true);
    const all = listNewBundles(0, size).flatMap((tile) => decodeBundle(tile, files.get(tilePath(tile)) ?? new Uint8Array(0)));
    expect(all.length).toBe(size);
    expect(all.every((entry, i) => Buffer.from(entry).equals(entries[i] ?? Buffer.alloc(0)))).toBe(true);
    for (const index of [0, 1, 127, 254, Math.floor(size / 2), size - 2, size - 1])
      verifyInclusion({ leafHash: hashLeaf(entryOf(index)), index, size, root, proof: await proveInclusion(index, reader) });
    for (const old of [1, 2, 128, 200, 255, size - 1, size]) {
      const before = grow([old]).builder.root();
      verifyConsistency({ oldSize: old, oldRoot: before, newSize: size, newRoot: root, proof: await proveConsistency(old, reader) });
    }
  });

  it('goes on from its edge alone', () => {
    const edge = listEdge(size).map((tile) => ({ tile, bytes: files.get(tilePath(tile)) ?? new Uint8Array(0) }));
    const again = openTreeBuilder(size, edge);
    expect(hex([again.root()])).toEqual(hex([root]));
    const more = Array.from({ length: 300 }, (_none, i) => entryOf(size + i));
    const [a, b] = [builder.append(more), again.append(more)];
    expect(b.map(({ tile, bytes }) => [tilePath(tile), Buffer.from(bytes).toString('hex')])).toEqual(
      a.map(({ tile, bytes }) => [tilePath(tile), Buffer.from(bytes).toString('hex')]),
    );
    expect(hex([again.root()])).toEqual(hex([builder.root()]));
  });
});

it('names the tiles of 70,000 entries as the specification does', () => {
  const tiles = listTiles(70_000);
  const count = (level: number, isFull: boolean): number => tiles.filter((tile) => tile.level === level && (tile.width === TILE_WIDTH) === isFull).length;
  expect([count(0, true), count(0, false), count(1, true), count(1, false), count(2, true), count(2, false)]).toEqual([273, 1, 1, 1, 0, 1]);
  expect(tiles.filter(({ width }) => width < TILE_WIDTH).map(({ width }) => width)).toEqual([112, 17, 1]);
  expect(listTiles(256).map(tilePath)).toEqual(['tile/0/000', 'tile/1/000.p/1']);
  expect(tilePath({ level: 'entries', index: 1_234_067, width: 12 })).toBe('tile/entries/x001/x234/067.p/12');
});

it('lists for any growth exactly the files that were not there before', () => {
  fc.assert(
    fc.property(fc.nat(200_000), fc.nat(3000), (from, more) => {
      const before = new Set(listTiles(from).map(tilePath));
      const after = listTiles(from + more).map(tilePath);
      expect(listNewTiles(from, from + more).map(tilePath)).toEqual(after.filter((one) => !before.has(one)));
    }),
    { numRuns: 60 },
  );
});

it('reads the address of a tile in one form only', () => {
  fc.assert(
    fc.property(fc.constantFrom<Tile['level']>('entries', 0, 1, 7, 63), fc.nat(2 ** 31), fc.integer({ min: 1, max: 256 }), (level, index, width) => {
      expect(parseTilePath(tilePath({ level, index, width }))).toEqual({ level, index, width });
    }),
  );
  for (const wrong of [
    'tile/0/0',
    'tile/0/x000/001',
    'tile/00/001',
    'tile/64/000',
    'tile/0/001.p/0',
    'tile/0/001.p/256',
    'tile/0/001.p/300',
    'tile/0/001.p/01',
    'tile/0/../001',
    'tile/0/001/',
    '/tile/0/001',
    'tile/-1/001',
    'tile/0/x1/001',
    'tile/entries/001?',
    'tile/0/001\n',
  ])
    expect(parseTilePath(wrong), wrong).toBeUndefined();
});

describe('a proof that was changed', () => {
  const size = 300;
  const { files, builder } = grow([size]);
  const reader = createHashReader(size, (tile) => files.get(tilePath(tile)));
  const root = builder.root();
  const flip = (hash: Uint8Array, bit: number): Uint8Array => hash.map((byte, i) => (i === Math.floor(bit / 8) ? byte ^ (1 << (bit % 8)) : byte));
  const refusal = expect.objectContaining({ code: 'bad_proof' });

  it('of inclusion is refused: another bit, another place, size, order, length', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(size - 1), fc.nat(255), fc.nat(20), async (index, bit, at) => {
        const proof = await proveInclusion(index, reader);
        const claim = { leafHash: hashLeaf(entryOf(index)), index, size, root, proof };
        const turned = proof.with(at % proof.length, flip(proof[at % proof.length] ?? root, bit));
        expect(() => verifyInclusion({ ...claim, proof: turned })).toThrow(refusal);
        expect(() => verifyInclusion({ ...claim, leafHash: flip(claim.leafHash, bit) })).toThrow(refusal);
        expect(() => verifyInclusion({ ...claim, root: flip(root, bit) })).toThrow(refusal);
        expect(() => verifyInclusion({ ...claim, index: (index + 1 + at) % size })).toThrow(refusal);
        expect(() => verifyInclusion({ ...claim, proof: proof.slice(1) })).toThrow(refusal);
        expect(() => verifyInclusion({ ...claim, proof: [...proof, root] })).toThrow(refusal);
        expect(() => verifyInclusion({ ...claim, proof: proof.toReversed() })).toThrow(refusal);
      }),
    );
  });

  it('of consistency is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: size - 1 }), fc.nat(255), fc.nat(20), async (oldSize, bit, at) => {
        const proof = await proveConsistency(oldSize, reader);
        const oldRoot = grow([oldSize]).builder.root();
        const claim = { oldSize, oldRoot, newSize: size, newRoot: root, proof };
        verifyConsistency(claim);
        expect(() => verifyConsistency({ ...claim, proof: proof.with(at % proof.length, flip(proof[at % proof.length] ?? root, bit)) })).toThrow(refusal);
        expect(() => verifyConsistency({ ...claim, oldRoot: flip(oldRoot, bit) })).toThrow(refusal);
        expect(() => verifyConsistency({ ...claim, newRoot: flip(root, bit) })).toThrow(refusal);
        expect(() => verifyConsistency({ ...claim, proof: proof.slice(1) })).toThrow(refusal);
        expect(() => verifyConsistency({ ...claim, proof: [...proof, root] })).toThrow(refusal);
        expect(() => verifyConsistency({ ...claim, newSize: oldSize - 1 })).toThrow(refusal);
      }),
      { numRuns: 60 },
    );
  });

  it('between trees of one size, or out of the empty one', () => {
    const [a, b] = [root, flip(root, 3)];
    const claim = { oldSize: 0, oldRoot: hashEmpty(), newSize: 300, newRoot: root, proof: [] };
    verifyConsistency(claim);
    verifyConsistency({ ...claim, oldSize: 300, oldRoot: a });
    expect(() => verifyConsistency({ ...claim, oldSize: 300, oldRoot: b })).toThrow(refusal);
    expect(() => verifyConsistency({ ...claim, oldRoot: a })).toThrow(refusal);
    expect(() => verifyConsistency({ ...claim, proof: [a] })).toThrow(refusal);
  });
});

it('says what is wrong with a tile', async () => {
  const { files } = grow([300]);
  const at = (bytes: Uint8Array | undefined) => createHashReader(300, (tile) => (tilePath(tile) === 'tile/0/000' ? bytes : files.get(tilePath(tile))));
  await expect(proveInclusion(270, at(undefined))).resolves.toHaveLength(7);
  await expect(proveInclusion(3, at(undefined))).rejects.toMatchObject({ code: 'bad_tile' });
  await expect(proveInclusion(3, at(new Uint8Array(8191)))).rejects.toMatchObject({ code: 'bad_tile' });
  const bundle = files.get('tile/entries/001.p/44') ?? new Uint8Array(0);
  for (const [width, bytes] of [
    [43, bundle],
    [45, bundle],
    [44, bundle.slice(0, -1)],
    [44, Uint8Array.of(...bundle, 0)],
  ] as const)
    expect(() => decodeBundle({ level: 'entries', index: 1, width }, bytes)).toThrow(expect.objectContaining({ code: 'bad_tile' }));
});

it('refuses what no log could have, and stays as it was', () => {
  const builder = openTreeBuilder();
  expect(() => builder.append([Buffer.from('fits'), new Uint8Array(65_536)])).toThrow(expect.objectContaining({ code: 'entry_too_large' }));
  expect(builder.size).toBe(0);
  builder.append([new Uint8Array(65_535), new Uint8Array(0)]);
  expect(builder.size).toBe(2);
  const argument = expect.objectContaining({ code: 'bad_argument' });
  expect(() => createFrontier(3, [hashEmpty()])).toThrow(argument);
  expect(() => createFrontier(1, [new Uint8Array(31)])).toThrow(argument);
  expect(() => createFrontier(-1)).toThrow(argument);
  expect(() => verifyInclusion({ leafHash: hashEmpty(), index: 5, size: 5, root: hashEmpty(), proof: [] })).toThrow(argument);
  expect(() => openTreeBuilder(3, [])).toThrow(expect.objectContaining({ code: 'bad_tile' }));
});

it('notices at the start that entries and hashes of the edge do not belong together', () => {
  const { builder } = grow([10]);
  const edge = builder
    .edge()
    .map(({ tile, bytes }) => ({ tile, bytes: tile.level === 'entries' ? bytes.map((byte, i) => (i === 2 ? byte ^ 1 : byte)) : bytes }));
  expect(() => openTreeBuilder(10, edge)).toThrow(expect.objectContaining({ code: 'bad_tile' }));
});
