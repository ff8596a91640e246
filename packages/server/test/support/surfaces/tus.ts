import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { DetailedError, Upload } from 'tus-js-client';
import type { TestApp } from '../app.ts';
import type { SendOptions, SurfaceDriver, SurfaceOutcome } from '../surfaces.ts';

const PIECE_BYTES = 16_384;

/** tus-js-client, as a page or an app has it; the service publishes what was released with a receipt. A sender who gives up takes the upload back. */
export const tusDriver: SurfaceDriver = makeDriver('tus', 'tus-v1');
export const draftDriver: SurfaceDriver = makeDriver('tus, IETF draft', 'ietf-draft-05');

type Protocol = 'tus-v1' | 'ietf-draft-05';

function makeDriver(name: string, protocol: Protocol): SurfaceDriver {
  return {
    name,
    config: () => ({ tusWaitSeconds: 3 }),
    open: async (app: TestApp) => ({
      send: (content, options = {}) => send({ app, protocol }, content, options),
      close: async () => undefined,
    }),
  };
}

function send(
  { app, protocol }: { readonly app: TestApp; readonly protocol: Protocol },
  content: Buffer,
  { abortAfterBytes, pauseMs }: SendOptions,
): Promise<SurfaceOutcome> {
  const headers = { authorization: `Bearer ${app.key}` };
  return new Promise((resolve, reject) => {
    const upload = new Upload(pauseMs === undefined ? content : Readable.from(drip(content, pauseMs)), {
      endpoint: `${app.url}/v1/tus`,
      // Not in its types.
      ...{ protocol },
      headers,
      uploadSize: content.length,
      retryDelays: [100, 500],
      chunkSize: pauseMs === undefined && abortAfterBytes === undefined ? Infinity : PIECE_BYTES,
      onChunkComplete(_bytes, sent) {
        if (abortAfterBytes === undefined || sent < abortAfterBytes) return;
        void upload
          .abort(true)
          .catch(() => undefined)
          .then(() => resolve({ kind: 'failed', answer: 'the sender went away' }));
      },
      onSuccess: ({ lastResponse }) =>
        void publish(app, lastResponse.getHeader('gatehouse-upload'), lastResponse.getHeader('gatehouse-receipt')).then(resolve, reject),
      onError(error) {
        const reply = error instanceof DetailedError ? error.originalResponse : null;
        const outcome = judge(reply?.getStatus() ?? 0, reply?.getBody() ?? error.message);
        const giveUp = outcome.kind === 'failed' && upload.url !== null ? Upload.terminate(upload.url, { headers }) : Promise.resolve();
        void giveUp.catch(() => undefined).then(() => resolve(outcome));
      },
    });
    upload.start();
  });
}

async function* drip(content: Buffer, pauseMs: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += PIECE_BYTES) {
    yield content.subarray(at, at + PIECE_BYTES);
    await sleep(pauseMs);
  }
}

async function publish(app: TestApp, id: string | undefined, receipt: string | undefined): Promise<SurfaceOutcome> {
  if (id === undefined || receipt === undefined) return { kind: 'held', answer: 'released without a receipt' };
  const bytes = await app.call(`/v1/uploads/${id}/content`);
  return { kind: 'published', bytes: Buffer.from(await bytes.arrayBuffer()), answer: 'released' };
}

/** 423: all was received, and nothing is decided. */
function judge(status: number, body: string): SurfaceOutcome {
  const answer = `${status} ${body}`;
  if (status === 423) return { kind: 'held', answer };
  return { kind: status >= 400 && status < 500 ? 'refused' : 'failed', answer };
}
