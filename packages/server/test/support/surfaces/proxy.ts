import { writeFile } from 'node:fs/promises';
import { request as sendRequest } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startOrigin, type OriginServer } from '../origin-server.ts';
import type { SendOptions, SurfaceDriver, SurfaceOutcome } from '../surfaces.ts';

const PIECE_BYTES = 16_384;
const HEAD = Buffer.from('--B\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n');
const END = Buffer.from('\r\n--B--\r\n');

let origin: OriginServer | undefined;

/** A form that is sent to an application through the proxy; what counts is what the application was given. */
export const proxyDriver: SurfaceDriver = {
  name: 'proxy',
  async config({ dir }) {
    origin = await startOrigin();
    const path = join(dir, 'routes.json');
    await writeFile(path, JSON.stringify({ routes: [{ path: '/upload' }] }));
    return { proxyListen: '127.0.0.1:0', proxyOrigin: origin.url, proxyRoutesFile: path };
  },
  async open(app) {
    const behind = origin;
    if (behind === undefined) throw new Error('config() comes first');
    const [host, port] = (app.app.services.surfaces.proxy.address() ?? '').split(':');
    return {
      async send(content, options = {}) {
        behind.received.length = 0;
        const answer = await post({ host, port }, content, options);
        const bytes = behind.received[0]?.body;
        if (bytes !== undefined && answer.startsWith('200'))
          return { kind: 'published', bytes: bytes.subarray(HEAD.length, bytes.length - END.length), answer };
        if (bytes !== undefined) return { kind: 'published', bytes, answer: `the application was given it, the client was told ${answer}` };
        return toOutcome(answer);
      },
      close: () => behind.stop(),
    };
  },
};

function toOutcome(answer: string): SurfaceOutcome {
  const isLater = answer.startsWith('503') || answer.startsWith('502') || answer === 'cut off';
  return { kind: isLater ? 'failed' : 'refused', answer };
}

function post(
  where: { readonly host: string | undefined; readonly port: string | undefined },
  content: Buffer,
  { abortAfterBytes = Infinity, pauseMs }: SendOptions,
): Promise<string> {
  return new Promise((resolve) => {
    const body = Buffer.concat([HEAD, content, END]);
    const outgoing = sendRequest({
      ...where,
      path: '/upload',
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=B', 'content-length': body.length },
    });
    outgoing.once('response', (reply) => {
      let text = '';
      reply.on('data', (chunk: Buffer) => void (text += chunk.toString()));
      reply.on('error', () => resolve('cut off'));
      reply.once('end', () => resolve(`${reply.statusCode} ${text}`));
    });
    outgoing.on('error', () => resolve('cut off'));
    void (async () => {
      for (let at = 0; at < body.length && !outgoing.destroyed; at += PIECE_BYTES) {
        if (at >= abortAfterBytes) return void outgoing.destroy();
        if (!outgoing.write(body.subarray(at, at + PIECE_BYTES))) await new Promise((done) => outgoing.once('drain', done).once('close', done));
        if (pauseMs !== undefined) await sleep(pauseMs);
      }
      outgoing.end();
    })();
  });
}
