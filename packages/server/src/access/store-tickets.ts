/** Rows of tickets: what one end user may send, for minutes. */
import type { Kysely } from 'kysely';
import type { Sql } from '../platform/db/database.ts';

export interface TicketRow {
  readonly id: string;
  readonly secret_hash: Buffer;
  readonly subject_hash: Buffer;
  readonly uploads_max: number;
  readonly uploads_used: number;
  readonly bytes_max: number;
  readonly bytes_used: number;
  readonly created_at: Date;
  readonly created_by: string;
  readonly expires_at: Date;
  readonly revoked_at: Date | null;
  readonly callback_url: string | null;
}

/** A type, not an interface: Kysely wants an implicit index signature. */
type TicketTables = {
  'access.ticket': TicketRow;
  'access.api_key': { readonly id: string; readonly expires_at: Date | null; readonly revoked_at: Date | null };
};

function tables(db: Sql): Kysely<TicketTables> {
  return db.withTables<TicketTables>();
}

export async function insertTicket(db: Sql, ticket: TicketRow): Promise<void> {
  await tables(db).insertInto('access.ticket').values(ticket).execute();
}

/** With the end of the key that made it: its tickets end with it. */
export async function findTicket(
  db: Sql,
  id: string,
): Promise<(TicketRow & { readonly key_revoked_at: Date | null; readonly key_expires_at: Date | null }) | undefined> {
  return tables(db)
    .selectFrom('access.ticket')
    .leftJoin('access.api_key', 'access.api_key.id', 'access.ticket.created_by')
    .selectAll('access.ticket')
    .select(['access.api_key.revoked_at as key_revoked_at', 'access.api_key.expires_at as key_expires_at'])
    .where('access.ticket.id', '=', id)
    .executeTakeFirst();
}

/** One statement, so that simultaneous uploads cannot pass the limit together. @returns undefined when there is no room, or the ticket has ended */
export async function spendTicket(
  db: Sql,
  id: string,
  spent: { readonly bytes: number; readonly at: Date },
): Promise<Pick<TicketRow, 'callback_url'> | undefined> {
  return tables(db)
    .updateTable('access.ticket')
    .set((row) => ({ uploads_used: row('uploads_used', '+', 1), bytes_used: row('bytes_used', '+', spent.bytes) }))
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', spent.at)
    .whereRef('uploads_used', '<', 'uploads_max')
    .where((row) => row(row('bytes_used', '+', spent.bytes), '<=', row.ref('bytes_max')))
    .returning('callback_url')
    .executeTakeFirst();
}

export async function restoreTicket(db: Sql, id: string, bytes: number): Promise<void> {
  await tables(db)
    .updateTable('access.ticket')
    .set((row) => ({ uploads_used: row('uploads_used', '-', 1), bytes_used: row('bytes_used', '-', bytes) }))
    .where('id', '=', id)
    .where('uploads_used', '>', 0)
    .execute();
}

/** @returns false when there is none of this id that `createdBy` made; undefined `createdBy`: whoever made it */
export async function revokeTicket(db: Sql, id: string, by: { readonly at: Date; readonly createdBy: string | undefined }): Promise<boolean> {
  const result = await tables(db)
    .updateTable('access.ticket')
    .set((row) => ({ revoked_at: row.fn.coalesce('revoked_at', row.val(by.at)) }))
    .where('id', '=', id)
    .$if(by.createdBy !== undefined, (query) => query.where('created_by', '=', by.createdBy ?? ''))
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

export async function deleteExpiredTickets(db: Sql, at: Date): Promise<number> {
  const result = await tables(db).deleteFrom('access.ticket').where('expires_at', '<=', at).executeTakeFirst();
  return Number(result.numDeletedRows);
}
