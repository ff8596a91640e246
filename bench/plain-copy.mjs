/**
 * What every surface is compared with: an HTTP server of the same Node that writes a body to a file, calls fsync, answers and removes the file.
 * Under /digests it computes MD5, SHA-1 and SHA-256 on the way, which is what nobody who screens content can go without.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';

const [dir] = process.argv.slice(2);
mkdirSync(dir, { recursive: true });

const server = createServer((request, response) => void answer(request, response));

async function answer(request, response) {
  const path = join(dir, randomUUID());
  const hashes = request.url === '/digests' ? ['md5', 'sha1', 'sha256'].map((name) => createHash(name)) : [];
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      for await (const chunk of request) {
        for (const hash of hashes) hash.update(chunk);
        await file.write(chunk);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    response.end(hashes.map((hash) => hash.digest('hex')).join(' '));
  } catch (error) {
    response.writeHead(500).end(String(error));
  } finally {
    await rm(path, { force: true });
  }
}

server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});
