/** Notices with a real database and mail server; countries, networks and procedures as a test says. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Contact, HostingClaim, HostingService } from '../../src/international/hosting/schema.ts';
import type { Ladder } from '../../src/international/notices/ladder-schema.ts';
import { migrations } from '../../src/international/notices/migrations.ts';
import type { Authority, NoticesService, ReportInput } from '../../src/international/notices/schema.ts';
import { createNoticesService } from '../../src/international/notices/service.ts';
import type { Procedure } from '../../src/international/profiles/schema.ts';
import type { SettingKey } from '../../src/platform/config.ts';
import { createFakeClock, type FakeClock } from './clock.ts';
import { createTestContext, type TestContext } from './context.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { startSmtpServer, type TestSmtpServer } from './smtp-server.ts';

export const ANALYST = 'key_analyst';
const NOT_ABORTED = new AbortController().signal;
export const HOUR_MS = 3_600_000;

export interface NoticesScene {
  readonly notices: NoticesService;
  readonly clock: FakeClock;
  readonly mail: TestSmtpServer;
  readonly db: TestDatabase;
  readonly test: TestContext;
  /** By host name; a host that is not in it cannot be traced. */
  readonly places: Map<string, HostingClaim>;
  readonly procedures: Map<string, Procedure>;
  readonly events: { readonly name: string; readonly payload: unknown }[];
  advance(): Promise<{ readonly sent: number; readonly failed: number; readonly waiting: number }>;
  /** A second node, or the same one after a restart. */
  restart(): Promise<NoticesService>;
  dispose(): Promise<void>;
}

export interface NoticesSceneOptions {
  readonly start?: Date;
  readonly authority?: Authority | null;
  readonly ladder?: Partial<Ladder>;
  readonly config?: Partial<Record<SettingKey, unknown>>;
}

export const AUTHORITY: Authority = {
  body: 'Example Hotline',
  law: 'Example Act, section 1',
  countries: ['NL', 'DE'],
  contactEmail: 'notices@hotline.example.org',
};

export async function setNoticesScene({ start, authority = AUTHORITY, ladder, config }: NoticesSceneOptions = {}): Promise<NoticesScene> {
  const db = await createTestDatabase([{ domain: 'international', migrations }]);
  const mail = await startSmtpServer();
  const clock = createFakeClock(start ?? new Date('2026-11-02T09:00:00Z'));
  const files = await createTestContext({ database: db.database });
  const settings: Partial<Record<SettingKey, unknown>> = {
    noticesSmtpUrl: `smtp://127.0.0.1:${mail.port}`,
    outboundAllow: [`127.0.0.1:${mail.port}`],
    noticesApprove: 'contacts',
    ...(authority === null ? {} : { noticesAuthority: await keepJson(files.dataDir, 'authority.json', authority) }),
    ...(ladder === undefined ? {} : { noticesLadderFile: await keepJson(files.dataDir, 'ladder.json', ladder) }),
    ...config,
  };
  const test = await createTestContext({ database: db.database, clock, config: settings });
  const places = new Map<string, HostingClaim>();
  const procedures = new Map<string, Procedure>();
  const events: { name: string; payload: unknown }[] = [];
  for (const name of ['notice.changed', 'notice.url_viewed'] as const) test.context.events.on(name, (payload) => void events.push({ name, payload }));
  const hosting: Pick<HostingService, 'claim'> = {
    async claim({ value }) {
      const found = places.get(new URL(value).hostname);
      if (found === undefined) throw new Error('no answer');
      return { ...found, madeAt: clock.now().toISOString() };
    },
  };
  const profiles = { procedure: async (country: string) => procedures.get(country) ?? makeProcedure(country) };
  const make = (): Promise<NoticesService> => createNoticesService({ context: test.context, hosting, profiles });
  const notices = await make();
  return {
    ...{ notices, clock, mail, db, test, places, procedures, events },
    advance: () => notices.advance(NOT_ABORTED),
    restart: make,
    async dispose() {
      await mail.close();
      await test.dispose();
      await files.dispose();
      await db.drop();
    },
  };
}

async function keepJson(dir: string, name: string, value: unknown): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, JSON.stringify(value));
  return path;
}

export function makeProcedure(country: string, change: Partial<Procedure> = {}): Procedure {
  return {
    country,
    policeFirst: 'unknown',
    hotline: null,
    police: null,
    regulator: null,
    fallback: `The police of ${country}, through INTERPOL`,
    formats: [],
    workingDays: [1, 2, 3, 4, 5],
    areWorkingDaysKnown: false,
    holidays: [],
    timeZone: null,
    legalBasis: null,
    staleKeys: [],
    ...change,
  };
}

export function makeContact(scope: Contact['scope'], email: string | null, change: Partial<Contact> = {}): Contact {
  return {
    scope,
    name: `Example ${scope}`,
    email,
    url: null,
    source: 'RDAP rdap.example.net',
    retrievedAt: '2026-11-01T00:00:00.000Z',
    problem: null,
    ...change,
  };
}

export function makeClaim(host: string, country: string | null, change: Partial<HostingClaim> = {}): HostingClaim {
  return {
    kind: 'url',
    host,
    origin: country === null ? 'disputed' : 'claimed',
    country,
    addresses: [
      {
        ip: '192.0.2.10',
        asn: 64_496,
        network: 'EXAMPLE-NET',
        findings: country === null ? [] : [{ method: 'geo_db', country, dataset: 'server-country.mmdb', datasetDate: '2026-11-01' }],
        agreement: { agree: 1, of: 1 },
        country,
        isEdge: false,
      },
    ],
    registrar: 'Example Registrar',
    contacts: [makeContact('network', 'abuse@network.example.net'), makeContact('registrar', 'abuse@registrar.example.com')],
    problems: [],
    madeAt: '2026-11-01T00:00:00.000Z',
    ...change,
  };
}

export function makeReport(url: string, change: Partial<ReportInput> = {}): ReportInput {
  return { url, classification: 'baseline', basis: 'Assessed under the example act', detection: 'manual_review', mediaType: 'image', ...change };
}
