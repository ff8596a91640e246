/** Nothing is measured of an index that misses a hash or finds a wrong one: every check here ends the bench. */
import { hashOf } from './data.mjs';

export const RADIUS = 31;

/** Every planted neighbour within the radius is found, with its distance, and none beyond; nothing is found twice. @returns how many were looked for */
export function checkPlanted(index, hashes, planted) {
  let within = 0;
  for (const { query, distance, index: wanted } of planted) {
    const matches = index.search(query, RADIUS);
    checkMatches(hashes, query, matches);
    const found = matches.find((match) => match.index === wanted);
    if (distance > RADIUS ? found !== undefined : found?.distance !== distance)
      throw new Error(`recall: a hash at distance ${distance} was ${found === undefined ? 'missed' : `found at ${found.distance}`}`);
    if (distance <= RADIUS) within++;
  }
  return within;
}

/** Every match is as near as it says and stands there once. Counted here, not by what is tested. */
export function checkMatches(hashes, query, matches) {
  const seen = new Set();
  for (const { index, distance } of matches) {
    if (seen.has(index)) throw new Error('precision: an entry was found twice');
    seen.add(index);
    const counted = countDiffering(hashOf(hashes, index), query);
    if (counted !== distance || distance > RADIUS) throw new Error(`precision: an entry at distance ${counted} was found at ${distance}`);
  }
}

function countDiffering(a, b) {
  let count = 0;
  for (let i = 0; i < a.length; i++) for (let bits = a[i] ^ b[i]; bits !== 0; bits &= bits - 1) count++;
  return count;
}

/** A sum over matches as bench/native/common.hpp makes it. */
function sumMatches(matches) {
  let sum = 2_166_136_261;
  for (const { index, distance } of matches) sum = Math.imul(Math.imul(sum ^ index, 16_777_619) ^ distance, 16_777_619);
  return sum >>> 0;
}

/** The results of all queries are those of another program, match by match. @returns the number of matches */
export function compareHits(index, queries, { name, hits }) {
  let total = 0;
  for (const [i, query] of queries.entries()) {
    const matches = index.search(query, RADIUS);
    if (matches.length !== hits.counts[i] || sumMatches(matches) !== hits.sums[i])
      throw new Error(`exactness: query ${i} has ${matches.length} matches here and ${hits.counts[i]} (or others) in ${name}`);
    total += matches.length;
  }
  return total;
}

/** One query against all hashes in plain TypeScript's terms; the slow truth, and the slowest contestant. */
export function scanLinear(words, query) {
  const matches = [];
  const wanted = new Int32Array(query.slice().buffer);
  for (let at = 0; at < words.length; at += 8) {
    let distance = 0;
    for (let i = 0; i < 8; i++) {
      let v = words[at + i] ^ wanted[i];
      v -= (v >>> 1) & 0x55555555;
      v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
      distance += Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
    }
    if (distance <= RADIUS) matches.push({ index: at / 8, distance });
  }
  return matches.toSorted((a, b) => a.distance - b.distance || a.index - b.index);
}

export function compareScan(index, words, queries) {
  for (const query of queries)
    if (JSON.stringify(index.search(query, RADIUS)) !== JSON.stringify(scanLinear(words, query))) throw new Error('exactness: a linear scan finds others');
  return queries.length;
}
