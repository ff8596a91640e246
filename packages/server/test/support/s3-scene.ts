/** The room s3 on a real intake, and any store: the one in this process, or Ceph. Time stands at the real time, because stores look at it. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { surfacesDomain } from '../../src/surfaces/index.ts';
import { intakeDomain } from '../../src/intake/index.ts';
import type { SettingKey } from '../../src/platform/config.ts';
import { s3Room, type S3Service } from '../../src/surfaces/s3/index.ts';
import { createClient, type S3Client } from '../../src/surfaces/s3/client.ts';
import { encodeKey, type EncodedKey } from '../../src/surfaces/s3/key-rules.ts';
import type { Credentials } from '../../src/surfaces/s3/signature.ts';
import type { SurfaceParts } from '../../src/surfaces/room.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createOutbound } from '../../src/platform/outbound.ts';
import { createFakeClock } from './clock.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { NEVER, startIntake, type TestIntake } from './intake.ts';

export interface Store {
  readonly url: string;
  readonly credentials: Credentials;
  /** Two buckets of its own for each scene. */
  makeBuckets(options: { readonly isVersioned: boolean }): Promise<{ readonly quarantine: string; readonly released: string }>;
}

export interface S3Scene {
  readonly intake: TestIntake;
  readonly service: S3Service;
  readonly client: S3Client;
  readonly buckets: { readonly quarantine: string; readonly released: string };
  /** Puts an object into quarantine, as a service of its own would. */
  put(key: string, content: string | Buffer): Promise<void>;
  /** Key -> content, of everything that can be read there. */
  readReleased(): Promise<Map<string, Buffer>>;
  listQuarantine(): Promise<string[]>;
  /** Lists the bucket, and works until all is decided and nothing is due. */
  settle(options?: { readonly lists?: boolean }): Promise<void>;
  restart(config?: Partial<Record<SettingKey, unknown>>): Promise<S3Scene>;
  stop(): Promise<void>;
}

interface Options {
  readonly config?: Partial<Record<SettingKey, unknown>>;
  readonly isVersioned?: boolean;
}

export function toKey(key: string): EncodedKey {
  const encoded = encodeKey(key);
  if (encoded === undefined) throw new Error('not a key');
  return encoded;
}

export async function openS3Scene(store: Store, options: Options = {}): Promise<S3Scene> {
  const db = await createTestDatabase([
    { domain: 'intake', migrations: intakeDomain.migrations },
    { domain: 'surfaces', migrations: surfacesDomain.migrations },
  ]);
  const buckets = await store.makeBuckets({ isVersioned: options.isVersioned ?? true });
  const config = {
    s3Endpoint: store.url,
    s3AccessKeyId: store.credentials.accessKeyId,
    s3SecretAccessKey: store.credentials.secretAccessKey,
    s3Region: store.credentials.region,
    s3QuarantineBucket: buckets.quarantine,
    s3ReleasedBucket: buckets.released,
    s3EventsSecret: 'a-secret-of-the-tests',
    maxUploadBytes: 64 * 1024 ** 2,
    ...options.config,
  };
  const clock = createFakeClock(new Date());
  return build({ store, buckets, db, intake: await startIntake({ db, clock, config }) });
}

interface Built {
  readonly store: Store;
  readonly buckets: S3Scene['buckets'];
  readonly db: TestDatabase;
  readonly intake: TestIntake;
}

async function build(built: Built): Promise<S3Scene> {
  const { store, buckets, db, intake } = built;
  const created = await s3Room.create({ context: intake.context, intake: intake.service } as unknown as SurfaceParts);
  const { service } = created;
  // Not started: the tests move it themselves.
  const outbound = createOutbound([]);
  const client = createClient({ endpoint: store.url, isPathStyle: true, credentials: store.credentials, clock: systemClock, outbound });
  const undecided = async (): Promise<number> => {
    const { byState } = await intake.service.summarise();
    return byState.received + byState.scanning;
  };
  return {
    intake,
    service,
    client,
    buckets,
    async put(key, content) {
      const bytes = Buffer.from(content);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const object = { bucket: buckets.quarantine, key: toKey(key), sha256, sizeBytes: bytes.length, mediaType: 'application/octet-stream', metadata: {} };
      await client.put(object, Readable.from(bytes.length === 0 ? [] : [bytes]), NEVER);
    },
    async readReleased() {
      const { items } = await client.list({ bucket: buckets.released, prefix: '', areVersions: true }, NEVER);
      const found = new Map<string, Buffer>();
      for (const { kind, key, versionId } of items) {
        if (kind === 'marker') continue;
        const { stream } = await client.get({ bucket: buckets.released, key, versionId }, NEVER);
        found.set(`${decodeURIComponent(key)}${found.has(decodeURIComponent(key)) ? ` ${versionId}` : ''}`, Buffer.concat(await stream.toArray()));
      }
      return found;
    },
    async listQuarantine() {
      const { items } = await client.list({ bucket: buckets.quarantine, prefix: '', areVersions: true }, NEVER);
      return items.filter(({ kind }) => kind === 'version').map(({ key }) => decodeURIComponent(key));
    },
    async settle({ lists = true } = {}) {
      if (lists) await service.reconcile(NEVER);
      for (let turn = 0; turn < 2000; turn += 1) {
        // Asked first: what is decided meanwhile is due again.
        const waiting = await undecided();
        const steps = await service.drain(NEVER);
        if (steps === 0 && waiting === 0) return;
        if (steps === 0) await new Promise((resolve) => void setTimeout(resolve, 10));
      }
      throw new Error('what is in quarantine was not settled');
    },
    restart: async () => build({ ...built, intake: await intake.restart() }),
    async stop() {
      await service.stop();
      await client.close();
      await outbound.close();
      await intake.stop();
      await db.drop();
    },
  };
}
