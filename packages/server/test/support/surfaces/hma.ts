import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SurfaceDriver, SurfaceOutcome } from '../surfaces.ts';

const PIECE_BYTES = 16_384;
const BOUNDARY = 'gatehouse-hma-driver';

/** An application that asks HMA about each picture, publishes when no bank is named, and takes everything but 200 for a failure. */
export const hmaDriver: SurfaceDriver = {
  name: 'hma',
  config: () => ({ hmaApi: true }),
  async open(app) {
    return {
      async send(content, { abortAfterBytes = Infinity, pauseMs } = {}) {
        const stop = new AbortController();
        async function* pieces(): AsyncGenerator<Uint8Array> {
          yield Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\nContent-Type: application/octet-stream\r\n\r\n`);
          for (let at = 0; at < content.length; at += PIECE_BYTES) {
            if (at >= abortAfterBytes) return stop.abort();
            yield content.subarray(at, at + PIECE_BYTES);
            if (pauseMs !== undefined) await sleep(pauseMs);
          }
          yield Buffer.from(`\r\n--${BOUNDARY}--\r\n`);
        }
        const response = await fetch(`${app.url}/hma/m/lookup`, {
          method: 'POST',
          headers: { authorization: `Bearer ${app.key}`, 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
          body: Readable.toWeb(Readable.from(pieces())),
          duplex: 'half',
          signal: stop.signal,
        } as RequestInit).catch(() => undefined);
        return response === undefined ? { kind: 'failed', answer: '' } : judge(response.status, await response.text(), content);
      },
      close: async () => undefined,
    };
  },
};

function judge(status: number, answer: string, bytes: Buffer): SurfaceOutcome {
  if (status !== 200) return { kind: status >= 500 || status === 429 ? 'failed' : 'refused', answer };
  const banks = Object.values(JSON.parse(answer) as Record<string, object>).flatMap((matched) => Object.keys(matched));
  // Who asks is the service: what it learns about banks stays with it, and its visitor sees that the picture was not taken.
  return banks.length === 0 ? { kind: 'published', bytes, answer: 'published' } : { kind: 'refused', answer: 'not taken' };
}
