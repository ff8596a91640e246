/** Where the CPU time of one screening goes: read, digest, decode, hash, match. In this process, one thread. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHammingIndex } from '@gatehouse/hamming';
import { hashToBytes, pdqForms } from '@gatehouse/pdq';
import sharp from 'sharp';
import { cpuMs, round } from './measure.mjs';
import { createRandom, encode, makePixels } from './pictures.mjs';

const SIZES = [
  ['1 MP', 1155, 866],
  ['12 MP', 4000, 3000],
];
const FORMATS = ['jpeg', 'png', 'webp'];
const LIST_SIZE = 1_000_000;

export async function benchSplit() {
  sharp.cache(false);
  sharp.concurrency(1);
  const index = createHammingIndex(randomHashes(LIST_SIZE));
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-split-'));
  const rows = [];
  for (const [label, width, height] of SIZES) {
    const pixels = await makePixels(7, width, height);
    for (const format of FORMATS) rows.push({ picture: `${label} ${format}`, ...(await splitOne(index, join(dir, 'picture'), await encode(pixels, format))) });
  }
  rmSync(dir, { recursive: true });
  return {
    title: 'CPU ms of one screening, by stage (median of 9)',
    rows,
    note: `hash: eight pixel orientations at full resolution and of the nearest-neighbour 512x512 form; match: the 16 hashes against ${LIST_SIZE.toLocaleString('en')} entries, radius 31.`,
  };
}

async function splitOne(index, path, file) {
  writeFileSync(path, file);
  const decode = () => sharp(path, { failOn: 'none' }).removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  const { data, info } = await decode();
  const picture = { data, width: info.width, height: info.height, channels: info.channels };
  const hashAll = () => Object.values(pdqForms(picture)).flatMap((form) => form?.hashes ?? []);
  const queries = hashAll().map(hashToBytes);
  const stages = {
    read: await cpuMs(() => readFile(path)),
    digest: await cpuMs(() => ['md5', 'sha1', 'sha256'].map((name) => createHash(name).update(file).digest())),
    decode: await cpuMs(decode),
    hash: await cpuMs(hashAll),
    match: await cpuMs(() => queries.map((query) => index.search(query, 31))),
  };
  const total = Object.values(stages).reduce((sum, { p50 }) => sum + p50, 0);
  return {
    KB: Math.round(file.length / 1024),
    ...Object.fromEntries(Object.entries(stages).map(([name, { p50 }]) => [name, round(p50, 2)])),
    total: round(total, 1),
    'hash + match over decode': `${Math.round(((stages.hash.p50 + stages.match.p50) / stages.decode.p50) * 100)} %`,
  };
}

export function randomHashes(count, seed = 99) {
  const random = createRandom(seed);
  const words = new Uint32Array(count * 8);
  for (let i = 0; i < words.length; i++) words[i] = random();
  return new Uint8Array(words.buffer);
}
