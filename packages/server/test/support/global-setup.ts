/** One embedded PostgreSQL for the whole test run; each test file makes its own database in it (`database.ts`). */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbedded, type EmbeddedPostgresConnection } from '../../src/platform/db/embedded.ts';

declare module 'vitest' {
  interface ProvidedContext {
    postgres: EmbeddedPostgresConnection;
  }
}

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const root = await mkdtemp(join(tmpdir(), 'gatehouse-test-pg-'));
  await chmod(root, 0o711);
  const server = await startEmbedded({ dataDir: join(root, 'data'), log: silent });
  project.provide('postgres', server.connection);
  return async () => {
    await server.stop();
    await rm(root, { recursive: true, force: true, maxRetries: 5 });
  };
}
