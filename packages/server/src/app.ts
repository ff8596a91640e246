/**
 * The composition root: the only place that constructs. Platform first, then the domains in their order, then the surfaces;
 * stopping is the same in reverse, by emptying the event loop.
 */
import { join } from 'node:path';
import { openSurfaces } from './listening.ts';
import { domains, type Services } from './domains.ts';
import { readBackup, restoreBackup, type BackupManifest } from './platform/backup/backup.ts';
import { leaveRestoreNote, writeRecordedBackup } from './platform/backup/recorded.ts';
import { openFileBlobs } from './platform/blobs.ts';
import { createPlatformChecks } from './platform/checks.ts';
import type { Clock } from './platform/clock.ts';
import type { LoadedConfig, SettingView } from './platform/config.ts';
import type { AppContext } from './platform/context.ts';
import { openDatabase, type Database, type DatabaseTarget } from './platform/db/database.ts';
import { superviseEmbedded } from './platform/db/embedded-supervisor.ts';
import { startEmbedded, type EmbeddedPostgres } from './platform/db/embedded.ts';
import { migrate, type DomainMigrations } from './platform/db/migrate.ts';
import type { Check, Created, Domain } from './platform/domain.ts';
import { createEvents } from './platform/events.ts';
import { createEvidence } from './platform/evidence.ts';
import type { Route } from './platform/http/route.ts';
import { createSystemRoutes } from './platform/http/system-routes.ts';
import { createJobs } from './platform/jobs.ts';
import { acquireDataDirLock } from './platform/lock.ts';
import { collectLogParts } from './platform/log-source.ts';
import type { Log } from './platform/log.ts';
import { createMetrics } from './platform/metrics.ts';
import { createOutbound } from './platform/outbound.ts';
import { loadAssets } from './platform/ui/assets.ts';
import { VERSION } from './platform/version.ts';
import { Undo } from './undo.ts';

export interface AppOptions {
  readonly loaded: LoadedConfig;
  readonly log: Log;
  readonly clock: Clock;
  /** `control`: only the socket in the data directory, for a command that needs a server for a moment. */
  readonly listen: 'all' | 'control';
  /** On TCP nothing but what is published: no console, no sign-in, no API with rights. The control socket serves everything. */
  readonly isPublicOnly?: boolean;
  /** Tests: a database that is there already. */
  readonly database?: DatabaseTarget;
  /** Ends a start that is under way. */
  readonly signal?: AbortSignal;
}

export interface App {
  /** Undefined when only the control socket is open. */
  readonly url: string | undefined;
  readonly services: Services;
  readonly context: AppContext;
  /** Takes no new request, waits for those under way, stops jobs, domains and the database. Safe to call twice. */
  stop(): Promise<void>;
}

const DOMAIN_MIGRATIONS: readonly DomainMigrations[] = (domains as readonly AnyDomain[]).map(({ name, migrations, transient }) => ({
  domain: name,
  migrations,
  ...(transient === undefined ? {} : { transient }),
}));

type AnyDomain = Domain<string, unknown, object>;

interface Opened {
  readonly domain: AnyDomain;
  readonly created: Created<unknown>;
}

/** @throws {GatehouseError | LockError | EmbeddedPostgresError} what had been started is stopped again */
export async function startApp(options: AppOptions): Promise<App> {
  const undo = new Undo(options.log);
  const stopping = new AbortController();
  try {
    return await start(options, undo, stopping);
  } catch (error) {
    // What runs in the background ends only when it is told to.
    stopping.abort();
    await undo.runAll();
    throw error;
  }
}

async function start(options: AppOptions, undo: Undo, stopping: AbortController): Promise<App> {
  const { loaded, log, clock } = options;
  const { config } = loaded;
  const lock = await acquireDataDirLock(config.dataDir);
  undo.add('lock', () => lock.release());
  const database = await openStorage(options, stopping.signal, undo);
  const address: { url: string | undefined } = { url: undefined };
  const context = await createContext({
    config,
    settings: loaded.views,
    log,
    clock,
    database,
    stopping: stopping.signal,
    publicUrl: () => config.publicUrl ?? address.url ?? `http://${config.host}:${config.port}`,
    ownUrl: () => address.url,
  });
  undo.add('outbound', () => context.outbound.close());
  await migrate(database, DOMAIN_MIGRATIONS, log);
  const opened = await openDomains(context);
  const services = toServices(opened);
  for (const { domain, created } of opened) {
    undo.add(domain.name, async () => created.stop?.());
    await created.start?.();
  }
  await services.log.begin(await collectLogParts(opened, context));
  undo.add('jobs', () => context.jobs.stop(config.stopTimeoutMs));
  await context.jobs.start(opened.flatMap(({ domain, created }) => domain.jobs?.(created.service, context) ?? []));
  await openSurfaces({
    context,
    routes: collectRoutes(opened, context),
    listeners: opened.flatMap(({ domain, created }) => domain.listeners?.(created.service, context) ?? []),
    authenticator: services.access,
    listen: options.listen,
    isPublicOnly: options.isPublicOnly === true,
    address,
    undo,
  });
  // First of all when stopping: long polls end, and no new screening begins.
  undo.add('signal', async () => stopping.abort());
  return { url: address.url, services, context, stop: () => undo.runAll() };
}

/** `gatehouse restore`: takes the lock, starts the database, fills it, stops. @throws {GatehouseError} when something is there already */
export async function restoreIntoEmpty(options: Omit<AppOptions, 'listen'>, folder: string): Promise<BackupManifest> {
  const undo = new Undo(options.log);
  const stopping = new AbortController();
  try {
    const manifest = await readBackup(folder);
    const { dataDir } = options.loaded.config;
    const lock = await acquireDataDirLock(dataDir);
    undo.add('lock', () => lock.release());
    const database = await openStorage({ ...options, listen: 'control' }, stopping.signal, undo);
    await restoreBackup({ database, dataDir, folder, domains: DOMAIN_MIGRATIONS, log: options.log }, manifest);
    await leaveRestoreNote(options.loaded.config, options.clock, manifest);
    return manifest;
  } finally {
    stopping.abort();
    await undo.runAll();
  }
}

async function openStorage(options: AppOptions, stopping: AbortSignal, undo: Undo): Promise<Database> {
  const { config } = options.loaded;
  const target = options.database ?? (config.databaseUrl === undefined ? await startOwnPostgres(options, stopping, undo) : { url: config.databaseUrl });
  const database = openDatabase({ target, connections: config.databaseConnections, log: options.log });
  undo.add('database', () => database.close());
  return database;
}

async function startOwnPostgres(options: AppOptions, stopping: AbortSignal, undo: Undo): Promise<DatabaseTarget> {
  const { loaded, log, clock } = options;
  const server: EmbeddedPostgres = await startEmbedded({ dataDir: loaded.config.dataDir, pgBinDir: loaded.config.pgBin, log, clock, signal: options.signal });
  undo.add('postgres', () => server.stop());
  superviseEmbedded(server, {
    clock,
    log,
    signal: stopping,
    onChange: (isUp) => log.warn({ isUp }, isUp ? 'the database is back' : 'the database is away; uploads are held until it is back'),
  });
  return server.connection;
}

interface ContextParts extends Pick<AppContext, 'config' | 'log' | 'clock' | 'database' | 'stopping' | 'publicUrl' | 'ownUrl'> {
  readonly settings: readonly SettingView[];
}

async function createContext(parts: ContextParts): Promise<AppContext> {
  const openArea = (name: string): ReturnType<typeof openFileBlobs> => openFileBlobs(join(parts.config.dataDir, name));
  return {
    ...parts,
    metrics: createMetrics(),
    events: createEvents(),
    evidence: createEvidence(),
    jobs: createJobs(parts.database, parts.log),
    blobs: { quarantine: await openArea('quarantine'), released: await openArea('released'), segments: await openArea('segments') },
    outbound: createOutbound(parts.config.outboundAllow),
  };
}

async function openDomains(context: AppContext): Promise<Opened[]> {
  const services: Record<string, unknown> = {};
  const opened: Opened[] = [];
  for (const domain of domains as readonly AnyDomain[]) {
    const created = await domain.create(context, services);
    services[domain.name] = created.service;
    domain.metrics?.(created.service, context);
    opened.push({ domain, created });
  }
  return opened;
}

/** The only place where the erased services get their types back; `domains` names both. */
function toServices(opened: readonly Opened[]): Services {
  return Object.fromEntries(opened.map(({ domain, created }) => [domain.name, created.service])) as unknown as Services;
}

function collectRoutes(opened: readonly Opened[], context: AppContext): readonly Route[] {
  const checks: readonly Check[] = [
    ...createPlatformChecks(context),
    ...opened.flatMap(({ domain, created }) => domain.checks?.(created.service, context) ?? []),
  ];
  const own = opened.flatMap(({ domain, created }) => [
    ...(domain.routes?.(created.service, context) ?? []),
    ...(domain.pages?.(created.service, context) ?? []),
  ]);
  const system = createSystemRoutes({
    checks,
    settings: context.settings,
    metrics: context.metrics,
    version: VERSION,
    apiRoutes: () => [...own, ...system],
    backUp: (folder) => writeRecordedBackup(context, folder, DOMAIN_MIGRATIONS),
  });
  return [...own, ...system, ...loadAssets()];
}

/** Every route of the product, without anything behind it: for the OpenAPI document and the route tests. */
export function describeRoutes(loaded: LoadedConfig, clock: Clock): readonly Route[] {
  const nothing: unknown = new Proxy({}, { get: (_target, name) => (name === 'then' ? undefined : nothing) });
  const context = { config: loaded.config, settings: loaded.views, clock } as AppContext;
  const own = (domains as readonly AnyDomain[]).flatMap((domain) => [
    ...(domain.routes?.(nothing, context) ?? []),
    ...(domain.pages?.(nothing, context) ?? []),
  ]);
  const system = createSystemRoutes({
    checks: [],
    settings: loaded.views,
    metrics: createMetrics(),
    version: VERSION,
    apiRoutes: () => [...own, ...system],
    backUp: () => Promise.reject(new Error('nothing runs here')),
  });
  return [...own, ...system];
}
