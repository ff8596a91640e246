/** Sessions and results. */
import type { Kysely, Selectable, Updateable } from 'kysely';
import type { Sql } from '../../platform/db/database.ts';
import { stateAt } from './rules.ts';
import type { AgeResult, AgeSession, Direction, Grade, Kind, Notice, Result, SessionState } from './schema.ts';

interface SessionTable {
  id: string;
  service: string;
  threshold: number;
  direction: Direction;
  min_grade: number;
  methods: string[] | null;
  locale: string;
  return_url: string;
  under_url: string | null;
  nonce: string | null;
  callback_url: string | null;
  state: SessionState;
  notice: Notice | null;
  client_hash: Buffer;
  browser_hash: Buffer | null;
  attempts: number;
  version: number;
  created_at: Date;
  expires_at: Date;
  ended_at: Date | null;
}
interface ResultTable {
  session_id: string;
  service: string;
  threshold: number;
  direction: Direction;
  result: Result;
  grade: number;
  method: string;
  kind: Kind;
  generation: number | null;
  completed_at: Date;
  expires_at: Date;
  return_hash: Buffer | null;
  used_at: Date | null;
}
type Tables = { 'age.session': SessionTable; 'age.result': ResultTable; 'age.service': { id: string; name: string; help_url: string | null } };
export type SessionRow = Selectable<SessionTable>;
export type ResultRow = Selectable<ResultTable>;

const tables = (db: Sql): Kysely<Tables> => db.withTables<Tables>();

export async function insertSession(db: Sql, row: SessionRow): Promise<void> {
  await tables(db).insertInto('age.session').values(row).execute();
}

export interface FoundSession {
  readonly session: AgeSession;
  readonly clientHash: Uint8Array;
  readonly browserHash: Uint8Array | null;
}

export async function findSession(db: Sql, id: string, now: Date): Promise<FoundSession | undefined> {
  const row = await tables(db)
    .selectFrom('age.session')
    .innerJoin('age.service', 'age.service.id', 'age.session.service')
    .selectAll('age.session')
    .select(['age.service.name as service_name', 'age.service.help_url'])
    .where('age.session.id', '=', id)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return { session: toSession(row, now), clientHash: row.client_hash, browserHash: row.browser_hash };
}

function toSession(row: SessionRow & { readonly service_name: string; readonly help_url: string | null }, now: Date): AgeSession {
  return {
    id: row.id,
    service: row.service,
    serviceName: row.service_name,
    helpUrl: row.help_url ?? undefined,
    threshold: row.threshold,
    direction: row.direction,
    minGrade: toGrade(row.min_grade),
    methods: row.methods ?? undefined,
    locale: row.locale,
    returnUrl: row.return_url,
    underUrl: row.under_url ?? undefined,
    nonce: row.nonce ?? undefined,
    callbackUrl: row.callback_url ?? undefined,
    state: stateAt({ state: row.state, expiresAt: row.expires_at }, now),
    notice: row.notice ?? undefined,
    attempts: row.attempts,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    endedAt: row.ended_at ?? undefined,
    version: row.version,
  };
}

/** The column's check holds it to 0 to 4. */
function toGrade(value: number): Grade {
  return value as Grade;
}

/** False when another browser was first. */
export async function bindBrowser(db: Sql, id: string, bound: { readonly hash: Buffer; readonly now: Date }): Promise<boolean> {
  const row = await change(db, id, { browser_hash: bound.hash, now: bound.now }).where('browser_hash', 'is', null).returning('id').executeTakeFirst();
  return row !== undefined;
}

export async function noteNotice(db: Sql, id: string, what: { readonly notice: Notice; readonly now: Date }): Promise<void> {
  await change(db, id, { notice: what.notice, now: what.now }).execute();
}

/** In any state, and without a new version: the answer is the same in every language. */
export async function updateLocale(db: Sql, id: string, locale: string): Promise<void> {
  await tables(db).updateTable('age.session').set({ locale }).where('id', '=', id).execute();
}

/** One UPDATE decides who is first; whoever comes later, or too late, gets nothing. */
export async function endSession(db: Sql, id: string, end: { readonly state: 'completed' | 'cancelled'; readonly now: Date }): Promise<SessionRow | undefined> {
  return change(db, id, { state: end.state, ended_at: end.now, notice: null, now: end.now }).returningAll().executeTakeFirst();
}

/** False when the session is not open or has had all its attempts. */
export async function countAttempt(db: Sql, id: string, limit: { readonly max: number; readonly now: Date }): Promise<boolean> {
  const row = await change(db, id, { notice: null, now: limit.now })
    .set(({ eb }) => ({ attempts: eb('attempts', '+', 1) }))
    .where('attempts', '<', limit.max)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** A change of an open session. */
function change(db: Sql, id: string, { now, ...values }: Updateable<SessionTable> & { readonly now: Date }) {
  return tables(db)
    .updateTable('age.session')
    .set(values)
    .set(({ eb }) => ({ version: eb('version', '+', 1) }))
    .where('id', '=', id)
    .where('state', '=', 'open')
    .where('expires_at', '>', now);
}

export async function insertResult(db: Sql, row: Omit<ResultRow, 'return_hash' | 'used_at'>): Promise<void> {
  await tables(db)
    .insertInto('age.result')
    .values({ ...row, return_hash: null, used_at: null })
    .execute();
}

export async function findResult(db: Sql, sessionId: string, now: Date): Promise<AgeResult | undefined> {
  const row = await tables(db)
    .selectFrom('age.result')
    .innerJoin('age.session', 'age.session.id', 'age.result.session_id')
    .selectAll('age.result')
    .select('age.session.nonce')
    .where('age.result.session_id', '=', sessionId)
    .where('age.result.expires_at', '>', now)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    sessionId: row.session_id,
    service: row.service,
    threshold: row.threshold,
    direction: row.direction,
    result: row.result,
    grade: toGrade(row.grade),
    method: row.method,
    kind: row.kind,
    generation: row.generation ?? undefined,
    nonce: row.nonce ?? undefined,
    completedAt: row.completed_at,
    expiresAt: row.expires_at,
  };
}

export async function noteReturn(db: Sql, sessionId: string, hash: Buffer): Promise<void> {
  await tables(db).updateTable('age.result').set({ return_hash: hash }).where('session_id', '=', sessionId).execute();
}

export async function findReturnHash(db: Sql, sessionId: string): Promise<Uint8Array | null> {
  const row = await tables(db).selectFrom('age.result').select('return_hash').where('session_id', '=', sessionId).executeTakeFirst();
  return row?.return_hash ?? null;
}

/** True for the first who uses the result. */
export async function useResult(db: Sql, sessionId: string, now: Date): Promise<boolean> {
  const row = await tables(db)
    .updateTable('age.result')
    .set({ used_at: now })
    .where('session_id', '=', sessionId)
    .where('used_at', 'is', null)
    .returning('session_id')
    .executeTakeFirst();
  return row !== undefined;
}

export async function countOpen(db: Sql, now: Date): Promise<number> {
  const row = await tables(db)
    .selectFrom('age.session')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('state', '=', 'open')
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow();
  return row.count;
}

/** What is over goes: results at their time, sessions a little after their end, with everything that hangs on them. */
export async function prune(db: Sql, at: { readonly now: Date; readonly endedBefore: Date }): Promise<void> {
  await tables(db).deleteFrom('age.result').where('expires_at', '<=', at.now).execute();
  await tables(db)
    .updateTable('age.session')
    .set({ state: 'expired', ended_at: at.now })
    .set(({ eb }) => ({ version: eb('version', '+', 1) }))
    .where('state', '=', 'open')
    .where('expires_at', '<=', at.now)
    .execute();
  await tables(db).deleteFrom('age.session').where('ended_at', '<=', at.endedBefore).execute();
}
