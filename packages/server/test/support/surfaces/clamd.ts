import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { splitHostPort } from '../../../src/surfaces/socket-listener.ts';
import type { SurfaceDriver, SurfaceOutcome } from '../surfaces.ts';

const PIECE_BYTES = 16_384;

/** An application that publishes what clamd calls OK. */
export const clamdDriver: SurfaceDriver = {
  name: 'clamd',
  config: () => ({ clamdListen: '127.0.0.1:0' }),
  async open(app) {
    const address = splitHostPort(app.app.services.surfaces.clamd.listeners[0]?.address() ?? '');
    return {
      send: (content, { abortAfterBytes = Infinity, pauseMs } = {}) =>
        new Promise<SurfaceOutcome>((resolve) => {
          const socket = connect(address);
          let answer = '';
          socket.on('data', (chunk: Buffer) => {
            answer += chunk.toString();
            // As clamdscan does: a reply is the end, also when not all was sent. The server reads on until then.
            if (answer.endsWith('\0')) socket.destroy();
          });
          socket.on('error', () => undefined);
          socket.once('close', () => resolve(judge(answer.replace('\0', ''), content)));
          void (async () => {
            socket.write('zINSTREAM\0');
            for (let at = 0; at < content.length && !socket.destroyed; at += PIECE_BYTES) {
              if (at >= abortAfterBytes) return void socket.destroy();
              const piece = content.subarray(at, at + PIECE_BYTES);
              const length = Buffer.alloc(4);
              length.writeUInt32BE(piece.length);
              socket.write(length);
              if (!socket.write(piece)) await new Promise((done) => socket.once('drain', done).once('close', done));
              if (pauseMs !== undefined) await sleep(pauseMs);
            }
            socket.write(Buffer.alloc(4));
          })();
        }),
      close: async () => undefined,
    };
  },
};

function judge(answer: string, bytes: Buffer): SurfaceOutcome {
  if (answer === 'stream: OK') return { kind: 'published', bytes, answer };
  return answer === '' || answer.includes('try again') ? { kind: 'failed', answer } : { kind: 'refused', answer };
}
