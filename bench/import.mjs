/** One million lines through `gatehouse list import`, into a running server. */
import { createWriteStream, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { round } from './measure.mjs';
import { randomHashes } from './split.mjs';
import { readTree } from './measure.mjs';
import { startServer } from './server.mjs';

const LINES = 1_000_000;

export async function benchImport() {
  const path = join(tmpdir(), `gatehouse-bench-${process.pid}.csv`);
  await writeList(path, LINES);
  const server = await startServer();
  try {
    const rows = [];
    for (const attempt of ['first time', 'the same file again']) {
      const before = readTree(server.pid);
      const began = performance.now();
      const report = await server.cli('list', 'import', path, '--name', 'Bench');
      const wallS = (performance.now() - began) / 1000;
      const after = readTree(server.pid);
      rows.push({
        import: attempt,
        lines: LINES.toLocaleString('en'),
        added: report.added,
        'list-set version': report.listSetVersion,
        'wall s': round(wallS),
        'gateway CPU s': round(after.gateway.cpuS - before.gateway.cpuS),
        'postgres CPU s': round(after.postgres.cpuS - before.postgres.cpuS),
        'gateway RSS MiB': Math.round(after.gateway.rssMib),
      });
    }
    return { title: 'List import (CSV, PDQ)', rows };
  } finally {
    await server.stop();
    rmSync(path);
  }
}

export async function writeList(path, count, seed = 99) {
  const bytes = Buffer.from(randomHashes(count, seed).buffer);
  const out = createWriteStream(path);
  out.write('signal_type,value\n');
  for (let i = 0; i < count; i++) if (!out.write(`pdq,${bytes.toString('hex', i * 32, i * 32 + 32)}\n`)) await once(out, 'drain');
  out.end();
  await once(out, 'close');
}
