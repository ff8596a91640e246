/**
 * POST /v1/match over loopback: look-ups a second with ten million entries, their times, and what they cost in every process. The load generator
 * (match-client.mjs) is a process of its own and shares the cores. Every answer is checked.
 */
import { fork } from 'node:child_process';
import { request } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createDraw } from './data.mjs';
import { median, readTree, round, withRange } from './measure.mjs';
import { startServer } from './server.mjs';

const ENTRIES = 10_000_000;
const ENTRIES_QUICK = 1_000_000;
const SEED = 41;
/** The first entries of the list: the load generator knows them and asks for some, a little changed. */
export const KNOWN = 65_536;
const ROWS_AT_ONCE = 16_384;
const CASES = [
  { signals: 1, connections: 1 },
  { signals: 1, connections: 16 },
  { signals: 1, connections: 32 },
  { signals: 1, connections: 64 },
  { signals: 32, connections: 4 },
  { signals: 256, connections: 4 },
];
const ROUNDS = 5;
const WARM_UP_S = 1;
const SETTLE_MAX_S = 120;
const IDLE_CPU_S = 0.1;

export async function benchMatch({ isQuick = false } = {}) {
  const entries = isQuick ? ENTRIES_QUICK : ENTRIES;
  const server = await startServer();
  try {
    const imported = await importHashes(server, entries);
    await settle(server);
    const rounds = CASES.map(() => []);
    // In turns: what disturbs a while disturbs all cases a little.
    for (let turn = 0; turn < ROUNDS; turn++) {
      for (const [at, shape] of CASES.entries()) rounds[at].push(await measure(server, { ...shape, seed: turn + 1 }, isQuick ? 2 : 4));
    }
    const rows = CASES.map((shape, at) => summarise(shape, rounds[at]));
    return {
      title: `Look-ups: POST /v1/match, ${entries.toLocaleString('en')} entries, the load generator on the same cores`,
      rows,
      note:
        `Closed loop over keep-alive connections, radius 31; one signal in 50 is a list entry with up to 31 bits changed, the others match nothing; every answer was checked. ` +
        `${ROUNDS} rounds in turns: look-ups a second are the median with the range, times are of that round; CPU microseconds are for one look-up. The import took ${Math.round(imported)} s.`,
    };
  } finally {
    await server.stop();
  }
}

/** Hashes as lines, the same ones for the same seed. */
export function* drawHashes(count, seed = SEED) {
  const draw = createDraw(seed);
  for (let done = 0; done < count; done += ROWS_AT_ONCE) {
    const words = Uint32Array.from({ length: Math.min(ROWS_AT_ONCE, count - done) * 8 }, draw);
    yield Buffer.from(words.buffer);
  }
}

function* drawLines(count) {
  for (const bytes of drawHashes(count)) {
    const digits = bytes.toString('hex');
    yield Array.from({ length: bytes.length / 32 }, (_none, i) => `${digits.slice(i * 64, i * 64 + 64)}\n`).join('');
  }
}

/** Without a file in between. @returns seconds */
export async function importHashes(server, count) {
  const { id } = await (
    await fetch(`${server.url}/v1/lists`, {
      method: 'POST',
      headers: { ...server.headers, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'Bench' }),
    })
  ).json();
  const began = performance.now();
  const headers = { ...server.headers, 'content-type': 'text/plain', accept: 'application/x-ndjson' };
  const text = await new Promise((resolve, reject) => {
    const outgoing = request(`${server.url}/v1/lists/${id}/import?format=text&type=pdq`, { method: 'POST', headers }, (incoming) => {
      let last = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (chunk) => (last = (last + chunk).slice(-4096)));
      incoming.on('end', () => resolve(last.trim().split('\n').at(-1)));
      incoming.on('error', reject);
    });
    outgoing.on('error', reject);
    Readable.from(drawLines(count)).pipe(outgoing);
  });
  if (!text.includes(`"added":${count}`)) throw new Error(`the list was not imported: ${text.slice(0, 500)}`);
  return (performance.now() - began) / 1000;
}

/** After an import the server merges and writes a snapshot in the background: not what is measured here. */
async function settle(server) {
  for (let seconds = 0; seconds < SETTLE_MAX_S; seconds++) {
    const before = readTree(server.pid);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const after = readTree(server.pid);
    if (after.gateway.cpuS - before.gateway.cpuS + after.postgres.cpuS - before.postgres.cpuS < IDLE_CPU_S) return;
  }
}

async function measure(server, shape, seconds) {
  await runClient(server, { ...shape, seconds: WARM_UP_S });
  const before = readTree(server.pid);
  const client = await runClient(server, { ...shape, seconds });
  const after = readTree(server.pid);
  if (client.wrong > 0 || client.requests === 0) throw new Error(`${client.wrong} of ${client.requests} answers were wrong, such as ${client.example}`);
  const lookUps = client.requests * shape.signals;
  const perLookUp = (cpuS) => (cpuS * 1e6) / lookUps;
  return {
    ...client,
    perSecond: lookUps / client.wallS,
    gateway: perLookUp(after.gateway.cpuS - before.gateway.cpuS),
    postgres: perLookUp(after.postgres.cpuS - before.postgres.cpuS),
    client: perLookUp(client.cpuS),
  };
}

/** The median of the rounds by look-ups a second, with the times of that same round, and the best round. */
function summarise({ signals, connections }, rounds) {
  const sorted = rounds.toSorted((a, b) => a.perSecond - b.perSecond);
  const [middle, best] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  const times = ({ p50, p99, max }) => [p50, p99, max].map((ms) => round(ms)).join(' / ');
  const cpu = (name) => Math.round(median(rounds.map((one) => one[name])));
  return {
    'signals a request': signals,
    connections,
    'look-ups/s': withRange({ p50: middle.perSecond, low: sorted[0].perSecond, high: best.perSecond }, 0),
    'ms p50 / p99 / max': times(middle),
    'in the best round': times(best),
    'CPU us: gateway': cpu('gateway'),
    postgres: cpu('postgres'),
    client: cpu('client'),
  };
}

/** Ends by itself after `seconds`, and with this process. */
function runClient(server, options) {
  return new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, 'match-client.mjs'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    let result;
    child.on('message', (message) => (result = message));
    child.once('exit', (code) => (result === undefined ? reject(new Error(`the load generator ended with ${code}`)) : resolve(result)));
    child.send({ url: server.url, headers: server.headers, ...options });
  });
}
