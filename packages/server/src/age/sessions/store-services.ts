/** The relying services: who may ask, and where people may be sent back to. */
import type { Kysely, Selectable } from 'kysely';
import type { Sql } from '../../platform/db/database.ts';

interface ServiceTable {
  id: string;
  name: string;
  return_origins: string[];
  callback_url: string | null;
  under_url: string | null;
  help_url: string | null;
  created_at: Date;
}
type Tables = { 'age.service': ServiceTable };
export type ServiceRow = Selectable<ServiceTable>;

const tables = (db: Sql): Kysely<Tables> => db.withTables<Tables>();

/** The same id again replaces the others' words; sessions under way keep their own. */
export async function putService(db: Sql, row: ServiceRow): Promise<ServiceRow> {
  const { id: _id, created_at: _at, ...changed } = row;
  return tables(db)
    .insertInto('age.service')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(changed))
    .returningAll()
    .executeTakeFirstOrThrow();
}

export async function findService(db: Sql, id: string): Promise<ServiceRow | undefined> {
  return tables(db).selectFrom('age.service').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function listServices(db: Sql): Promise<ServiceRow[]> {
  return tables(db).selectFrom('age.service').selectAll().orderBy('id').execute();
}

export async function deleteService(db: Sql, id: string): Promise<boolean> {
  const row = await tables(db).deleteFrom('age.service').where('id', '=', id).returning('id').executeTakeFirst();
  return row !== undefined;
}
