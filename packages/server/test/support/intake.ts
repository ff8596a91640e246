/** Intake on a real database and a real disk, with lists and screening that answer what a test wants. */
import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { sql } from 'kysely';
import { intakeDomain, type Feed, type IntakeService, type PreviewRenderer } from '../../src/intake/index.ts';
import { jobs as intakeJobs } from '../../src/intake/jobs.ts';
import type { Hit, QuerySignals } from '../../src/lists/index.ts';
import { openFileBlobs } from '../../src/platform/blobs.ts';
import type { SettingKey } from '../../src/platform/config.ts';
import type { EventMap, EventName } from '../../src/platform/events.ts';
import { ALL_RIGHTS, type Principal } from '../../src/platform/http/rights.ts';
import type { ScreenRequest, Screening, ScreeningService, ScreenResult } from '../../src/screening/index.ts';
import { createFakeClock, type FakeClock } from './clock.ts';
import { createTestContext, type TestContext } from './context.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';

export const PERSON: Principal = { kind: 'key', id: 'key_1', name: 'test', rights: new Set(ALL_RIGHTS) };

export function toHit(disposition: Hit['disposition']): Hit {
  return { listId: `list_${'0'.repeat(26)}`, listName: 'demonstration', entry: 1, signal: 'sha256', distance: 0, disposition };
}

/** The first word of the content is the verdict; `known` holds digests that the lists hold from now on. */
export interface FakeScreening extends ScreeningService, Partial<PreviewRenderer> {
  readonly requests: ScreenRequest[];
  readonly known: Set<string>;
  version: number;
  /** Replaces the answer of `screen`. */
  answer: ((request: ScreenRequest) => Promise<Partial<Screening>>) | undefined;
}

export function createFakeScreening(): FakeScreening {
  const build = (part: Partial<Screening>): Screening => ({
    verdict: 'clear',
    explanation: 'a test',
    hits: [],
    hitCount: 0,
    listSetVersion: fake.version,
    engineVersion: 'test',
    timings: { waitMs: 0, decodeMs: 0, hashMs: 0, matchMs: 0, totalMs: 0 },
    media: { type: 'image/png' },
    ...part,
  });
  const match = (digest: string): Partial<Screening> => (fake.known.has(digest) ? { verdict: 'match', hits: [toHit('hold')], hitCount: 1 } : {});
  const fake: FakeScreening = {
    requests: [],
    known: new Set(),
    version: 1,
    answer: undefined,
    engineVersion: 'test',
    queueLength: () => 0,
    async screen(request): Promise<ScreenResult> {
      fake.requests.push(request);
      // As it is now: a test may change it while the file is read.
      const { answer } = fake;
      const bytes = await readFile(request.path);
      // Promise 1: what is screened is what was measured.
      if (createHash('sha256').update(bytes).digest('hex') !== request.digests.sha256) throw new Error('the file has other bytes than announced');
      const signals: QuerySignals = { digests: request.digests, pictures: [] };
      const part = answer === undefined ? { ...readVerdict(bytes.toString('latin1')), ...match(request.digests.sha256) } : await answer(request);
      return { screening: build(part), signals };
    },
    rematch: async (signals) => build(match(signals.digests.sha256)),
  };
  return fake;
}

function readVerdict(text: string): Partial<Screening> {
  const [verdict, more] = text.split(' ');
  if (verdict === 'match') return { verdict, hits: [toHit(more === 'refuse' ? 'refuse' : 'hold')], hitCount: 1 };
  if (verdict === 'unscannable') return { verdict, reason: more ?? 'undecodable' };
  if (verdict === 'error') return { verdict, reason: more ?? 'internal' };
  return {};
}

export interface TestIntake extends TestContext {
  readonly service: IntakeService;
  readonly clock: FakeClock;
  readonly db: TestDatabase;
  readonly screening: FakeScreening;
  /** What was emitted, in order. */
  readonly emitted: { readonly name: EventName; readonly payload: object }[];
  /** Runs the jobs that were enqueued, also those that they enqueue, whatever their delay. */
  runJobs(): Promise<void>;
  /** As a killed process would be started again: same database, same data directory. */
  restart(): Promise<TestIntake>;
  stop(): Promise<void>;
}

export function createIntakeDatabase(): Promise<TestDatabase> {
  return createTestDatabase([{ domain: 'intake', migrations: intakeDomain.migrations }]);
}

export async function emptyIntake({ database }: TestDatabase): Promise<void> {
  await sql`truncate intake.upload, intake.look, intake.idempotency, intake.receipt, intake.receipt_key, intake.callback, intake.callback_secret`.execute(
    database.sql,
  );
}

async function openAreas(dataDir: string): Promise<TestContext['context']['blobs']> {
  const open = (name: string): ReturnType<typeof openFileBlobs> => openFileBlobs(join(dataDir, name));
  return { quarantine: await open('quarantine'), released: await open('released'), segments: await open('segments') };
}

interface Options {
  readonly config?: Partial<Record<SettingKey, unknown>>;
  readonly db?: TestDatabase;
  readonly clock?: FakeClock;
  readonly screening?: FakeScreening;
  readonly dataDir?: string;
}

const EVENTS: readonly EventName[] = ['upload.decided', 'upload.content_viewed', 'receipt.issued', 'receipt.revoked'];

export async function startIntake(options: Options = {}): Promise<TestIntake> {
  const db = options.db ?? (await createIntakeDatabase());
  const clock = options.clock ?? createFakeClock();
  const screening = options.screening ?? createFakeScreening();
  const base = await createTestContext({
    database: db.database,
    clock,
    config: { ...options.config, ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }) },
  });
  const context = options.dataDir === undefined ? base.context : { ...base.context, blobs: await openAreas(options.dataDir) };
  const emitted: { name: EventName; payload: object }[] = [];
  for (const name of EVENTS) context.events.on(name, (payload: EventMap[typeof name]) => void emitted.push({ name, payload }));
  const lists = { matcher: () => ({ listSetVersion: screening.version }), addReferences: async (hits: readonly Hit[]) => hits };
  const created = await intakeDomain.create(context, { lists, screening });
  await created.start?.();
  const definitions = new Map(intakeJobs(created.service).map((job) => [job.name, job]));
  const intake: TestIntake = {
    ...base,
    context,
    service: created.service,
    clock,
    db,
    screening,
    emitted,
    async runJobs() {
      for (;;) {
        const job = base.collected.shift();
        if (job === undefined) return;
        await definitions.get(job.name)?.run(JSON.parse(JSON.stringify(job.data)), new AbortController().signal);
      }
    },
    restart: () => startIntake({ ...options, db, clock, screening, dataDir: context.config.dataDir }),
    async stop() {
      await created.stop?.();
      await base.dispose();
      if (options.db === undefined) await db.drop();
    },
  };
  return intake;
}

export function feedOf(content: string | Uint8Array): Feed {
  return (sink) => sink(Readable.from([Buffer.from(content)]));
}

export const NEVER: AbortSignal = new AbortController().signal;
setMaxListeners(0, NEVER);
