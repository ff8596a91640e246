/** Signed records and drafts. Records are only ever added and ended; the database itself refuses anything else (migrations.ts). */
import { sql } from 'kysely';
import type { Sql, Tx } from '../../platform/db/database.ts';
import type { AssessmentDraft, DraftView, PrunedVersion, RecordFilter, RecordKind, SignedRecord } from './schema.ts';

interface RecordRow extends Omit<SignedRecord, 'body'> {
  readonly body: string;
}

const COLUMNS = sql.raw(`id, kind, subject, version, body, digest, signed_by as "signedBy", signed_name as "signedName", signed_at as "signedAt",
  review_due as "reviewDue", superseded_at as "supersededAt", withdrawn_reason as "withdrawnReason", keep_until as "keepUntil"`);

function toRecord({ body, ...row }: RecordRow): SignedRecord {
  const parsed: unknown = JSON.parse(body);
  return { ...row, body: parsed };
}

/** Until the end of the transaction nobody else signs, supersedes or deletes; readers go on. */
export async function lockRecords(tx: Tx): Promise<void> {
  await sql`lock table code.record in share row exclusive mode`.execute(tx);
}

export async function listRecords(db: Sql, { kind, subject, withSuperseded = false, at }: RecordFilter): Promise<SignedRecord[]> {
  const { rows } = await sql<RecordRow>`
    select ${COLUMNS} from code.record
    where (${kind ?? null}::text is null or kind = ${kind ?? null})
      and (${subject ?? null}::text is null or subject = ${subject ?? null})
      and (${at ?? null}::timestamptz is null or signed_at <= ${at ?? null})
      and (${withSuperseded} or superseded_at is null or superseded_at > ${at ?? null}::timestamptz)
    order by signed_at desc, id desc`.execute(db);
  return rows.map(toRecord);
}

export async function findRecord(db: Sql, id: string): Promise<SignedRecord | undefined> {
  const { rows } = await sql<RecordRow>`select ${COLUMNS} from code.record where id = ${id}`.execute(db);
  return rows[0] === undefined ? undefined : toRecord(rows[0]);
}

/** The last number that was given, deleted versions included. */
export async function findLastVersion(tx: Tx, kind: RecordKind, subject: string): Promise<number> {
  const { rows } = await sql<{ version: number }>`
    select coalesce(max(version), 0) as version from (
      select version from code.record where kind = ${kind} and subject = ${subject}
      union all select version from code.record_pruned where kind = ${kind} and subject = ${subject}
    ) given`.execute(tx);
  return rows[0]?.version ?? 0;
}

export interface NewRecord extends Omit<RecordRow, 'supersededAt' | 'withdrawnReason' | 'keepUntil'> {}

export async function insertRecord(tx: Tx, record: NewRecord): Promise<void> {
  const { id, kind, subject, version, body, digest, signedBy, signedName, signedAt, reviewDue } = record;
  await sql`
    insert into code.record (id, kind, subject, version, body, digest, signed_by, signed_name, signed_at, review_due)
    values (${id}, ${kind}, ${subject}, ${version}, ${body}, ${digest}, ${signedBy}, ${signedName}, ${signedAt}, ${reviewDue})`.execute(tx);
}

/** Clocks of two nodes differ: a record does not end before it began. */
export async function supersede(tx: Tx, { kind, subject, at }: { readonly kind: RecordKind; readonly subject: string; readonly at: Date }): Promise<void> {
  await sql`
    update code.record set superseded_at = greatest(signed_at, ${at}), keep_until = code.keep_until(greatest(signed_at, ${at}))
    where kind = ${kind} and subject = ${subject} and superseded_at is null`.execute(tx);
}

export interface Withdrawal {
  readonly id: string;
  readonly at: Date;
  readonly by: string;
  readonly reason: string;
}

/** @returns false when it is not in effect */
export async function endRecord(tx: Tx, { id, at, by, reason }: Withdrawal): Promise<boolean> {
  const { rows } = await sql`
    update code.record set superseded_at = greatest(signed_at, ${at}), keep_until = code.keep_until(greatest(signed_at, ${at})),
      withdrawn_by = ${by}, withdrawn_reason = ${reason}
    where id = ${id} and superseded_at is null returning 1`.execute(tx);
  return rows.length > 0;
}

/** @returns the ids of what was deleted */
export async function deleteKept(tx: Tx, before: Date): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`delete from code.record where keep_until <= ${before} returning id`.execute(tx);
  return rows.map(({ id }) => id);
}

export async function listPruned(db: Sql): Promise<PrunedVersion[]> {
  const { rows } = await sql<PrunedVersion>`
    select kind, subject, version, pruned_at as "prunedAt" from code.record_pruned order by kind, subject, version`.execute(db);
  return rows;
}

export interface DraftRow extends DraftView {
  readonly draft: Partial<AssessmentDraft>;
}

interface TextDraftRow extends DraftView {
  readonly draft: string;
}

/** What stands there was parsed when it was saved. */
function toDraft(row: TextDraftRow | undefined): DraftRow | undefined {
  return row === undefined ? undefined : { ...row, draft: JSON.parse(row.draft) as Partial<AssessmentDraft> };
}

const DRAFT_COLUMNS = sql.raw(`id, subject, updated_at as "updatedAt", updated_by as "updatedBy"`);

export async function listDrafts(db: Sql): Promise<DraftView[]> {
  const { rows } = await sql<DraftView>`select ${DRAFT_COLUMNS} from code.assessment_draft order by updated_at desc, id desc`.execute(db);
  return rows;
}

export async function findDraft(db: Sql, id: string): Promise<DraftRow | undefined> {
  const { rows } = await sql<TextDraftRow>`select ${DRAFT_COLUMNS}, draft from code.assessment_draft where id = ${id}`.execute(db);
  return toDraft(rows[0]);
}

/** Locked for the rest of the transaction: two people who save take turns. */
export async function lockDraft(tx: Tx, id: string): Promise<DraftRow | undefined> {
  const { rows } = await sql<TextDraftRow>`select ${DRAFT_COLUMNS}, draft from code.assessment_draft where id = ${id} for update`.execute(tx);
  return toDraft(rows[0]);
}

export async function putDraft(tx: Tx, { id, subject, draft, updatedAt, updatedBy }: DraftRow): Promise<void> {
  await sql`
    insert into code.assessment_draft (id, subject, draft, updated_at, updated_by)
    values (${id}, ${subject}, ${JSON.stringify(draft)}, ${updatedAt}, ${updatedBy})
    on conflict (id) do update set draft = excluded.draft, updated_at = excluded.updated_at, updated_by = excluded.updated_by`.execute(tx);
}

/** @returns false when there is none */
export async function deleteDraft(db: Sql, id: string): Promise<boolean> {
  const { rows } = await sql`delete from code.assessment_draft where id = ${id} returning 1`.execute(db);
  return rows.length > 0;
}
