import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ColumnBox, STRIP, boxFour, boxLine } from './box.ts';
import { mirroredPositions, windowFor, forwardPositions } from './sampling.ts';

/** The box filter as the specification words it: four phases, and a float32 division for every sample. */
function boxByTheBook(line: Float32Array, window: number): Float32Array {
  const size = line.length;
  const half = Math.floor((window + 2) / 2);
  const out = new Float32Array(size);
  let [sum, count, left, right, at] = [Math.fround(0), 0, 0, 0, 0];
  const add = (): void => {
    sum = Math.fround(sum + (line[right++] ?? 0));
  };
  const subtract = (): void => {
    sum = Math.fround(sum - (line[left++] ?? 0));
  };
  const write = (): void => {
    out[at++] = Math.fround(sum / count);
  };
  for (let i = 0; i < half - 1; i++, count++) add();
  for (let i = 0; i < window - half + 1; i++) {
    add();
    count++;
    write();
  }
  for (let i = 0; i < size - window; i++) {
    add();
    subtract();
    write();
  }
  for (let i = 0; i < half - 1; i++) {
    subtract();
    count--;
    write();
  }
  return out;
}

const line = fc.integer({ min: 1, max: 12 }).chain((window) =>
  fc.record({
    window: fc.constant(window),
    samples: fc.float32Array({ min: 0, max: 255, noNaN: true, minLength: window, maxLength: 60 }),
  }),
);

describe('box filters', () => {
  it("do the specification's four phases, bit for bit", () => {
    fc.assert(
      fc.property(line, ({ window, samples }) => {
        const expected = boxByTheBook(samples, window);
        expect(boxLine(samples, window)).toEqual(expected);
        const size = samples.length;
        const four = new Float32Array(4 * size);
        for (let k = 0; k < 4; k++)
          four.set(
            samples.map((value) => value / (k + 1)),
            k * size,
          );
        const out = new Float32Array(4 * size);
        boxFour({ data: four, at: 0, stride: size }, { data: out, at: 0, stride: size }, { size, window });
        for (let k = 0; k < 4; k++) {
          expect(out.slice(k * size, (k + 1) * size)).toEqual(boxByTheBook(four.slice(k * size, (k + 1) * size), window));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('go down the columns of a ring of rows', () => {
    const rows = Array.from({ length: 20 }, (_, y) => Float32Array.of(y, 3 * y + 0.1, 250 - y));
    const ring = new Float32Array(8 * 3);
    const box = new ColumnBox({ data: ring, stride: 3, rows: 8 }, { size: 20, window: 5 });
    const out = new Float32Array(3 * 20);
    for (let y = 0; y < 22; y++) {
      const row = rows[y];
      if (row !== undefined) ring.set(row, (y % 8) * 3);
      if (y >= 2) box.next(out, (y - 2) * 3);
    }
    for (let x = 0; x < 3; x++) {
      const column = Float32Array.from(rows, (row) => row[x] ?? 0);
      expect(out.filter((_, at) => at % 3 === x)).toEqual(boxByTheBook(column, 5));
    }
  });

  it.each([
    [1, 8],
    [4, 8],
    [5, 3],
    [16, 8],
    [30, 8],
  ])('go down several rows at a time: window %i, %i rows', (window, rows) => {
    const [height, stride, ringRows] = [61, 3 * STRIP, Math.ceil((window + rows) / 4) * 4];
    const column = (x: number): Float32Array => Float32Array.from({ length: height }, (_, y) => ((y * 37 + x * 101) % 251) + 0.1 * x);
    const ring = new Float32Array(ringRows * stride);
    const box = new ColumnBox({ data: ring, stride, rows: ringRows }, { size: height, window });
    const out = new Float32Array(height * stride);
    const some = new Float32Array(rows * stride);
    let read = 0;
    for (let done = 0; done < height; done += rows) {
      const count = Math.min(rows, height - done);
      for (; read < Math.min(height, done + count + Math.floor(window / 2)); read++) {
        for (let x = 0; x < stride; x++) ring[(read % ringRows) * stride + x] = column(x)[read] ?? 0;
      }
      box.nextRows(some, count);
      out.set(some.subarray(0, count * stride), done * stride);
    }
    for (let x = 0; x < stride; x++) expect(out.filter((_, at) => at % stride === x)).toEqual(boxByTheBook(column(x), window));
  });

  it('may divide by multiplying with the float64 reciprocal', () => {
    fc.assert(
      fc.property(fc.float({ min: 0, noNaN: true, max: 1e6 }), fc.integer({ min: 1, max: 4096 }), (sum, count) => {
        fc.pre(sum === 0 || sum > 1e-30);
        expect(Math.fround(sum * (1 / count))).toBe(Math.fround(sum / count));
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('mirroredPositions', () => {
  it('reads the filtered line where the filtered reversed line has its samples, for every size', () => {
    for (let size = 5; size <= 1100; size++) {
      const window = windowFor(size);
      const samples = Float32Array.from({ length: size }, (_, i) => ((i * i * 31 + i * 7) % 251) + 1);
      const filtered = boxLine(boxLine(samples, window), window);
      const reversed = boxLine(boxLine(samples.toReversed(), window), window);
      const forward = forwardPositions(size);
      for (const [k, position] of mirroredPositions(size).entries()) {
        const expected = reversed[forward[k] ?? 0] ?? 0;
        const isBeforeFirst = position === -1;
        expect(isBeforeFirst).toBe(position < 0);
        if (isBeforeFirst) expect(window).toBe(2);
        const found = isBeforeFirst ? 0.75 * (samples[0] ?? 0) + 0.25 * (samples[1] ?? 0) : (filtered[position] ?? Number.NaN);
        if (Math.abs(found - expected) > 0.01) throw new Error(`size ${size}, sample ${k}: ${found} instead of ${expected}`);
      }
    }
  });
});
