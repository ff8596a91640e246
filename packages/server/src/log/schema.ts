/** Words and shapes of the transparency log: what is recorded, what outsiders see of it, and what a checkpoint stands for. */
import { z } from 'zod';
import type { EventName } from '../platform/events.ts';
import { OutsideSchema } from './witness-schema.ts';

/** An event as it happened, before it has a place. */
export interface LogRecord {
  readonly kind: EventName;
  readonly at: Date;
  /** Ids, counts and closed words: the payload of the event. */
  readonly body: Readonly<Record<string, unknown>>;
  /** 16 bytes. Whoever has it and the record can show what an entry commits to; once it is erased nobody can. */
  readonly salt: Uint8Array;
}

/** What an entry says to everybody. Version 1. */
export const PublicEntrySchema = z
  .strictObject({
    v: z.literal(1),
    kind: z.string(),
    /** To the minute: finer times would tell an uploader which entry is theirs. */
    at: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\dZ$/),
    fields: z.record(z.string(), z.union([z.string(), z.number()])),
    /** base64url of SHA-256 over the salt and the record. */
    commitment: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  })
  .meta({ id: 'LogEntry' });
export type PublicEntry = z.output<typeof PublicEntrySchema>;

export const StatusSchema = z
  .object({
    origin: z.string(),
    verifierKey: z.string().describe('`name+id+key`: with it anybody can check checkpoints and proofs.'),
    size: z.number().int().describe('Entries that have a place.'),
    pending: z.number().int().describe('Events that have none yet; usually none for longer than a second.'),
    checkpoint: z.object({ size: z.number().int(), at: z.iso.datetime() }).nullable(),
    isConsistent: z.boolean().describe('False: the log does not continue what was signed before, and nothing more is signed.'),
    outside: OutsideSchema,
  })
  .meta({ id: 'LogStatus' });
export type LogStatus = z.output<typeof StatusSchema>;

export const EntryViewSchema = z
  .object({
    index: z.number().int(),
    entry: PublicEntrySchema,
    record: z
      .object({ at: z.iso.datetime(), body: z.record(z.string(), z.unknown()), salt: z.string() })
      .nullable()
      .describe('What the entry commits to, with the salt in base64url; null once it was erased.'),
  })
  .meta({ id: 'LogEntryView' });
export type EntryView = z.output<typeof EntryViewSchema>;

export const ProofSchema = z
  .object({ index: z.number().int(), entry: z.string().describe('The exact text of the entry.'), proof: z.string().describe('A `.tlog-proof` (C2SP).') })
  .meta({ id: 'LogProof' });
export type LogProof = z.output<typeof ProofSchema>;

/** What the sequencer keeps of the tree. */
export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
}

export interface StoredCheckpoint extends TreeHead {
  readonly at: Date;
  /** The signed note. */
  readonly note: string;
}
