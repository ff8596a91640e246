/**
 * The store of the S3 surface: the stand-in of the tests (test/support/s3-server.ts) in a process of its own, so that only the gateway's CPU counts.
 * It tells its parent by IPC what was written to the released bucket and what left the quarantine bucket. Run by surface-scene.mjs.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

/** A digest of more than this would only take the cores from what is measured: the stand-in holds each body against its signed digest anyway. */
const DIGEST_BYTES_MAX = 4_000_000;

const { startS3Server, CREDENTIALS } = await importSource('../packages/server/test/support/s3-server.ts');
const server = await startS3Server();
for (const name of ['quarantine', 'released']) server.addBucket(name);
const released = server.buckets.get('released');
server.fault = ({ method, bucket, key }, isDone) => {
  // Else every request of the run would be kept.
  server.seen.length = 0;
  if (!isDone || key === '') return undefined;
  if (method === 'PUT' && bucket === 'released') {
    const { bytes } = released.objects.get(key)[0];
    const sha256 = bytes.length > DIGEST_BYTES_MAX ? undefined : createHash('sha256').update(bytes).digest('hex');
    process.send({ kind: 'released', key, sizeBytes: bytes.length, sha256 });
  } else if (method === 'DELETE' && bucket === 'quarantine') process.send({ kind: 'left', key });
  return undefined;
};
// Bytes are in memory here: what was looked at is let go.
process.on('message', ({ forget }) => void released.objects.delete(forget));
process.once('SIGTERM', () => void server.close().then(() => process.disconnect()));
// Nobody is left to end it when the bench was killed.
process.once('disconnect', () => process.exit());
process.send({ kind: 'ready', url: server.url, credentials: CREDENTIALS });

/** It is TypeScript, which this Node does not read. */
async function importSource(path) {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-bench-s3-'));
  try {
    const bundle = await rolldown({ input: join(import.meta.dirname, path), platform: 'node', logLevel: 'silent' });
    const file = join(dir, 's3-server.mjs');
    await bundle.write({ file, format: 'esm' });
    await bundle.close();
    return await import(pathToFileURL(file).href);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
