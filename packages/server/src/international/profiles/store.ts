/** What is said about countries, and the files it came from. Rows are only ever added. */
import { sql } from 'kysely';
import type { Sql } from '../../platform/db/database.ts';
import type { EvidenceRef, ImportResult, Statement } from './schema.ts';

export interface StatementRow extends Statement {
  readonly id: string;
  readonly keptBy: string;
  readonly keptAt: Date;
  /** When the next one about the same was kept. */
  readonly supersededAt: Date | null;
}

export interface NewStatement extends Statement {
  readonly id: string;
  readonly importId: string | null;
  readonly keptBy: string;
  readonly keptAt: Date;
}

const HISTORY_MAX = 200;
/** Arbitrary and fixed: "prof" in ASCII. */
const ADVISORY_LOCK = 0x70726f66;
const COLUMNS = sql`id, country, topic, key, value, text, to_char(as_of, 'YYYY-MM-DD') as "asOf", source, caveat, kept_by as "keptBy", kept_at as "keptAt"`;
/** Bounds the size of one statement to the database. */
const CHUNK = 1_000;

/** Until the end of the transaction: whoever compares with what is in effect and adds to it takes a turn. */
export async function lockProfiles(db: Sql): Promise<void> {
  await sql`select pg_advisory_xact_lock(${ADVISORY_LOCK})`.execute(db);
}

export async function insertStatements(db: Sql, statements: readonly NewStatement[]): Promise<void> {
  for (let from = 0; from < statements.length; from += CHUNK) {
    const rows = statements.slice(from, from + CHUNK).map((one) => ({
      id: one.id,
      country: one.country,
      topic: one.topic,
      key: one.key,
      value: one.value,
      text: one.text,
      as_of: one.asOf,
      source: one.source,
      caveat: one.caveat,
      import_id: one.importId,
      kept_by: one.keptBy,
      kept_at: one.keptAt.toISOString(),
    }));
    await sql`
      insert into international.statement (id, country, topic, key, value, text, as_of, source, caveat, import_id, kept_by, kept_at)
      select id, country, topic, key, value, text, as_of, source, caveat, import_id, kept_by, kept_at
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as row (
        id text, country text, topic text, key text, value jsonb, text text, as_of date, source jsonb, caveat text, import_id text, kept_by text, kept_at timestamptz
      )`.execute(db);
  }
}

/** The newest of each country, topic and key. @param country default all */
export async function listCurrent(db: Sql, country?: string): Promise<StatementRow[]> {
  const { rows } = await sql<StatementRow>`
    select distinct on (country, topic, key) ${COLUMNS}, null as "supersededAt" from international.statement
    ${country === undefined ? sql`` : sql`where country = ${country}`}
    order by country, topic, key, sequence desc`.execute(db);
  return rows;
}

/** What the list of countries needs, without texts and sources. */
export interface BriefRow {
  readonly country: string;
  readonly topic: Statement['topic'];
  readonly key: string;
  readonly value: Statement['value'];
  readonly asOf: string | null;
  readonly source: Pick<EvidenceRef, 'retrievedAt'>;
}

export async function listBrief(db: Sql): Promise<BriefRow[]> {
  const { rows } = await sql<BriefRow>`
    select distinct on (country, topic, key)
      country, topic, key, value, to_char(as_of, 'YYYY-MM-DD') as "asOf", jsonb_build_object('retrievedAt', source -> 'retrievedAt') as source
    from international.statement order by country, topic, key, sequence desc`.execute(db);
  return rows;
}

/** Newest first. */
export async function listHistory(db: Sql, country: string, key: string): Promise<StatementRow[]> {
  const { rows } = await sql<StatementRow>`
    select ${COLUMNS}, (lead(kept_at) over (partition by topic order by sequence)) as "supersededAt"
    from international.statement where country = ${country} and key = ${key} order by sequence desc limit ${HISTORY_MAX}`.execute(db);
  return rows;
}

export interface NewImport extends ImportResult {
  readonly id: string;
  readonly shape: string;
  readonly sha256: string;
  readonly actor: string;
  readonly madeAt: Date;
}

export async function insertImport(db: Sql, { id, shape, sha256, kept, same, left, faults, actor, madeAt }: NewImport): Promise<void> {
  await sql`insert into international.import (id, shape, sha256, kept, same, left_alone, faults, actor, made_at)
    values (${id}, ${shape}, ${sha256}, ${kept}, ${same}, ${left}, ${JSON.stringify(faults)}::jsonb, ${actor}, ${madeAt})`.execute(db);
}

/** Digest of the last file of this shape that was read. */
export async function findLastDigest(db: Sql, shape: string): Promise<string | undefined> {
  const { rows } = await sql<{ sha256: string }>`select sha256 from international.import where shape = ${shape} order by sequence desc limit 1`.execute(db);
  return rows[0]?.sha256;
}
