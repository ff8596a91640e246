import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { S3Object, S3Upload } from '../../../src/surfaces/s3/schema.ts';
import type { TestApp } from '../app.ts';
import { CREDENTIALS, startS3Server, type S3Server } from '../s3-server.ts';
import type { SendOptions, SurfaceDriver, SurfaceOutcome } from '../surfaces.ts';

const PIECE_BYTES = 16_384;
/** The bucket is listed every 5 s at the shortest; an event says it at once. */
const SETTLED_MS = 3_000;
const BOUNDARY = 'gatehouse-s3-driver';

let server: S3Server;

/** A browser's form to the quarantine bucket, an event of the store, and a service that publishes from the released bucket. */
export const s3Driver: SurfaceDriver = {
  name: 's3',
  async config() {
    server = await startS3Server();
    server.addBucket('quarantine');
    server.addBucket('released');
    return {
      s3Endpoint: server.url,
      s3AccessKeyId: CREDENTIALS.accessKeyId,
      s3SecretAccessKey: CREDENTIALS.secretAccessKey,
      s3Region: CREDENTIALS.region,
      s3QuarantineBucket: 'quarantine',
      s3ReleasedBucket: 'released',
      s3PollSeconds: 5,
    };
  },
  async open(app: TestApp) {
    const own = server;
    return {
      async send(content, options = {}) {
        const upload = await begin(app);
        if (upload === undefined) return { kind: 'failed', answer: 'no upload' };
        const status = await post(upload, content, options);
        if (status === undefined) return { kind: 'failed', answer: 'the connection broke' };
        if (status >= 300) return { kind: status >= 500 ? 'failed' : 'refused', answer: String(status) };
        await tell(app, upload);
        return follow(app, own, upload.id);
      },
      close: () => own.close(),
    };
  },
};

async function begin(app: TestApp): Promise<S3Upload | undefined> {
  const response = await app.call('/v1/s3/uploads', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }).catch(() => undefined);
  return response?.status === 201 ? ((await response.json()) as S3Upload) : undefined;
}

async function post(upload: S3Upload, content: Buffer, { abortAfterBytes = Infinity, pauseMs }: SendOptions): Promise<number | undefined> {
  const stop = new AbortController();
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (const [name, value] of Object.entries(upload.fields))
      yield Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`);
    yield Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n`);
    for (let at = 0; at < content.length; at += PIECE_BYTES) {
      if (at >= abortAfterBytes) return stop.abort();
      yield content.subarray(at, at + PIECE_BYTES);
      if (pauseMs !== undefined) await sleep(pauseMs);
    }
    yield Buffer.from(`\r\n--${BOUNDARY}--\r\n`);
  }
  const init = {
    method: 'POST',
    headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
    body: Readable.toWeb(Readable.from(pieces())),
    duplex: 'half',
    signal: stop.signal,
  };
  const response = await fetch(upload.url, init as RequestInit).catch(() => undefined);
  await response?.arrayBuffer();
  return response?.status;
}

/** May be lost: the listing finds the object all the same. */
async function tell(app: TestApp, upload: S3Upload): Promise<void> {
  const record = { eventName: 'ObjectCreated:Post', s3: { bucket: { name: 'quarantine' }, object: { key: upload.fields['key'] } } };
  await app
    .call('/v1/hooks/s3-events', { method: 'POST', body: JSON.stringify({ Records: [record] }), headers: { 'content-type': 'application/json' } })
    .catch(() => undefined);
}

async function follow(app: TestApp, store: S3Server, id: string): Promise<SurfaceOutcome> {
  let state = 'held: not decided';
  for (let waitedMs = 0; waitedMs < SETTLED_MS; waitedMs += 100) {
    const bytes = store.buckets.get('released')?.objects.get(id)?.[0]?.bytes;
    const object = await app
      .call(`/v1/s3/uploads/${id}`)
      .then(async (response) => (response.ok ? ((await response.json()) as S3Object) : undefined))
      .catch(() => undefined);
    state = object?.state ?? state;
    if (state === 'promoted' && bytes !== undefined) return { kind: 'published', bytes, answer: state };
    if (state === 'rejected' || state === 'gone') return { kind: 'refused', answer: state };
    if (state === 'kept') return { kind: 'held', answer: state };
    await sleep(100);
  }
  return { kind: 'held', answer: state };
}
