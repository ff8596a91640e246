/** What is known of the addresses of sources. */
import { sql } from 'kysely';
import type { Sql } from '../../platform/db/database.ts';
import type { KnownLink } from './link-rules.ts';

const COLUMNS = sql.raw(
  `url, status, finding, checked_at as "checkedAt", tried_at as "triedAt", trouble, first_digest as "firstDigest", digest, changed_at as "changedAt"`,
);

export async function listLinks(db: Sql): Promise<KnownLink[]> {
  const { rows } = await sql<KnownLink>`select ${COLUMNS} from register.link order by url`.execute(db);
  return rows;
}

export async function putLink(db: Sql, { url, status, finding, checkedAt, triedAt, trouble, firstDigest, digest, changedAt }: KnownLink): Promise<void> {
  await sql`
    insert into register.link (url, status, finding, checked_at, tried_at, trouble, first_digest, digest, changed_at)
    values (${url}, ${status}, ${finding}, ${checkedAt}, ${triedAt}, ${trouble}, ${firstDigest}, ${digest}, ${changedAt})
    on conflict (url) do update set status = excluded.status, finding = excluded.finding, checked_at = excluded.checked_at, tried_at = excluded.tried_at,
      trouble = excluded.trouble, first_digest = excluded.first_digest, digest = excluded.digest, changed_at = excluded.changed_at`.execute(db);
}

/** All are due from now on. */
export async function forgetTries(db: Sql): Promise<void> {
  await sql`update register.link set tried_at = null`.execute(db);
}

/**
 * Whoever asks says so first: of two that ask at once, one does.
 * @returns false when somebody else took it
 */
export async function claimLink(db: Sql, { url, status, finding, triedAt }: KnownLink, now: Date): Promise<boolean> {
  const { rows } = await sql`
    insert into register.link (url, status, finding, tried_at) values (${url}, ${status}, ${finding}, ${now})
    on conflict (url) do update set tried_at = excluded.tried_at where register.link.tried_at is not distinct from ${triedAt}::timestamptz returning 1`.execute(
    db,
  );
  return rows.length > 0;
}
