/** Four uploads of 200 MB at the same time: what every kind of process holds at its peak. */
import { createReadStream, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { readTree } from './measure.mjs';
import { makePixels } from './pictures.mjs';
import { startServer } from './server.mjs';

const PARALLEL = 4;

export async function benchMemory() {
  const path = join(tmpdir(), `gatehouse-bench-${process.pid}.png`);
  // Uncompressed, so that the file is as large as its pixels: 8,200 x 8,200 x 3 bytes.
  const { data, width, height } = await makePixels(5, 820, 820);
  await sharp(data, { raw: { width, height, channels: 3 } })
    .resize(8_200, 8_200, { kernel: 'nearest' })
    .png({ compressionLevel: 0 })
    .toFile(path);
  const server = await startServer();
  try {
    await server.cli('list', 'import', join(import.meta.dirname, '../packages/server/src/console/data/demo-list.csv'), '--name', 'Demonstration');
    const peak = { gateway: readTree(server.pid).gateway.rssMib, decoders: 0, postgres: 0 };
    const idle = Math.round(peak.gateway);
    const timer = setInterval(() => {
      const now = readTree(server.pid);
      for (const kind of Object.keys(peak)) peak[kind] = Math.max(peak[kind], now[kind].rssMib);
    }, 50);
    const began = performance.now();
    const states = await Promise.all(Array.from({ length: PARALLEL }, () => upload(server, path)));
    const wallS = (performance.now() - began) / 1000;
    clearInterval(timer);
    return {
      title: `${PARALLEL} parallel uploads of ${Math.round(statSync(path).size / 1e6)} MB (67 megapixels each)`,
      rows: [
        {
          'gateway idle MiB': idle,
          'gateway peak MiB': Math.round(peak.gateway),
          'decoders peak MiB (sum)': Math.round(peak.decoders),
          'postgres peak MiB (sum, shared counted often)': Math.round(peak.postgres),
          'wall s': Math.round(wallS),
          outcome: [...new Set(states)].join(', '),
        },
      ],
    };
  } finally {
    await server.stop();
    rmSync(path);
  }
}

async function upload(server, path) {
  const created = await (
    await fetch(`${server.url}/v1/uploads`, { method: 'POST', headers: { ...server.headers, 'content-type': 'application/json' }, body: '{}' })
  ).json();
  const sent = await fetch(`${server.url}/v1/uploads/${created.id}/content?wait=0`, {
    method: 'PUT',
    headers: { ...server.headers, 'content-type': 'application/octet-stream' },
    body: createReadStream(path),
    duplex: 'half',
  });
  if (!sent.ok) throw new Error(`${sent.status} ${await sent.text()}`);
  for (let i = 0; i < 20; i++) {
    const view = await (await fetch(`${server.url}/v1/uploads/${created.id}?wait=30`, { headers: server.headers })).json();
    if (view.state !== 'received' && view.state !== 'scanning') return view.state;
  }
  return 'undecided';
}
