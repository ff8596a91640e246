/** POST /v1/scan over loopback against a list of one million entries: scans a second, and the CPU time of every process for one scan. */
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeList } from './import.mjs';
import { readTree, round, spread } from './measure.mjs';
import { encode, makePixels } from './pictures.mjs';
import { startServer } from './server.mjs';

const SIZES = [
  ['1 MP', 1155, 866, 60],
  ['12 MP', 4000, 3000, 16],
];
const CONCURRENCY = 4;

export async function benchScan() {
  const path = join(tmpdir(), `gatehouse-bench-scan-${process.pid}.csv`);
  await writeList(path, 1_000_000);
  const server = await startServer();
  try {
    await server.cli('list', 'import', path, '--name', 'Bench');
    const rows = [];
    for (const [label, width, height, count] of SIZES) {
      const pixels = await makePixels(11, width, height);
      for (const format of ['jpeg', 'png', 'webp'])
        rows.push({ picture: `${label} ${format}`, ...(await scanMany(server, await encode(pixels, format), count)) });
    }
    return {
      title: `End to end: POST /v1/scan, 1,000,000 entries, ${CONCURRENCY} at once`,
      rows,
      note: 'CPU ms for one scan; stages are wall ms inside the decoder and the gateway, medians. The load generator shares the same cores.',
    };
  } finally {
    await server.stop();
    rmSync(path);
  }
}

async function scanMany(server, file, count) {
  const scan = async () => {
    const began = performance.now();
    const response = await fetch(`${server.url}/v1/scan`, {
      method: 'POST',
      headers: { ...server.headers, 'content-type': 'application/octet-stream' },
      body: file,
    });
    const body = await response.json();
    if (response.status !== 200) throw new Error(`${response.status} ${JSON.stringify(body)}`);
    return { ms: performance.now() - began, timings: body.timings };
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, scan));
  const before = readTree(server.pid);
  const began = performance.now();
  const results = [];
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      for (let i = 0; i < count / CONCURRENCY; i++) results.push(await scan());
    }),
  );
  const wallS = (performance.now() - began) / 1000;
  const after = readTree(server.pid);
  const used = (kind) => round(((after[kind].cpuS - before[kind].cpuS) * 1000) / results.length);
  const stage = (name) => round(spread(results.map(({ timings }) => timings[name])).p50);
  return {
    KB: Math.round(file.length / 1024),
    'scans/s': round(results.length / wallS),
    'p50 ms': Math.round(spread(results.map(({ ms }) => ms)).p50),
    'decoder CPU': used('decoders'),
    'gateway CPU': used('gateway'),
    'postgres CPU': used('postgres'),
    decode: stage('decodeMs'),
    hash: stage('hashMs'),
    match: stage('matchMs'),
  };
}
