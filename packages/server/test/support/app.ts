/** The whole application in this process, on a fresh database, with real decoder processes (from `dist`: build first). */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApp, type App } from '../../src/app.ts';
import { systemClock, type Clock } from '../../src/platform/clock.ts';
import { loadConfig, type SettingKey } from '../../src/platform/config.ts';
import { controlSocketPath } from '../../src/platform/http/server.ts';
import { ALL_RIGHTS, LOCAL_PRINCIPAL } from '../../src/platform/http/rights.ts';
import { silentLog, type Log } from '../../src/platform/log.ts';
import { createTestDatabase } from './database.ts';

export interface TestApp {
  readonly app: App;
  /** http://127.0.0.1:<port> */
  readonly url: string;
  readonly socketPath: string;
  readonly dataDir: string;
  /** An API key with every right. */
  readonly key: string;
  /** A one-time sign-in link for a browser. */
  createSignInLink(): Promise<string>;
  /** `fetch` with the key. */
  call(path: string, init?: RequestInit): Promise<Response>;
  stop(): Promise<void>;
}

export interface TestAppOptions {
  readonly config?: Partial<Record<SettingKey, unknown>>;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly isPublicOnly?: boolean;
}

export async function startTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-app-'));
  await chmod(dataDir, 0o711);
  const { target, drop } = await createTestDatabase();
  const loaded = loadConfig({
    env: {},
    overrides: { dataDir, port: 0, logLevel: 'silent', anonymousPerMinute: 100_000, requestsPerMinute: 1_000_000, ...options.config },
  });
  const app = await startApp({
    loaded,
    log: options.log ?? silentLog,
    clock: options.clock ?? systemClock,
    listen: 'all',
    isPublicOnly: options.isPublicOnly ?? false,
    database: target,
  });
  const url = app.url ?? '';
  const { secret: key } = await app.services.access.createKey({ name: 'test', rights: [...ALL_RIGHTS] }, LOCAL_PRINCIPAL);
  return {
    app,
    url,
    socketPath: controlSocketPath(dataDir),
    dataDir,
    key,
    createSignInLink: async () => (await app.services.access.createFirstSignInLink()).url,
    call: (path, init = {}) =>
      fetch(new URL(path, url), { ...init, headers: { authorization: `Bearer ${key}`, ...Object.fromEntries(new Headers(init.headers)) } }),
    async stop() {
      await app.stop();
      await drop();
      // A file that comes while the folder is emptied is no fault of a test.
      await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
