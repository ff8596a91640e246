/** A record as it is handed out, and what can be said of one with nothing but the file: no server, no database, no network. */
import { parseVerifierKey, TlogError, verifyProofFile } from '@gatehouse/tlog';
import { z } from 'zod';
import { digestRecord } from './digest.ts';
import type { RecordFile, RecordView, SignedRecord } from './schema.ts';

export function toRecordView({ body, signedAt, reviewDue, supersededAt, keepUntil, ...rest }: SignedRecord): RecordView {
  const iso = (at: Date | null): string | null => at?.toISOString() ?? null;
  return {
    ...rest,
    body: typeof body === 'object' && body !== null ? { ...body } : {},
    signedAt: signedAt.toISOString(),
    reviewDue: iso(reviewDue),
    supersededAt: iso(supersededAt),
    keepUntil: iso(keepUntil),
  };
}

/** What the entry of a signing says to everybody (log/rules.ts, PUBLIC_FIELDS). */
const EntrySchema = z.object({
  kind: z.literal('code.record_signed'),
  at: z.string(),
  fields: z.object({ kind: z.string(), version: z.number(), digest: z.string() }),
});

/** The entry has the minute in which it was written down: at the end of the transaction that signed. */
const APART_MAX_MS = 5 * 60_000;

export interface FileCheck {
  readonly isValid: boolean;
  readonly faults: readonly string[];
  /** Entries of the log that the checkpoint in the proof stands for. */
  readonly logSize: number | null;
  readonly origin: string | null;
}

/** @param key the verifier key of the log, as it came from the operator and not from the file */
export async function verifyRecordFile({ record, log }: RecordFile, key: string): Promise<FileCheck> {
  const faults: string[] = [];
  const digest = digestRecord(record);
  if (digest !== record.digest) faults.push('The record does not have the digest that it names: it was changed after it was signed.');
  faults.push(...compareEntry(log.entry, { ...record, digest }));
  try {
    const verifier = parseVerifierKey(key.trim());
    const { size, index } = await verifyProofFile(log.proof, Buffer.from(log.entry), { origin: verifier.name, keys: [verifier] });
    if (index !== log.index) faults.push(`The proof is for entry ${index} of the log, and the file names entry ${log.index}.`);
    return { isValid: faults.length === 0, faults, logSize: size, origin: verifier.name };
  } catch (error) {
    if (!(error instanceof TlogError)) throw error;
    return { isValid: false, faults: [...faults, `The proof does not hold: ${error.message}`], logSize: null, origin: null };
  }
}

function compareEntry(text: string, { kind, version, digest, signedAt }: RecordView): string[] {
  const entry = EntrySchema.safeParse(parseJson(text)).data;
  if (entry === undefined) return ['The entry of the log is not one of a signing.'];
  const { fields } = entry;
  return [
    ...(fields.digest === digest ? [] : ['The log has another digest for this signing: what was signed is not this record.']),
    ...(fields.kind === kind && fields.version === version ? [] : ['The log has another kind or version for this signing.']),
    ...(Math.abs(Date.parse(entry.at) - Date.parse(signedAt)) <= APART_MAX_MS ? [] : ['The log has another time for this signing.']),
  ];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
