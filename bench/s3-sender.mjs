/** What reaches a gateway by way of a store: the process of the store (s3-store.mjs), and a sender who tells of each object as the store would. */
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';

const TOLD_MS = 120_000;
/** The stand-in holds each object in memory, several times while it takes it. */
const LIMIT_BYTES = 100_000_000;

/** @returns the store, with the settings of a gateway for it */
export async function openStore() {
  const child = fork(join(import.meta.dirname, 's3-store.mjs'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [{ url, credentials }] = await once(child, 'message');
  /** By key: what the store told, and who waits for it. */
  const told = new Map();
  const waiting = new Map();
  child.on('message', ({ kind, key, ...what }) => {
    const name = `${kind} ${key}`;
    if (waiting.has(name)) waiting.get(name)(what);
    else told.set(name, what);
  });
  return {
    settings: {
      GATEHOUSE_S3_ENDPOINT: url,
      GATEHOUSE_S3_REGION: credentials.region,
      GATEHOUSE_S3_ACCESS_KEY_ID: credentials.accessKeyId,
      GATEHOUSE_S3_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      GATEHOUSE_S3_QUARANTINE_BUCKET: 'quarantine',
      GATEHOUSE_S3_RELEASED_BUCKET: 'released',
    },
    /** Resolves when the object was written to the released bucket (`released`), or left the quarantine bucket (`left`). */
    async waitFor(kind, key, signal) {
      const name = `${kind} ${key}`;
      try {
        if (told.has(name)) return told.get(name);
        return await new Promise((resolve, reject) => {
          waiting.set(name, resolve);
          signal.addEventListener('abort', () => reject(new Error(`S3: not ${kind}`)), { once: true });
        });
      } finally {
        waiting.delete(name);
        told.delete(name);
      }
    },
    /** What was released although nobody sent it, or nobody waits for it. */
    countStrays: () => [...told.keys()].filter((name) => name.startsWith('released ')).length,
    forget: (key) => child.send({ forget: key }),
    async close() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/**
 * An address, one PUT to it, and an event. `send` ends when the object can be published; `settle` when the last one has left quarantine, whose cost
 * belongs to it as well.
 */
export function createS3Sender({ store }, sendHttp, { api, headers }) {
  const leaving = new Set();
  const ask = async (path, input, expected) => {
    const text = Buffer.from(JSON.stringify(input));
    const body = { sizeBytes: text.length, pieces: () => [text] };
    const reply = await sendHttp({ port: api, path, method: 'POST', headers: { ...headers, 'content-type': 'application/json' } }, body);
    if (reply.status !== expected) throw new Error(`${path}: ${reply.status} ${reply.text.slice(0, 300)}`);
    return JSON.parse(reply.text);
  };
  return {
    /** Nothing else is promoted. */
    needsReceipt: true,
    limitBytes: LIMIT_BYTES,
    async send(body) {
      const { id, url, headers: signed } = await ask('/v1/s3/uploads', { method: 'PUT', sizeBytes: body.sizeBytes }, 201);
      const { port, pathname, search } = new URL(url);
      const stored = await sendHttp({ port, path: `${pathname}${search}`, method: 'PUT', headers: signed }, body);
      if (stored.status !== 200) throw new Error(`the store: ${stored.status} ${stored.text.slice(0, 300)}`);
      const key = pathname.slice('/quarantine/'.length);
      const signal = AbortSignal.timeout(TOLD_MS);
      const released = store.waitFor('released', id, signal);
      // Until then the gateway looks at what it wrote.
      const left = store.waitFor('left', key, signal).then(() => {
        store.forget(id);
        return 'left';
      });
      // What is kept is never released; both are waited for below.
      for (const one of [released, left]) one.catch(() => undefined);
      leaving.add(left);
      await ask('/v1/hooks/s3-events', { Records: [{ eventName: 'ObjectCreated:Put', s3: { bucket: { name: 'quarantine' }, object: { key } } }] }, 200);
      const outcome = await Promise.race([released, left]);
      if (outcome === 'left') throw new Error('S3: kept');
      if (outcome.sizeBytes !== body.sizeBytes) throw new Error(`S3: ${outcome.sizeBytes} bytes of ${body.sizeBytes}`);
      if (body.bytes !== undefined && outcome.sha256 !== createHash('sha256').update(body.bytes).digest('hex')) throw new Error('S3: other bytes');
    },
    async settle() {
      await Promise.all(leaving);
      leaving.clear();
    },
  };
}
