import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { drained } from './http-body.ts';
import type { SurfaceDriver, SurfaceOutcome } from '../surfaces.ts';

const PIECE_BYTES = 16_384;

interface Sending {
  readonly content: Buffer;
  readonly abortAfterBytes: number;
  readonly pauseMs: number | undefined;
}

/** A homeserver with one media at a time, and a client that shows what the scanner hands out. */
let homeserver: Server | undefined;
let sending: Sending | undefined;

export const matrixDriver: SurfaceDriver = makeDriver('matrix', (content) => ({ stored: content, path: 'download/matrix.example/media' }));
/** Of an encrypted room: the homeserver has ciphertext, and the client hands the key over. */
export const encryptedMatrixDriver: SurfaceDriver = makeDriver('matrix, encrypted', (content) => {
  const [key, iv] = [randomBytes(32), Buffer.concat([randomBytes(8), Buffer.alloc(8)])];
  const cipher = createCipheriv('aes-256-ctr', key, iv);
  const stored = Buffer.concat([cipher.update(content), cipher.final()]);
  const bare = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
  const k = { alg: 'A256CTR', ext: true, k: key.toString('base64url'), key_ops: ['encrypt', 'decrypt'], kty: 'oct' };
  const hashes = { sha256: bare(createHash('sha256').update(stored).digest()) };
  return { stored, path: 'download_encrypted', body: JSON.stringify({ file: { v: 'v2', key: k, iv: bare(iv), hashes, url: 'mxc://matrix.example/media' } }) };
});

interface Asking {
  /** What the homeserver has. */
  readonly stored: Buffer;
  readonly path: string;
  readonly body?: string;
}

function makeDriver(name: string, ask: (content: Buffer) => Asking): SurfaceDriver {
  return {
    name,
    async config() {
      homeserver = createServer((_incoming, outgoing) => {
        void (async () => {
          if (sending === undefined) return void outgoing.writeHead(404).end();
          const { content, abortAfterBytes, pauseMs } = sending;
          outgoing.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': content.length });
          for (let at = 0; at < content.length && !outgoing.destroyed; at += PIECE_BYTES) {
            if (at >= abortAfterBytes) return void outgoing.destroy();
            if (!outgoing.write(content.subarray(at, at + PIECE_BYTES))) await drained(outgoing);
            if (pauseMs !== undefined) await sleep(pauseMs);
          }
          outgoing.end();
        })();
      });
      await new Promise<void>((done) => void homeserver?.listen(0, '127.0.0.1', () => done()));
      const address = `127.0.0.1:${(homeserver.address() as AddressInfo).port}`;
      return { hooksMatrixHomeserver: `http://${address}`, outboundAllow: [address] };
    },
    open: async (app) => ({
      async send(content, { abortAfterBytes = Infinity, pauseMs } = {}): Promise<SurfaceOutcome> {
        const { stored, path, body } = ask(content);
        sending = { content: stored, abortAfterBytes, pauseMs };
        try {
          const reply = await fetch(
            new URL(`/_matrix/media_proxy/unstable/${path}`, app.url),
            body === undefined ? {} : { method: 'POST', body, headers: { 'content-type': 'application/json' } },
          );
          const bytes = Buffer.from(await reply.arrayBuffer());
          if (reply.status === 200) return { kind: 'published', bytes, answer: '' };
          return { kind: reply.status >= 500 ? 'failed' : 'refused', answer: bytes.toString() };
        } catch (error) {
          return { kind: 'failed', answer: String(error) };
        } finally {
          sending = undefined;
        }
      },
      close: async () => {
        homeserver?.closeAllConnections();
        await new Promise((done) => homeserver?.close(done));
      },
    }),
  };
}
