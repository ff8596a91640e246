/** Tables of witnesses: the logs that are cosigned here, who cosigns this one, and what they signed. */
import { sql } from 'kysely';
import type { Sql, Tx } from '../platform/db/database.ts';
import type { CosignerFault } from './witness-schema.ts';
import type { StoredCheckpoint, TreeHead } from './schema.ts';

export interface WitnessedRow extends TreeHead {
  readonly origin: string;
  readonly verifierKey: string;
  readonly addedAt: Date;
  readonly removedAt: Date | null;
  readonly cosignedAt: Date | null;
  readonly refusedNote: string | null;
  readonly refusedAt: Date | null;
  readonly refusedWhy: 'fork' | 'proof' | null;
}

const WITNESSED = sql`origin, verifier_key as "verifierKey", added_at as "addedAt", removed_at as "removedAt", size, root,
  cosigned_at as "cosignedAt", refused_note as "refusedNote", refused_at as "refusedAt", refused_why as "refusedWhy"`;

/** Also those that were removed: what was signed is remembered. */
export async function findWitnessed(db: Sql, origin: string): Promise<WitnessedRow | undefined> {
  const { rows } = await sql<WitnessedRow>`select ${WITNESSED} from log.witnessed_log where origin = ${origin}`.execute(db);
  return rows[0];
}

/** Until the end of the transaction nobody else decides about this log. */
export async function lockWitnessed(tx: Tx, origin: string): Promise<WitnessedRow | undefined> {
  const { rows } = await sql<WitnessedRow>`select ${WITNESSED} from log.witnessed_log where origin = ${origin} for update`.execute(tx);
  return rows[0];
}

export async function listWitnessed(db: Sql): Promise<WitnessedRow[]> {
  const { rows } = await sql<WitnessedRow>`select ${WITNESSED} from log.witnessed_log where removed_at is null order by origin`.execute(db);
  return rows;
}

export interface NewWitnessed {
  readonly origin: string;
  readonly verifierKey: string;
  readonly at: Date;
  readonly actor: string;
}

/** One that was removed comes back with what it signed before, perhaps with another key. False when it is there already. */
export async function insertWitnessed(tx: Tx, { origin, verifierKey, at, actor }: NewWitnessed): Promise<boolean> {
  const { rows } = await sql`
    insert into log.witnessed_log (origin, verifier_key, added_at, added_by) values (${origin}, ${verifierKey}, ${at}, ${actor})
    on conflict (origin) do update set verifier_key = excluded.verifier_key, added_at = excluded.added_at, added_by = excluded.added_by, removed_at = null
      where log.witnessed_log.removed_at is not null
    returning origin`.execute(tx);
  return rows.length > 0;
}

export async function removeWitnessed(tx: Tx, origin: string, at: Date): Promise<boolean> {
  const { rows } = await sql`update log.witnessed_log set removed_at = ${at} where origin = ${origin} and removed_at is null returning origin`.execute(tx);
  return rows.length > 0;
}

export interface Cosigned extends TreeHead {
  readonly origin: string;
  readonly note: string;
  readonly at: Date;
}

export async function writeCosigned(tx: Tx, { origin, size, root, note, at }: Cosigned): Promise<void> {
  await sql`update log.witnessed_log set size = ${size}, root = ${Buffer.from(root)}, note = ${note}, cosigned_at = ${at} where origin = ${origin}`.execute(tx);
}

/** A fork is never written over by less. */
export async function writeRefused(
  tx: Tx,
  { origin, note, at, why }: { readonly origin: string; readonly note: string; readonly at: Date; readonly why: 'fork' | 'proof' },
): Promise<void> {
  await sql`
    update log.witnessed_log set refused_note = ${note}, refused_at = ${at}, refused_why = ${why}
    where origin = ${origin} and (refused_why is distinct from 'fork')`.execute(tx);
}

export interface CosignerRow {
  readonly name: string;
  readonly url: string;
  readonly verifierKey: string;
  readonly addedAt: Date;
  readonly askedAt: Date | null;
  readonly cosignedSize: number | null;
  readonly cosignedAt: Date | null;
  readonly failures: number;
  readonly failingSince: Date | null;
  readonly failure: CosignerFault | null;
}

const COSIGNER = sql`name, url, verifier_key as "verifierKey", added_at as "addedAt", asked_at as "askedAt", cosigned_size as "cosignedSize",
  cosigned_at as "cosignedAt", failures, failing_since as "failingSince", failure`;

export async function listCosigners(db: Sql): Promise<CosignerRow[]> {
  const { rows } = await sql<CosignerRow>`select ${COSIGNER} from log.cosigner order by name`.execute(db);
  return rows;
}

export interface NewCosigner {
  readonly name: string;
  readonly url: string;
  readonly verifierKey: string;
  readonly at: Date;
  readonly actor: string;
}

/** False when one of that name is there already. */
export async function insertCosigner(tx: Tx, { name, url, verifierKey, at, actor }: NewCosigner): Promise<boolean> {
  const { rows } = await sql`
    insert into log.cosigner (name, url, verifier_key, added_at, added_by, next_ask_at) values (${name}, ${url}, ${verifierKey}, ${at}, ${actor}, ${at})
    on conflict do nothing returning name`.execute(tx);
  return rows.length > 0;
}

export async function deleteCosigner(tx: Tx, name: string): Promise<boolean> {
  const { rows } = await sql`delete from log.cosigner where name = ${name} returning name`.execute(tx);
  return rows.length > 0;
}

/** Takes those whose turn it is and that have not cosigned this size, so that no other node asks them as well. */
export async function claimCosigners(
  db: Sql,
  { size, now, nextAt }: { readonly size: number; readonly now: Date; readonly nextAt: Date },
): Promise<CosignerRow[]> {
  const { rows } = await sql<CosignerRow>`
    update log.cosigner set asked_at = ${now}, next_ask_at = ${nextAt}
    where next_ask_at <= ${now} and (cosigned_size is distinct from ${size} or failure is not null) returning ${COSIGNER}`.execute(db);
  return rows;
}

export async function hasDueCosigner(db: Sql, now: Date): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`select exists (select from log.cosigner where next_ask_at <= ${now}) as found`.execute(db);
  return rows[0]?.found === true;
}

export async function writeCosignerFault(
  db: Sql,
  { name, failure, at, nextAt }: { readonly name: string; readonly failure: CosignerFault; readonly at: Date; readonly nextAt: Date },
): Promise<void> {
  await sql`
    update log.cosigner set failure = ${failure}, failures = failures + 1, failing_since = coalesce(failing_since, ${at}), asked_at = ${at}, next_ask_at = ${nextAt}
    where name = ${name}`.execute(db);
}

export interface Cosignature {
  readonly size: number;
  readonly verifierKey: string;
  /** As the witness says. */
  readonly at: Date;
  /** Of the note, without its end. */
  readonly line: string;
}

/** The first of a witness for a size stays: it says that it was there so early. */
export async function insertCosignature(tx: Tx, { size, verifierKey, at, line }: Cosignature): Promise<void> {
  await sql`
    insert into log.cosignature (size, verifier_key, at, line) values (${size}, ${verifierKey}, ${at}, ${line}) on conflict do nothing`.execute(tx);
}

export async function writeCosignerSuccess(
  tx: Tx,
  { name, size, at, askedAt }: { readonly name: string; readonly size: number; readonly at: Date; readonly askedAt: Date },
): Promise<void> {
  await sql`
    update log.cosigner set cosigned_size = ${size}, cosigned_at = ${at}, asked_at = ${askedAt}, failures = 0, failing_since = null, failure = null
    where name = ${name}`.execute(tx);
}

/** The published note, until the end of the transaction nobody else's to change. */
export async function lockNote(tx: Tx, size: number): Promise<string | undefined> {
  const { rows } = await sql<{ note: string }>`select note from log.checkpoint where size = ${size} for update`.execute(tx);
  return rows[0]?.note;
}

export async function writeNote(tx: Tx, size: number, note: string): Promise<void> {
  await sql`update log.checkpoint set note = ${note} where size = ${size}`.execute(tx);
}

export interface SeenUpTo {
  readonly size: number;
  readonly at: Date | null;
}

/** How far witnesses have seen this log, and when the last of them did. */
export async function readCosigned(db: Sql): Promise<SeenUpTo> {
  const { rows } = await sql<SeenUpTo>`select coalesce(max(size), 0) as size, max(at) as at from log.cosignature`.execute(db);
  return rows[0] ?? { size: 0, at: null };
}

export async function findCheckpoint(db: Sql, size: number): Promise<StoredCheckpoint | undefined> {
  const { rows } = await sql<StoredCheckpoint>`select size, root, at, note from log.checkpoint where size = ${size}`.execute(db);
  return rows[0];
}
