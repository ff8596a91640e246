/**
 * Deterministic lists of hashes and queries against them. Everything comes from a seed; only the pictures behind `real-like` cost more
 * than their bytes, and are kept in the folder for temporary files.
 */
import { flatPatterns, realLikeHashes } from './real-like.mjs';

export const HASH_BYTES = 32;

/** xoshiro128**: 32 random bits a call. The xorshift of pictures.mjs has too little state for a hundred million hashes. */
export function createDraw(seed) {
  let state = seed | 0;
  const mix = () => {
    state = (state + 0x9e3779b9) | 0;
    let z = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return z ^ (z >>> 16);
  };
  let [a, b, c, d] = [mix(), mix(), mix(), mix()];
  return () => {
    const times5 = Math.imul(b, 5);
    const result = Math.imul((times5 << 7) | (times5 >>> 25), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result >>> 0;
  };
}

export const hashOf = (hashes, index) => hashes.subarray(index * HASH_BYTES, index * HASH_BYTES + HASH_BYTES);

export const splitHashes = (hashes) => Array.from({ length: hashes.length / HASH_BYTES }, (_none, i) => hashOf(hashes, i));

export function uniformHashes(count, seed = 1) {
  const draw = createDraw(seed);
  const words = new Uint32Array(count * 8);
  for (let i = 0; i < words.length; i++) words[i] = draw();
  return new Uint8Array(words.buffer);
}

/** A copy of the hash with exactly `bits` bits changed. */
export function flipBits(hash, bits, draw) {
  const copy = Uint8Array.from(hash);
  const chosen = new Set();
  while (chosen.size < bits) chosen.add(draw() & 255);
  for (const bit of chosen) copy[bit >> 3] ^= 1 << (bit & 7);
  return copy;
}

/**
 * The same where it hurts most: the changes fill the index's own 16-bit chunks two by two (`spread`), so that as few chunks as possible
 * stay within one bit, or as few chunks as possible (`lumped`).
 */
export function flipChunks(hash, { bits, isSpread, first }) {
  const copy = Uint8Array.from(hash);
  for (let i = 0; i < bits; i++) {
    const step = isSpread ? (first + (i % 16)) % 16 : (first + Math.floor(i / 16)) % 16;
    const within = isSpread ? Math.floor(i / 16) : i % 16;
    // The place that packages/hamming's permutation b -> 167 b + 13 takes to this bit; 23 is the inverse of 167.
    const bit = (23 * (step * 16 + within - 13 + 256)) & 255;
    copy[bit >> 3] ^= 1 << (bit & 7);
  }
  return copy;
}

/**
 * A list as section 3.5 of the performance study describes real ones: 55 % singles, 35 % in clusters of up to 5,000 near copies, 9 % edits of
 * real pictures' hashes, 1 % around 64 hashes of flat pictures. In mixed order.
 */
export function clusteredHashes(count, seed = 2) {
  const draw = createDraw(seed);
  const hashes = uniformHashes(count, seed + 1);
  const next = scatter(count);
  for (let i = 0; i < Math.floor(count * 0.55); i++) next();
  fillClusters({ hashes, next, draw }, Math.floor(count * 0.35));
  const { listed } = realLikeHashes();
  for (let i = 0; i < Math.floor(count * 0.09); i++) writeNear({ hashes, at: next(), draw }, listed[draw() % listed.length], draw() % 41);
  const patterns = flatPatterns();
  const shares = patterns.map((_none, i) => 1 / (i + 1));
  const sum = shares.reduce((total, share) => total + share, 0);
  const degenerate = Math.floor(count * 0.01);
  for (const [i, pattern] of patterns.entries())
    for (let left = Math.floor((degenerate * shares[i]) / sum); left > 0; left--) writeNear({ hashes, at: next(), draw }, pattern, draw() % 17);
  return hashes;
}

/** Sizes are spread evenly over the orders of magnitude from 2 to 5,000; members are 0 to 20 changes away from a centre. */
function fillClusters({ hashes, next, draw }, count) {
  let left = count;
  while (left > 0) {
    const size = Math.min(left, Math.floor(2 * 2500 ** (draw() / 2 ** 32)));
    const centre = Uint8Array.from({ length: HASH_BYTES }, () => draw() & 255);
    for (let i = 0; i < size; i++) writeNear({ hashes, at: next(), draw }, centre, draw() % 21);
    left -= size;
  }
}

/** Up to `changes` changes: the same bit may be drawn twice. */
function writeNear({ hashes, at, draw }, hash, changes) {
  const start = at * HASH_BYTES;
  hashes.set(hash, start);
  for (let i = 0; i < changes; i++) {
    const bit = draw() & 255;
    hashes[start + (bit >> 3)] ^= 1 << (bit & 7);
  }
}

/** Every index below `count` once, far apart from one to the next. */
function scatter(count) {
  let stride = Math.max(1, Math.floor(count * 0.618));
  while (divisor(stride, count) !== 1) stride++;
  let at = 0;
  return () => {
    at += stride;
    if (at >= count) at -= count;
    return at;
  };
}

function divisor(a, b) {
  return b === 0 ? a : divisor(b, a % b);
}

/** The query sets of section 3.5, `count` of each. */
export function clusteredQueries(hashes, count, seed = 5) {
  const draw = createDraw(seed);
  const size = hashes.length / HASH_BYTES;
  const { heldOut } = realLikeHashes();
  const patterns = flatPatterns();
  const anyEntry = () => hashOf(hashes, draw() % size);
  const make = (one) => Array.from({ length: count }, (_none, i) => one(i));
  return {
    random: splitHashes(uniformHashes(count, seed + 1)),
    'held-out pictures': make((i) => heldOut[i % heldOut.length]),
    'near misses, 34 to 45 flips': make(() => flipBits(anyEntry(), 34 + (draw() % 12), draw)),
    'perturbed entries': make(() => flipBits(anyEntry(), draw() % 32, draw)),
    'degenerate centres': patterns,
  };
}

/**
 * Overwrites the end of the list with neighbours of new random hashes: for every distance from 0 to 33 `each` of them, scattered, spread over
 * the chunks or lumped. Those within 31 must be found and those beyond must not.
 */
export function plantNeighbours(hashes, each, seed = 9) {
  const draw = createDraw(seed);
  const planted = [];
  for (let distance = 0; distance <= 33; distance++)
    for (let i = 0; i < each; i++) {
      const query = Uint8Array.from({ length: HASH_BYTES }, () => draw() & 255);
      const neighbour = i % 3 === 0 ? flipBits(query, distance, draw) : flipChunks(query, { bits: distance, isSpread: i % 3 === 1, first: draw() % 16 });
      planted.push({ query, distance, neighbour });
    }
  const first = hashes.length / HASH_BYTES - planted.length;
  for (const [i, { neighbour }] of planted.entries()) hashes.set(neighbour, (first + i) * HASH_BYTES);
  return planted.map(({ query, distance }, i) => ({ query, distance, index: first + i }));
}
