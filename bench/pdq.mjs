/** Hashing decoded pixels: by size, by kernel, beside a plain C++ rendition of the specification; orientations; both forms against decoding. */
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pdq, pdqForms, pdqOrientations } from '@gatehouse/pdq';
import sharp from 'sharp';
import { median, ratioOf, round, spread, takeTurns, timeEach, withRange } from './measure.mjs';
import { compileNative, openProgram } from './native.mjs';
import { encode, makePixels } from './pictures.mjs';

const SIZES = [
  [128, 128],
  [256, 256],
  [512, 512],
  [1000, 1000],
  [1024, 1024],
  [1155, 866],
  [1920, 1080],
  [4000, 3000],
];
const ROUNDS = 9;
/** Fused multiply-add gives other hashes. */
const EXACT = ['-ffp-contract=off'];

export async function benchPdq({ isQuick = false } = {}) {
  const rows = [];
  for (const [width, height] of SIZES) if (!isQuick || width < 4000) rows.push(await measureSize(width, height));
  return {
    tables: [
      {
        title: 'Hashing decoded RGB, one thread',
        rows,
        note: `Wall ms, medians of ${ROUNDS} rounds in turn, with their range; every round hashes several times. C++: bench/native/pdq.cpp, \`g++ -O3 -march=native -ffp-contract=off\`, the specification step by step over whole planes, as the reference does it; hash and quality are compared with ours first.`,
      },
      {
        title: 'Both forms in eight orientations, and decoding',
        rows: [await measureDecoding(1155, 866), ...(isQuick ? [] : [await measureDecoding(4000, 3000)])],
        note: DECODING,
      },
    ],
    detail: { rows },
  };
}

const DECODING =
  'CPU ms of one JPEG (quality 85): decoding to RGB by sharp with one thread, then the eight hashes at full resolution and the eight of the nearest-neighbour 512 x 512 form in one walk. Medians in turn.';

async function measureSize(width, height) {
  const picture = await makePixels(width + height, width, height);
  const calls = Math.max(3, Math.min(60, Math.round(12e6 / (width * height))));
  const list = Array.from({ length: calls });
  const per = (work) => () => median(timeEach(list, work)) / 1000;
  const native = await openNative(picture);
  const contestants = {
    wasm: per(() => pdq(picture, { kernel: 'wasm' })),
    typescript: per(() => pdq(picture, { kernel: 'typescript' })),
    orientations: per(() => pdqOrientations(picture, { kernel: 'wasm' })),
    ...(native === undefined ? {} : { native: async () => (await native.ask(`time ${calls}`)).p50 / 1e6 }),
  };
  for (const contest of Object.values(contestants)) await contest();
  const turns = await takeTurns(contestants, ROUNDS);
  await native?.close();
  const over = (name) => (turns[name] === undefined ? '-' : withRange(ratioOf(turns[name], turns.wasm)));
  return {
    size: `${width} x ${height}`,
    'WebAssembly ms': withRange(toRange(turns.wasm), 3),
    'TypeScript ms': withRange(toRange(turns.typescript), 2),
    'C++ ms': turns.native === undefined ? '-' : withRange(toRange(turns.native), 2),
    'C++ / WebAssembly': over('native'),
    'TypeScript / WebAssembly': over('typescript'),
    'eight orientations ms': withRange(toRange(turns.orientations), 3),
    'more than one, ms': round(median(turns.orientations.map((value, at) => value - turns.wasm[at])), 3),
  };
}

function toRange(samples) {
  const { min, p50, max } = spread(samples);
  return { p50, low: min, high: max };
}

/** Undefined where there is no compiler. @throws when it does not give our hash */
async function openNative(picture) {
  const path = compileNative('pdq', EXACT);
  if (path === undefined) return undefined;
  const file = join(tmpdir(), `gatehouse-bench-pdq-${process.pid}`);
  writeFileSync(file, picture.data);
  try {
    const program = await openProgram(path, [file, String(picture.width), String(picture.height)]);
    const ours = pdq(picture);
    if (program.about.hash !== ours.hash || program.about.quality !== ours.quality)
      throw new Error(`pdq: C++ says ${JSON.stringify(program.about)}, we say ${JSON.stringify(ours)}`);
    return program;
  } finally {
    rmSync(file, { force: true });
  }
}

async function measureDecoding(width, height) {
  sharp.cache(false);
  sharp.concurrency(1);
  const file = await encode(await makePixels(7, width, height), 'jpeg');
  const decode = () => sharp(file, { failOn: 'none' }).removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  const { data, info } = await decode();
  const picture = { data, width: info.width, height: info.height, channels: info.channels };
  const turns = await takeTurns({ decode: cpu(decode), hash: cpu(() => pdqForms(picture)) }, 15);
  return {
    picture: `${width} x ${height}`,
    'decode ms': withRange(toRange(turns.decode.slice(3)), 2),
    'hash ms': withRange(toRange(turns.hash.slice(3)), 2),
    'hash over decode': `${Math.round(ratioOf(turns.hash.slice(3), turns.decode.slice(3)).p50 * 100)} %`,
  };
}

function cpu(work) {
  return async () => {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
}

/** For the gate. */
export async function measureRatios() {
  const picture = await makePixels(7, 512, 512);
  const list = Array.from({ length: 20 });
  const per = (kernel) => () => median(timeEach(list, () => pdq(picture, { kernel })));
  const native = await openNative(picture);
  const contestants = {
    wasm: per('wasm'),
    typescript: per('typescript'),
    ...(native === undefined ? {} : { native: async () => (await native.ask('time 20')).p50 / 1000 }),
  };
  for (const contest of Object.values(contestants)) await contest();
  const turns = await takeTurns(contestants, ROUNDS);
  await native?.close();
  return {
    'PDQ: TypeScript / WebAssembly, 512x512': ratioOf(turns.typescript, turns.wasm).p50,
    'PDQ: C++ / WebAssembly, 512x512': turns.native && ratioOf(turns.native, turns.wasm).p50,
  };
}
