import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { drained } from './http-body.ts';
import type { SurfaceDriver, SurfaceOutcome } from '../surfaces.ts';

const PIECE_BYTES = 16_384;

/** pict-rs as far as an upload passes it (its src/ingest.rs): a chunked POST with the media's type, stored when it is answered with 2xx, dropped otherwise. */
export const pictrsDriver: SurfaceDriver = makeDriver('pictrs', { path: '/v1/hooks/pictrs', type: 'image/webp' });
/** A program that sends a file to an address and looks at the status. */
export const rawHookDriver: SurfaceDriver = makeDriver('raw hook', { path: '/v1/hooks/raw', type: 'application/octet-stream' });

function makeDriver(name: string, { path, type }: { readonly path: string; readonly type: string }): SurfaceDriver {
  return {
    name,
    config: () => ({}),
    open: async (app) => ({
      send: (content, { abortAfterBytes = Infinity, pauseMs } = {}) =>
        new Promise<SurfaceOutcome>((resolve) => {
          const url = new URL(path, app.url);
          const outgoing = request(url, { method: 'POST', auth: `hook:${app.key}`, headers: { 'content-type': type, connection: 'close' } }, (incoming) => {
            let answer = '';
            incoming.on('data', (chunk: Buffer) => void (answer += chunk.toString()));
            incoming.on('error', () => resolve({ kind: 'failed', answer }));
            incoming.on('end', () => resolve(judge(incoming.statusCode ?? 0, { answer, bytes: content })));
          });
          outgoing.on('error', (error) => resolve({ kind: 'failed', answer: error.message }));
          void (async () => {
            for (let at = 0; at < content.length && !outgoing.destroyed; at += PIECE_BYTES) {
              if (at >= abortAfterBytes) return void outgoing.destroy();
              if (!outgoing.write(content.subarray(at, at + PIECE_BYTES))) await drained(outgoing);
              if (pauseMs !== undefined) await sleep(pauseMs);
            }
            outgoing.end();
          })();
        }),
      close: async () => undefined,
    }),
  };
}

function judge(status: number, { answer, bytes }: { readonly answer: string; readonly bytes: Buffer }): SurfaceOutcome {
  if (status >= 200 && status < 300) return { kind: 'published', bytes, answer };
  return status >= 500 ? { kind: 'failed', answer } : { kind: 'refused', answer };
}
