/** The tables of access. Every function takes the database or a transaction; none knows a rule. */
import { CompiledQuery, sql, type Kysely } from 'kysely';
import type { Sql } from '../platform/db/database.ts';

export interface PersonRow {
  readonly id: string;
  readonly name: string;
  readonly rights: string[];
  readonly created_at: Date;
  readonly last_sign_in_at: Date | null;
}

export interface KeyRow {
  readonly id: string;
  readonly name: string;
  readonly secret_hash: Buffer;
  readonly rights: string[];
  readonly created_at: Date;
  readonly created_by: string;
  readonly expires_at: Date | null;
  readonly last_used_at: Date | null;
  readonly revoked_at: Date | null;
  readonly revoked_by: string | null;
}

export interface SessionRow {
  readonly id: string;
  readonly person_id: string;
  readonly secret_hash: Buffer;
  readonly created_at: Date;
  readonly expires_at: Date;
}

export interface LinkRow {
  readonly id: string;
  readonly person_id: string;
  readonly secret_hash: Buffer;
  readonly created_at: Date;
  readonly created_by: string;
  readonly expires_at: Date;
  readonly used_at: Date | null;
}

/** A type, not an interface: Kysely wants an implicit index signature. */
type AccessTables = {
  'access.person': PersonRow;
  'access.api_key': KeyRow;
  'access.session': SessionRow;
  'access.sign_in_link': LinkRow;
};

function tables(db: Sql): Kysely<AccessTables> {
  return db.withTables<AccessTables>();
}

/** The person of this name, locked until the transaction ends; `person` is stored when there is none. */
export async function takePerson(db: Sql, person: PersonRow): Promise<PersonRow> {
  // The update changes nothing; it locks the row, so that two links cannot decide on the same person's rights at once.
  return tables(db)
    .insertInto('access.person')
    .values(person)
    .onConflict((conflict) => conflict.column('name').doUpdateSet((row) => ({ name: row.ref('excluded.name') })))
    .returningAll()
    .executeTakeFirstOrThrow();
}

export async function setPersonRights(db: Sql, id: string, rights: readonly string[]): Promise<void> {
  await tables(db)
    .updateTable('access.person')
    .set({ rights: [...rights] })
    .where('id', '=', id)
    .execute();
}

export async function notePersonSignIn(db: Sql, id: string, at: Date): Promise<void> {
  await tables(db).updateTable('access.person').set({ last_sign_in_at: at }).where('id', '=', id).execute();
}

export async function countSignedInPersons(db: Sql): Promise<number> {
  const row = await tables(db)
    .selectFrom('access.person')
    .where('last_sign_in_at', 'is not', null)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return row.count;
}

export async function insertKey(db: Sql, key: KeyRow): Promise<void> {
  await tables(db).insertInto('access.api_key').values(key).execute();
}

export async function findKey(db: Sql, id: string): Promise<KeyRow | undefined> {
  return tables(db).selectFrom('access.api_key').selectAll().where('id', '=', id).executeTakeFirst();
}

/** What a request that shows a key is judged by. */
export type KeyInUse = Pick<KeyRow, 'id' | 'name' | 'secret_hash' | 'rights' | 'expires_at' | 'revoked_at'>;

/** Asked on every request: written out, because to build it anew takes longer than to answer it. */
const KEYS_IN_USE = 'select id, name, secret_hash, rights, expires_at, revoked_at from access.api_key where id = any($1)';

export async function findKeysInUse(db: Sql, ids: readonly string[]): Promise<readonly KeyInUse[]> {
  // The columns of the text above.
  const query = CompiledQuery.raw(KEYS_IN_USE, [ids]) as CompiledQuery<KeyInUse>;
  return (await db.executeQuery(query)).rows;
}

/** Newest first: ids sort by time. */
export async function listKeys(db: Sql): Promise<KeyRow[]> {
  return tables(db).selectFrom('access.api_key').selectAll().orderBy('id', 'desc').execute();
}

/** @returns false when it was revoked before, or is unknown */
export async function revokeKey(db: Sql, id: string, by: { readonly at: Date; readonly actor: string }): Promise<boolean> {
  const result = await tables(db)
    .updateTable('access.api_key')
    .set({ revoked_at: by.at, revoked_by: by.actor })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Several nodes may note the same use: only a later minute is written. */
export async function noteKeyUse(db: Sql, id: string, minute: Date): Promise<void> {
  await tables(db)
    .updateTable('access.api_key')
    .set({ last_used_at: minute })
    .where('id', '=', id)
    .where((is) => is.or([is('last_used_at', 'is', null), is('last_used_at', '<', minute)]))
    .execute();
}

export async function insertSession(db: Sql, session: SessionRow): Promise<void> {
  await tables(db).insertInto('access.session').values(session).execute();
}

export async function findSession(db: Sql, id: string): Promise<(SessionRow & { readonly name: string; readonly rights: string[] }) | undefined> {
  return tables(db)
    .selectFrom('access.session')
    .innerJoin('access.person', 'access.person.id', 'access.session.person_id')
    .selectAll('access.session')
    .select(['access.person.name', 'access.person.rights'])
    .where('access.session.id', '=', id)
    .executeTakeFirst();
}

/** @returns whose it was; undefined when it had ended before */
export async function deleteSession(db: Sql, id: string): Promise<string | undefined> {
  const row = await tables(db).deleteFrom('access.session').where('id', '=', id).returning('person_id').executeTakeFirst();
  return row?.person_id;
}

export async function deleteSessionsOf(db: Sql, personId: string): Promise<number> {
  const result = await tables(db).deleteFrom('access.session').where('person_id', '=', personId).executeTakeFirst();
  return Number(result.numDeletedRows);
}

export async function insertLink(db: Sql, link: LinkRow): Promise<void> {
  await tables(db).insertInto('access.sign_in_link').values(link).execute();
}

export async function findLink(db: Sql, id: string): Promise<(LinkRow & { readonly name: string; readonly rights: string[] }) | undefined> {
  return tables(db)
    .selectFrom('access.sign_in_link')
    .innerJoin('access.person', 'access.person.id', 'access.sign_in_link.person_id')
    .selectAll('access.sign_in_link')
    .select(['access.person.name', 'access.person.rights'])
    .where('access.sign_in_link.id', '=', id)
    .executeTakeFirst();
}

/** The one gate that a link passes once: of simultaneous transactions the row lock lets one through, the others then see it used. */
export async function useLink(db: Sql, id: string, at: Date): Promise<boolean> {
  const result = await tables(db)
    .updateTable('access.sign_in_link')
    .set({ used_at: at })
    .where('id', '=', id)
    .where('used_at', 'is', null)
    .where('expires_at', '>', at)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

export async function deleteUnusedLinksOf(db: Sql, personId: string): Promise<void> {
  await tables(db).deleteFrom('access.sign_in_link').where('person_id', '=', personId).where('used_at', 'is', null).execute();
}

export async function deleteExpired(db: Sql, at: Date): Promise<{ sessions: number; links: number }> {
  const sessions = await tables(db).deleteFrom('access.session').where('expires_at', '<=', at).executeTakeFirst();
  const links = await tables(db).deleteFrom('access.sign_in_link').where('expires_at', '<=', at).executeTakeFirst();
  return { sessions: Number(sessions.numDeletedRows), links: Number(links.numDeletedRows) };
}

/** Keys that work at `at`, and those of them that stop working before `soon`. */
export async function countKeys(db: Sql, at: Date, soon: Date): Promise<{ active: number; expiring: number; nextExpiryAt: Date | null }> {
  const row = await tables(db)
    .selectFrom('access.api_key')
    .where('revoked_at', 'is', null)
    .where((is) => is.or([is('expires_at', 'is', null), is('expires_at', '>', at)]))
    .select(({ fn }) => [
      fn.countAll<number>().as('active'),
      sql<number>`count(*) filter (where expires_at <= ${soon})`.as('expiring'),
      fn.min('expires_at').as('nextExpiryAt'),
    ])
    .executeTakeFirstOrThrow();
  return row;
}
