import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
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

export const matrixDriver: SurfaceDriver = {
  name: 'matrix',
  async config() {
    homeserver = createServer((_incoming, outgoing) => {
      void (async () => {
        if (sending === undefined) return void outgoing.writeHead(404).end();
        const { content, abortAfterBytes, pauseMs } = sending;
        outgoing.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': content.length });
        for (let at = 0; at < content.length && !outgoing.destroyed; at += PIECE_BYTES) {
          if (at >= abortAfterBytes) return void outgoing.destroy();
          if (!outgoing.write(content.subarray(at, at + PIECE_BYTES))) await new Promise((done) => outgoing.once('drain', done).once('close', done));
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
      sending = { content, abortAfterBytes, pauseMs };
      try {
        const reply = await fetch(new URL('/_matrix/media_proxy/unstable/download/matrix.example/media', app.url));
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
