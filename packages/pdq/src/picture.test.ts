import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawDetailed, makeNoise } from '../test/patterns.ts';
import {
  ORIENTATIONS,
  PdqError,
  bytesToHash,
  hammingDistance,
  hashToBytes,
  invertHash,
  pdq,
  pdqDihedral,
  pdqOrientations,
  toNearest512,
  type Picture,
} from './index.ts';

const sizes = fc.record({ width: fc.integer({ min: 1, max: 300 }), height: fc.integer({ min: 1, max: 300 }), seed: fc.nat(1e6) });

function spread(grey: Uint8Array, channels: 3 | 4, alpha: number): Uint8Array {
  return Uint8Array.from({ length: grey.length * channels }, (_, at) => (at % channels === 3 ? alpha : (grey[Math.floor(at / channels)] ?? 0)));
}

describe('channels', () => {
  it('ignores alpha, and gives RGB and RGBA the same hash', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 0, max: 255 }), ({ width, height, seed }, alpha) => {
        const rgb = { data: makeNoise(width * height * 3, seed), width, height, channels: 3 } as const;
        const data = Uint8Array.from({ length: width * height * 4 }, (_, at) => (at % 4 === 3 ? alpha : (rgb.data[Math.floor(at / 4) * 3 + (at % 4)] ?? 0)));
        const rgba = { ...rgb, data, channels: 4 } as const;
        expect(pdq(rgba)).toEqual(pdq(rgb));
        expect(pdqOrientations(rgba)).toEqual(pdqOrientations(rgb));
      }),
      { numRuns: 25 },
    );
  });

  it('gives a grey picture (nearly) the same hash in 1, 3 and 4 channels', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 300 }), fc.nat(1e6), (width, seed) => {
        const height = 400 - width;
        const grey = drawDetailed(width, height, seed).data.filter((_, at) => at % 3 === 0);
        const [one, three, four] = [
          pdq({ data: grey, width, height, channels: 1 }),
          pdq({ data: spread(grey, 3, 0), width, height, channels: 3 }),
          pdq({ data: spread(grey, 4, 77), width, height, channels: 4 }),
        ];
        expect(four).toEqual(three);
        // 0.299 + 0.587 + 0.114 is not quite 1 in float32, so a coefficient next to the median may change sides.
        if (one.quality >= 50) expect(hammingDistance(one.hash, three.hash)).toBeLessThanOrEqual(2);
      }),
      { numRuns: 25 },
    );
  });
});

describe('degenerate pictures', () => {
  it('has no hash below 5 pixels a side', () => {
    for (const [width, height] of [
      [1, 1],
      [4, 4],
      [4, 500],
      [500, 4],
      [1, 5],
    ] as const) {
      const picture = drawDetailed(width, height, 1);
      expect(pdq(picture)).toEqual({ hash: '0'.repeat(64), quality: 0 });
      for (const set of [pdqDihedral(picture), pdqOrientations(picture)]) {
        expect(set).toEqual({ hashes: ORIENTATIONS.map(() => '0'.repeat(64)), quality: 0 });
      }
    }
  });

  it('gives quality 0 to a flat picture, and something to a long thin one', () => {
    expect(pdq({ data: new Uint8Array(3 * 10_000).fill(90), width: 100, height: 100, channels: 3 }).quality).toBe(0);
    expect(pdq(drawDetailed(20_000, 5, 4)).hash).toMatch(/^[0-9a-f]{64}$/);
    expect(pdq(drawDetailed(5, 20_000, 4)).hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is deterministic, whatever was hashed before, and leaves the pixels alone', () => {
    const picture = drawDetailed(211, 97, 8);
    const before = Uint8Array.from(picture.data);
    const first = pdqOrientations(picture);
    pdq(drawDetailed(600, 433, 9));
    expect(pdqOrientations(picture)).toEqual(first);
    expect(picture.data).toEqual(before);
  });

  it('has bits that are 1 for at most half of the coefficients', () => {
    fc.assert(
      fc.property(sizes, ({ width, height, seed }) => {
        expect(hammingDistance(pdq(drawDetailed(width, height, seed)).hash, '0'.repeat(64))).toBeLessThanOrEqual(128);
      }),
      { numRuns: 20 },
    );
  });
});

describe('errors', () => {
  const good: Picture = { data: new Uint8Array(12), width: 2, height: 2, channels: 3 };

  const codeOf = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      if (error instanceof PdqError) return error.code;
      throw error;
    }
    return 'none';
  };

  it.each([
    [{ width: 0 }, 'invalid_dimensions'],
    [{ height: -2 }, 'invalid_dimensions'],
    [{ width: 1.5 }, 'invalid_dimensions'],
    [{ width: Number.NaN }, 'invalid_dimensions'],
    [{ height: Number.POSITIVE_INFINITY }, 'invalid_dimensions'],
    [{ width: '2' }, 'invalid_dimensions'],
    [{ channels: 2 }, 'invalid_dimensions'],
    [{ data: new Uint8Array(11) }, 'invalid_data'],
    [{ data: new Uint8Array(13) }, 'invalid_data'],
    [{ data: new Uint8Array(0) }, 'invalid_data'],
    [{ data: new Uint16Array(12) }, 'invalid_data'],
    [{ data: [1, 2, 3] }, 'invalid_data'],
    [{ width: 2 ** 40, height: 2 ** 40 }, 'invalid_data'],
  ])('%j is refused with %s', (change, code) => {
    const picture = { ...good, ...change } as unknown as Picture;
    for (const run of [pdq, pdqDihedral, pdqOrientations, toNearest512]) expect(codeOf(() => run(picture))).toBe(code);
  });

  it.each(['', 'ab', 'g'.repeat(64), '0'.repeat(63), '0'.repeat(65), `${'0'.repeat(64)}\n`])('%j is not a hash', (text) => {
    expect(codeOf(() => hashToBytes(text))).toBe('invalid_hash');
    expect(codeOf(() => hammingDistance('0'.repeat(64), text))).toBe('invalid_hash');
    expect(codeOf(() => invertHash(text))).toBe('invalid_hash');
  });

  it('takes exactly 32 bytes', () => {
    expect(codeOf(() => bytesToHash(new Uint8Array(31)))).toBe('invalid_hash');
    expect(codeOf(() => bytesToHash([] as unknown as Uint8Array))).toBe('invalid_hash');
  });
});

describe('hash values', () => {
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });

  it('converts both ways', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        const hash = bytesToHash(value);
        expect(hash).toBe(Buffer.from(value).toString('hex'));
        expect(hashToBytes(hash)).toEqual(value);
        expect(hashToBytes(hash.toUpperCase())).toEqual(value);
      }),
    );
  });

  it('has a distance that is a metric and counts bits', () => {
    fc.assert(
      fc.property(bytes, bytes, bytes, fc.integer({ min: 0, max: 255 }), (a, b, c, bit) => {
        const [x, y, z] = [bytesToHash(a), bytesToHash(b), bytesToHash(c)];
        expect(hammingDistance(x, x)).toBe(0);
        expect(hammingDistance(x, y)).toBe(hammingDistance(y, x));
        expect(hammingDistance(x, z)).toBeLessThanOrEqual(hammingDistance(x, y) + hammingDistance(y, z));
        expect(hammingDistance(x, invertHash(y))).toBe(256 - hammingDistance(x, y));
        const flipped = a.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
        expect(hammingDistance(x, bytesToHash(flipped))).toBe(1);
      }),
    );
  });

  it('finds a negative by its inverted hash', () => {
    const picture = drawDetailed(320, 240, 6);
    const negative = pdq({ ...picture, data: picture.data.map((value) => 255 - value) });
    expect(hammingDistance(pdq(picture).hash, invertHash(negative.hash))).toBeLessThanOrEqual(4);
  });
});

describe('toNearest512', () => {
  it('leaves pictures up to 512 x 512 alone', () => {
    expect(toNearest512(drawDetailed(512, 512, 1))).toBeUndefined();
    expect(toNearest512(drawDetailed(512, 20, 1))).toBeUndefined();
  });

  it('takes the source pixel floor(x * size / 512), and stretches a shorter side', () => {
    for (const [width, height, channels] of [
      [513, 512, 3],
      [600, 300, 4],
      [1000, 700, 1],
      [20, 1537, 3],
    ] as const) {
      const source = { data: makeNoise(width * height * channels, width), width, height, channels } as const;
      const small = toNearest512(source);
      expect(small).toMatchObject({ width: 512, height: 512, channels });
      expect(small?.data).toHaveLength(512 * 512 * channels);
      // CImg's own scheme: the source advances by the difference of these products, beginning at 0.
      let [x, at] = [0, 0];
      for (let column = 0; column < 512; column++) {
        expect(small?.data[(100 * 512 + column) * channels]).toBe(source.data[(Math.floor((100 * height) / 512) * width + x) * channels]);
        x += Math.floor(((column + 1) * width) / 512) - at;
        at = Math.floor(((column + 1) * width) / 512);
      }
    }
  });
});
