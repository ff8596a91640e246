/** What domains receive, for tests: real database and blobs, silent log, jobs that are only collected unless `jobs` is given. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileBlobs } from '../../src/platform/blobs.ts';
import { systemClock, type Clock } from '../../src/platform/clock.ts';
import { loadConfig, type SettingKey } from '../../src/platform/config.ts';
import type { AppContext } from '../../src/platform/context.ts';
import type { Database } from '../../src/platform/db/database.ts';
import { createEvents } from '../../src/platform/events.ts';
import { createEvidence } from '../../src/platform/evidence.ts';
import type { EnqueueOptions, Jobs } from '../../src/platform/jobs.ts';
import { silentLog } from '../../src/platform/log.ts';
import { createMetrics } from '../../src/platform/metrics.ts';
import { createOutbound } from '../../src/platform/outbound.ts';

export interface CollectedJob {
  readonly name: string;
  readonly data: object;
  readonly options: EnqueueOptions;
}

export interface TestContext {
  readonly context: AppContext;
  readonly dataDir: string;
  /** What was enqueued, in order, unless `jobs` was given. */
  readonly collected: CollectedJob[];
  /** Aborts `context.stopping` and removes the data directory. The database is the caller's. */
  dispose(): Promise<void>;
}

export interface TestContextOptions {
  readonly database: Database;
  readonly clock?: Clock;
  readonly config?: Partial<Record<SettingKey, unknown>>;
  readonly jobs?: Jobs;
}

export async function createTestContext(options: TestContextOptions): Promise<TestContext> {
  const dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-test-'));
  const collected: CollectedJob[] = [];
  const stopping = new AbortController();
  const loaded = loadConfig({ env: {}, overrides: { dataDir, ...options.config } });
  const collector: Jobs = {
    async enqueue(name, data, enqueueOptions = {}) {
      collected.push({ name, data, options: enqueueOptions });
    },
    start: async () => undefined,
    stop: async () => undefined,
  };
  const context: AppContext = {
    config: loaded.config,
    settings: loaded.views,
    clock: options.clock ?? systemClock,
    log: silentLog,
    metrics: createMetrics(),
    events: createEvents(),
    evidence: createEvidence(),
    database: options.database,
    jobs: options.jobs ?? collector,
    blobs: {
      quarantine: await openFileBlobs(join(dataDir, 'quarantine')),
      released: await openFileBlobs(join(dataDir, 'released')),
      segments: await openFileBlobs(join(dataDir, 'segments')),
    },
    outbound: createOutbound(loaded.config.outboundAllow),
    publicUrl: () => 'http://127.0.0.1:8080',
    ownUrl: () => undefined,
    stopping: stopping.signal,
  };
  return {
    context,
    dataDir,
    collected,
    async dispose() {
      stopping.abort();
      await context.outbound.close();
      // A file that comes while the folder is emptied is no fault of a test.
      await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
