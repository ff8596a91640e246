/** Countries of addresses: reading a dataset of the size of the published ones, and looking addresses up in it, as sorted ranges and as mmdb. Made data. */
import { parseAddress } from '../packages/server/dist/international/hosting/address-rules.js';
import { parseDataset } from '../packages/server/dist/international/hosting/dataset-file.js';
import { round, spread, withRange } from './measure.mjs';

const ROUNDS = 5;
const QUESTIONS = 200_000;
const COUNTRIES = ['BG', 'CA', 'DE', 'FR', 'GB', 'HK', 'MT', 'NL', 'SG', 'US'];

export async function benchGeo({ isQuick = false } = {}) {
  const networks = makeNetworks(isQuick ? 50_000 : 300_000);
  const questions = makeQuestions(networks);
  const files = [
    ['ranges, CSV', Buffer.from(toCsv(networks))],
    ['mmdb, 24 bits', toMmdb(networks)],
  ];
  const rows = [];
  const answers = [];
  for (const [name, bytes] of files) {
    const loads = [];
    const longest = [];
    const rates = [];
    let dataset;
    let found;
    for (let turn = 0; turn < ROUNDS; turn++) {
      const stop = watchLoop();
      const began = performance.now();
      dataset = await parseDataset('made-2026-11', bytes, {});
      loads.push(performance.now() - began);
      longest.push(stop());
    }
    for (let turn = 0; turn < ROUNDS; turn++) {
      const began = performance.now();
      found = questions.map((address) => dataset.locate(address)?.country ?? null);
      rates.push(QUESTIONS / ((performance.now() - began) / 1000));
    }
    answers.push(found);
    rows.push({
      dataset: name,
      networks: dataset.entries,
      MB: round(bytes.length / 1e6, 1),
      'read, ms': rangeOf(loads),
      'longest hold of the event loop, ms': rangeOf(longest),
      'look-ups a second': rangeOf(rates),
    });
  }
  const differences = answers[0].filter((country, i) => country !== answers[1][i]).length;
  if (differences > 0) throw new Error(`${differences} addresses have another country in the mmdb than in the ranges`);
  const known = answers[0].filter((country) => country !== null).length;
  return {
    title: 'Countries of addresses, one thread',
    rows,
    note: `${QUESTIONS} IPv4 and IPv6 addresses in turn, the same for both, of which ${known} are in a network: 0 differences. Medians of ${ROUNDS} rounds with their range.`,
  };
}

const rangeOf = (samples) => {
  const { p50, min, max } = spread(samples);
  return withRange({ p50, low: min, high: max }, 0);
};

/** What anything else would have waited, at most. */
function watchLoop() {
  let last = performance.now();
  let most = 0;
  let isOn = true;
  const look = () => {
    const now = performance.now();
    most = Math.max(most, now - last);
    last = now;
    if (isOn) setImmediate(look);
  };
  setImmediate(look);
  return () => {
    isOn = false;
    return Math.max(most, performance.now() - last);
  };
}

/** The same numbers each time (xorshift32). */
function createNumbers(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Disjoint /24 and /48, four of five IPv4, in order. */
function makeNetworks(count) {
  const next = createNumbers(20_261_130);
  const v4 = new Set();
  const v6 = new Set();
  while (v4.size < count * 0.8) v4.add(next() >>> 8);
  while (v6.size < count * 0.2) v6.add(next());
  const pick = () => COUNTRIES[next() % COUNTRIES.length];
  return [
    ...[...v4].toSorted((a, b) => a - b).map((top) => ({ family: 4, top, country: pick() })),
    ...[...v6].toSorted((a, b) => a - b).map((top) => ({ family: 6, top, country: pick() })),
  ];
}

const toText = ({ family, top }) =>
  family === 4 ? `${top >>> 16}.${(top >>> 8) & 255}.${top & 255}.0` : `2a00:${(top >>> 16).toString(16)}:${(top & 0xffff).toString(16)}::`;

function toCsv(networks) {
  return networks.map((network) => `${toText(network)}/${network.family === 4 ? 24 : 48},${network.country}\n`).join('');
}

/** Half of them in a network, in no order; the others anywhere. */
function makeQuestions(networks) {
  const next = createNumbers(7);
  return Array.from({ length: QUESTIONS }, (_none, i) => {
    const number = next();
    if (i % 2 === 0) {
      const network = networks[number % networks.length];
      return parseAddress(toText(network).replace(network.family === 4 ? /0$/ : /$/, String(1 + (number % 200))));
    }
    return parseAddress(`${number >>> 24}.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}`);
  });
}

/** Records of 24 bits; every country once in the data. */
function toMmdb(networks) {
  const nodes = [[-1, -1]];
  for (const { family, top, country } of networks) {
    const bits = family === 4 ? '0'.repeat(96) + top.toString(2).padStart(24, '0') : (0x2a00).toString(2).padStart(16, '0') + top.toString(2).padStart(32, '0');
    let node = 0;
    for (let i = 0; i < bits.length - 1; i++) {
      const side = Number(bits[i]);
      if (nodes[node][side] === -1) nodes[node][side] = nodes.push([-1, -1]) - 1;
      node = nodes[node][side];
    }
    nodes[node][Number(bits.at(-1))] = { country };
  }
  const texts = COUNTRIES.map((country) => Buffer.concat([Buffer.from([0xe1, 0x4c]), Buffer.from('country_code'), Buffer.from([0x42]), Buffer.from(country)]));
  const toRecord = (side) =>
    side === -1 ? nodes.length : typeof side === 'number' ? side : nodes.length + 16 + COUNTRIES.indexOf(side.country) * texts[0].length;
  const tree = Buffer.alloc(nodes.length * 6);
  for (const [i, [left, right]] of nodes.entries()) {
    tree.writeUIntBE(toRecord(left), i * 6, 3);
    tree.writeUIntBE(toRecord(right), i * 6 + 3, 3);
  }
  const number = (value) => Buffer.from([0xc4, value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]);
  const fields = { node_count: nodes.length, record_size: 24, ip_version: 6, binary_format_major_version: 2, build_epoch: 1_793_000_000 };
  const metadata = Object.entries(fields).flatMap(([key, value]) => [Buffer.from([0x40 | key.length]), Buffer.from(key), number(value)]);
  return Buffer.concat([tree, Buffer.alloc(16), ...texts, Buffer.from('\u00ab\u00cd\u00efMaxMind.com', 'latin1'), Buffer.from([0xe5]), ...metadata]);
}
