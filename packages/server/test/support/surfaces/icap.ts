import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { splitHostPort } from '../../../src/surfaces/socket-listener.ts';
import type { SendOptions, SurfaceDriver, SurfaceOutcome } from '../surfaces.ts';

const PIECE_BYTES = 16_384;
const INNER = 'PUT /upload HTTP/1.1\r\nHost: service.example\r\n\r\n';

/** A proxy that asks about an upload and forwards what it is told to: the origin stores exactly those bytes. It takes no 204, so they come back. */
export const icapDriver: SurfaceDriver = {
  name: 'icap',
  config: () => ({ icapListen: '127.0.0.1:0' }),
  async open(app) {
    const address = app.app.services.surfaces.icap.addresses().get('icap') ?? '';
    return { send: async (content, options) => judge(await sendIcap(address, content, options)), close: async () => undefined };
  },
};

/** REQMOD with `content` as the body of a PUT. @returns all that came back until the connection ended */
export function sendIcap(address: string, content: Buffer, { abortAfterBytes = Infinity, pauseMs }: SendOptions = {}): Promise<Buffer> {
  return new Promise((resolve) => {
    const socket = connect(splitHostPort(address));
    const answer: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => void answer.push(chunk));
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(Buffer.concat(answer)));
    void (async () => {
      socket.write(
        `REQMOD icap://gatehouse/reqmod ICAP/1.0\r\nHost: gatehouse\r\nConnection: close\r\nEncapsulated: req-hdr=0, req-body=${INNER.length}\r\n\r\n${INNER}`,
      );
      for (let at = 0; at < content.length && !socket.destroyed; at += PIECE_BYTES) {
        if (at >= abortAfterBytes) return void socket.destroy();
        const piece = content.subarray(at, at + PIECE_BYTES);
        socket.write(`${piece.length.toString(16)}\r\n`);
        socket.write(piece);
        if (!socket.write('\r\n')) await new Promise((done) => socket.once('drain', done).once('close', done));
        if (pauseMs !== undefined) await sleep(pauseMs);
      }
      socket.write('0\r\n\r\n');
    })();
  });
}

function judge(all: Buffer): SurfaceOutcome {
  const end = all.indexOf('\r\n\r\n');
  const answer = all.subarray(0, Math.max(end, 0)).toString('latin1');
  if (!answer.startsWith('ICAP/1.0 200 ')) return { kind: 'failed', answer };
  const rest = all.subarray(end + 4);
  if (rest.toString('latin1').startsWith('HTTP/1.1 403 ')) return { kind: 'refused', answer: `${answer}\r\n\r\n${rest.toString('latin1')}` };
  const body = unchunk(rest.subarray(INNER.length));
  return body !== undefined && rest.toString('latin1').startsWith(INNER) ? { kind: 'published', bytes: body, answer } : { kind: 'failed', answer };
}

/** @returns undefined when the last chunk is missing */
export function unchunk(bytes: Buffer): Buffer | undefined {
  const pieces: Buffer[] = [];
  for (let at = 0; ;) {
    const end = bytes.indexOf('\r\n', at);
    if (end < 0) return undefined;
    const size = Number.parseInt(bytes.subarray(at, end).toString('latin1'), 16);
    if (size === 0) return Buffer.concat(pieces);
    pieces.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}
