import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { makeNoise } from '../test/patterns.ts';
import { createPdqStream, pdq, pdqDihedral, pdqForms, pdqOrientations, toNearest512, type Picture } from './index.ts';
import { filterAndSample } from './filter.ts';
import { AREA, openKernel } from './kernel.ts';
import { measureQuality, threshold, transform } from './transform.ts';
import { WasmFilter } from './wasm-filter.ts';
import { planMirrored } from './wasm-hash.ts';

const WASM = { kernel: 'wasm' } as const;
const TYPESCRIPT = { kernel: 'typescript' } as const;

const channels = fc.constantFrom(1 as const, 3 as const, 4 as const);
const side = fc.oneof(fc.integer({ min: 1, max: 140 }), fc.constantFrom(127, 128, 129, 255, 256, 257, 383, 384, 385, 511, 512, 513, 640, 641));
const size = fc.record({ width: side, height: side, channels });

/** Noise, or smooth with a pattern: both full range and ties. */
function draw({ width, height, channels: count }: Pick<Picture, 'width' | 'height' | 'channels'>, seed: number): Picture {
  const noise = makeNoise(width * height * count, seed);
  const data = seed % 3 === 0 ? noise.map((value) => value & 0xc0) : seed % 3 === 1 ? noise.map((_, at) => (Math.floor(at / count) % width) + (at % 7)) : noise;
  return { data, width, height, channels: count };
}

describe('the two kernels', () => {
  it('give the same hashes and qualities, bit for bit, for any size', () => {
    fc.assert(
      fc.property(size, fc.nat(), (dimensions, seed) => {
        const picture = draw(dimensions, seed);
        expect(pdq(picture, WASM)).toEqual(pdq(picture, TYPESCRIPT));
        expect(pdqOrientations(picture, WASM)).toEqual(pdqOrientations(picture, TYPESCRIPT));
        expect(pdqDihedral(picture, WASM)).toEqual(pdqDihedral(picture, TYPESCRIPT));
      }),
      { numRuns: 120 },
    );
  });

  it('filter to the same 128 x 128 samples, float for float: every window from 1 to 8, and wide pictures', () => {
    const kernel = openKernel(WASM);
    if (kernel === undefined) throw new Error('there is WebAssembly in Node');
    for (const [width, height] of [
      [5, 5],
      [6, 200],
      [64, 65],
      [129, 130],
      [256, 200],
      [257, 400],
      [500, 513],
      [640, 700],
      [900, 129],
      [1025, 7],
      [7, 1100],
      [3000, 9],
    ] as const) {
      const picture = draw({ width, height, channels: 3 }, width * height);
      const plan = planMirrored(picture);
      const filter = new WasmFilter(kernel, plan, AREA.rest);
      kernel.reserve(filter.end + 8 * width * 3 + 64);
      for (let y = 0; y < height; y += 8) {
        // What stands behind the last row must not matter.
        kernel.bytes.fill(0xee, filter.end, filter.end + 8 * width * 3);
        kernel.bytes.set(picture.data.subarray(y * width * 3, Math.min(y + 8, height) * width * 3), filter.end);
        filter.push(filter.end);
      }
      const expected = filterAndSample(picture, plan.rows, plan.columns);
      const found = kernel.floats.slice(filter.gridAt / 4, filter.gridAt / 4 + expected.length);
      for (const [at, value] of expected.entries())
        if (!Object.is(value, found[at])) throw new Error(`${width} x ${height}, sample ${at}: ${found[at]} instead of ${value}`);
    }
  });

  it('transform, threshold and measure any grid alike: ties, zeros of both signs, large and small numbers', () => {
    const kernel = openKernel(WASM);
    if (kernel === undefined) throw new Error('there is WebAssembly in Node');
    const value = fc.oneof(fc.constantFrom(0, -0, 1, 255, 128, -1), fc.float({ min: -300, max: 300, noNaN: true }));
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 300 }), fc.nat(), (values, seed) => {
        const grid = Float32Array.from({ length: 4096 }, (_, at) => values[(at * ((seed % 97) + 1)) % values.length] ?? 0);
        kernel.floats.set(grid, AREA.grid / 4);
        expect(kernel.hashGrid(AREA.grid)).toBe(threshold(transform(grid)));
        expect(kernel.measureQuality()).toBe(measureQuality(grid));
      }),
      { numRuns: 200 },
    );
  });

  it('leave nothing behind: large, small and large again', () => {
    const large = draw({ width: 1300, height: 700, channels: 3 }, 2);
    const small = draw({ width: 33, height: 190, channels: 4 }, 5);
    const first = [pdqForms(large, WASM), pdqForms(small, WASM)];
    for (let i = 0; i < 3; i++) expect([pdqForms(large, WASM), pdqForms(small, WASM)]).toEqual(first);
    expect(first).toEqual([pdqForms(large, TYPESCRIPT), pdqForms(small, TYPESCRIPT)]);
  });
});

describe('pdqForms and createPdqStream', () => {
  const forms = fc.record({ width: fc.integer({ min: 1, max: 700 }), height: fc.integer({ min: 1, max: 700 }), channels });

  it('give what hashing each form gives, in chunks of any size', () => {
    fc.assert(
      fc.property(forms, fc.nat(), fc.array(fc.integer({ min: 0, max: 9_000 }), { maxLength: 20 }), (dimensions, seed, cuts) => {
        const picture = draw(dimensions, seed);
        const small = toNearest512(picture);
        const expected = {
          full: pdqOrientations(picture, TYPESCRIPT),
          nearest512: small === undefined ? undefined : pdqOrientations(small, TYPESCRIPT),
        };
        expect(pdqForms(picture, WASM)).toEqual(expected);
        const stream = createPdqStream(dimensions, WASM);
        let at = 0;
        for (const cut of cuts) {
          stream.write(picture.data.subarray(at, at + cut));
          at = Math.min(picture.data.length, at + cut);
        }
        stream.write(picture.data.subarray(at));
        expect(stream.finish()).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  it('may run side by side', () => {
    const [a, b] = [draw({ width: 600, height: 50, channels: 3 }, 8), draw({ width: 300, height: 520, channels: 1 }, 7)];
    const streams = [a, b].map((picture) => ({ picture, stream: createPdqStream(picture) }));
    for (let part = 0; part < 10; part++) {
      for (const { picture, stream } of streams) {
        const step = Math.ceil(picture.data.length / 10);
        stream.write(picture.data.subarray(part * step, (part + 1) * step));
        pdq(a);
      }
    }
    for (const { picture, stream } of streams) expect(stream.finish()).toEqual(pdqForms(picture, TYPESCRIPT));
  });

  it.each([WASM, TYPESCRIPT])('refuse too much, too little and what is no picture: %o', (options) => {
    const stream = createPdqStream({ width: 20, height: 20, channels: 3 }, options);
    stream.write(new Uint8Array(1_000));
    expect(() => stream.finish()).toThrow(expect.objectContaining({ code: 'invalid_data' }));
    expect(() => stream.write(new Uint8Array(201))).toThrow(expect.objectContaining({ code: 'invalid_data' }));
    expect(() => stream.write([1, 2] as unknown as Uint8Array)).toThrow(expect.objectContaining({ code: 'invalid_data' }));
    stream.write(new Uint8ClampedArray(200));
    expect(stream.finish().full.quality).toBe(0);
    expect(() => createPdqStream({ width: 0, height: 5, channels: 3 }, options)).toThrow(expect.objectContaining({ code: 'invalid_dimensions' }));
    expect(() => createPdqStream({ width: 5, height: 5, channels: 2 as 3 }, options)).toThrow(expect.objectContaining({ code: 'invalid_dimensions' }));
  });
});

describe('without WebAssembly', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  const picture = draw({ width: 530, height: 90, channels: 3 }, 2);

  it.each([
    ['none', undefined],
    [
      'one that may not compile (a content-security policy)',
      {
        Module: function Refused(): never {
          throw new EvalError('refused');
        },
      },
    ],
  ])('TypeScript does the same: %s', async (_name, api) => {
    vi.stubGlobal('WebAssembly', api);
    vi.resetModules();
    const fresh = await import('./index.ts');
    expect(fresh.pdqForms(picture)).toEqual(pdqForms(picture, WASM));
    expect(() => fresh.pdq(picture, WASM)).toThrow(TypeError);
  });
});
