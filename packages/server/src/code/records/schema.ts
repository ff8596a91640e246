/**
 * What a service must write down (OSA s.23, RKRG): risk assessments in four steps, the measures that it took with the day on which each took effect,
 * alternatives with reasons, and what named people attest. Once signed nothing is changed: a new version supersedes, and the old one is kept for
 * three years and stays provable in the log.
 */
import { z } from 'zod';
import type { FieldError } from '../../platform/errors.ts';
import { LEVELS } from '../facts/schema.ts';
import { NameSchema as Name, TEXT_MAX, type AlternativeRecord, type Attestation, type MeasureRecord, type SignInput } from './body-schema.ts';

export {
  AlternativeRecordSchema,
  AttestationSchema,
  type AlternativeRecord,
  type Appointment,
  type Attestation,
  type Change,
  type MeasureRecord,
  type Policy,
  type Registration,
  type ReviewRecord,
  type SignInput,
  type Training,
} from './body-schema.ts';

const Text = z.string().trim().min(1).max(TEXT_MAX);
const DraftText = z.string().trim().max(TEXT_MAX);

export const AssessedKindSchema = z.object({
  /** The part after `risk.` (`childRisk.`) of the fact: one of 18 kinds of priority illegal content, or of the rows 2A to 2C. */
  kind: z.string(),
  level: z.enum(LEVELS),
  /** Why this level; where the evidence is unclear the higher level is taken. */
  reasoning: Text,
  evidence: z.array(z.object({ what: Text, from: Text })).describe('What it rests on, with where it comes from.'),
  isSeverityLifted: z.boolean().describe('True: the severity alone lifted the level.'),
});
export type AssessedKind = z.output<typeof AssessedKindSchema>;

/** The four steps of the Risk Assessment Guidance: know the kinds; assess; decide, implement and record measures; report, review, update. */
export const AssessmentDraftSchema = z
  .object({
    subject: z.enum(['illegal_content', 'children']),
    /** Step 1. */
    understanding: z.object({ riskFactors: Text, consulted: Text }),
    /** Step 2. */
    kinds: z.array(AssessedKindSchema),
    /** Step 3: ids of measures that answer to it. */
    measures: z.array(z.string()),
    measuresNote: z.string().trim().max(TEXT_MAX),
    /** Step 4. */
    review: z.object({ reportedTo: Name, nextReview: z.iso.date(), triggers: Text }),
  })
  .meta({ id: 'CodeAssessmentDraft' });
export type AssessmentDraft = z.output<typeof AssessmentDraftSchema>;

/** A draft may be half done: what is missing is asked for when it is signed. A kind that is in it has a level. */
export const DraftInputSchema = z
  .object({
    subject: z.enum(['illegal_content', 'children']),
    understanding: z.object({ riskFactors: DraftText, consulted: DraftText }).optional(),
    kinds: z
      .array(
        z.object({
          kind: z.string().max(60),
          level: z.enum(LEVELS),
          reasoning: DraftText,
          evidence: z.array(z.object({ what: DraftText, from: DraftText })).max(40),
          isSeverityLifted: z.boolean(),
        }),
      )
      .max(60)
      .optional(),
    measures: z.array(z.string().max(60)).max(400).optional(),
    measuresNote: DraftText.optional(),
    review: z.object({ reportedTo: z.string().trim().max(120), nextReview: z.union([z.iso.date(), z.literal('')]), triggers: DraftText }).optional(),
  })
  .meta({ id: 'CodeAssessmentDraftInput' });
export type DraftInput = z.output<typeof DraftInputSchema>;

export const RECORD_KINDS = [
  'assessment_illegal',
  'assessment_children',
  'measure',
  'alternative',
  'attestation',
  'appointment',
  'review',
  'policy',
  'training',
  'change',
  'registration',
] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

/** A signed record. `subject` tells records that supersede each other: a control, a metric, `illegal_content`. */
export interface SignedRecord<Body = unknown> {
  readonly id: string;
  readonly kind: RecordKind;
  readonly subject: string;
  readonly version: number;
  readonly body: Body;
  readonly digest: string;
  /** Id and name, as they were at the time. */
  readonly signedBy: string;
  readonly signedName: string;
  readonly signedAt: Date;
  readonly reviewDue: Date | null;
  /** Null: it is the one in effect. */
  readonly supersededAt: Date | null;
  readonly withdrawnReason: string | null;
  /** Three years after it was superseded; never deleted before. */
  readonly keepUntil: Date | null;
}

export interface Signer {
  readonly id: string;
  readonly name: string;
}

/** Typed by whoever signs: their name, and the box that says they answer for it. */
export const SignatureSchema = z.strictObject({ name: Name, isResponsible: z.literal(true, 'must be true: whoever signs answers for it') });

export const RecordViewSchema = z
  .object({
    id: z.string(),
    kind: z.enum(RECORD_KINDS),
    subject: z.string(),
    version: z.number().int(),
    body: z.record(z.string(), z.unknown()),
    digest: z.string().describe('SHA-256 over the canonical JSON of kind, subject, version, body, signedBy, signedName and signedAt.'),
    signedBy: z.string(),
    signedName: z.string(),
    signedAt: z.iso.datetime(),
    reviewDue: z.iso.datetime().nullable(),
    supersededAt: z.iso.datetime().nullable().describe('Null: it is the one in effect.'),
    withdrawnReason: z.string().nullable(),
    keepUntil: z.iso.datetime().nullable().describe('Three years after it was superseded or withdrawn; it cannot be deleted before.'),
  })
  .meta({ id: 'CodeRecord' });
export type RecordView = z.output<typeof RecordViewSchema>;

/** What is handed to an inspector: the record, the entry of the log that stands for its signing, and the proof that the entry is in the log. */
export const RecordFileSchema = z
  .object({
    format: z.literal('gatehouse.record/1'),
    record: RecordViewSchema,
    log: z.object({
      index: z.number().int().min(0),
      entry: z.string().describe('The exact text of the entry.'),
      proof: z.string().describe('A `.tlog-proof` (C2SP).'),
      verifierKey: z.string().describe('As the log says it is. Compare it with one that you got elsewhere.'),
    }),
  })
  .meta({ id: 'CodeRecordFile' });
export type RecordFile = z.output<typeof RecordFileSchema>;

/** A kind of content that must be assessed: from the catalogue's facts. */
export interface KindToAssess {
  /** `imageCsam` */
  readonly kind: string;
  /** The fact that its level becomes: `risk.imageCsam`. */
  readonly fact: string;
  readonly title: string;
  readonly help: string | null;
}

/** A version whose time had run out and that was deleted: that it was there stays known. */
export interface PrunedVersion {
  readonly kind: RecordKind;
  readonly subject: string;
  readonly version: number;
  readonly prunedAt: Date;
}

export interface RecordFilter {
  readonly kind?: RecordKind | undefined;
  readonly subject?: string | undefined;
  readonly withSuperseded?: boolean | undefined;
  readonly at?: Date | undefined;
}

export interface RecordsService {
  /** In effect now (or at a time), newest first. */
  list(filter?: RecordFilter): Promise<readonly SignedRecord[]>;
  find(id: string): Promise<SignedRecord>;
  /** Place in the log of the signing. */
  logIndex(record: SignedRecord): Promise<number | undefined>;
  /** @throws {GatehouseError} `not_found` */
  prove(id: string): Promise<RecordFile>;
  /** Whether what is stored still gives the digest that was signed. */
  isIntact(record: SignedRecord): boolean;
  signMeasure(body: MeasureRecord, signer: Signer): Promise<SignedRecord<MeasureRecord>>;
  signAlternative(body: AlternativeRecord, signer: Signer): Promise<SignedRecord<AlternativeRecord>>;
  attest(body: Attestation, signer: Signer): Promise<SignedRecord<Attestation>>;
  /** Any kind that is no assessment. @throws {GatehouseError} `record_invalid`, `conflict` */
  sign(input: SignInput, signer: Signer): Promise<SignedRecord>;
  /** No longer in effect; kept like a superseded one. */
  withdraw(id: string, reason: string, signer: Signer): Promise<void>;
  /** Deletes what has been kept long enough. @returns how many */
  prune(actor: string): Promise<number>;
  pruned(): Promise<readonly PrunedVersion[]>;
  drafts(): Promise<readonly DraftView[]>;
  draft(id: string): Promise<DraftView & { readonly draft: Partial<AssessmentDraft> }>;
  /** Members that are given replace those of the draft; the others stay. @returns its id */
  saveDraft(id: string | undefined, draft: DraftInput, actor: string): Promise<string>;
  /** Step 2, one kind: the others stay. */
  saveKind(id: string, kind: AssessedKind, actor: string): Promise<void>;
  /** A new draft with what the assessment in effect says. */
  copyAssessment(subject: AssessmentDraft['subject'], actor: string): Promise<string>;
  discardDraft(id: string): Promise<void>;
  /** What still stands between the draft and a signature; `at` is a step, or `kinds/` and the kind. */
  findMissing(draftId: string): Promise<readonly FieldError[]>;
  kindsOf(subject: AssessmentDraft['subject']): readonly KindToAssess[];
  /** Sets the facts of the levels in the same transaction. @throws {GatehouseError} `record_incomplete` naming what is missing */
  signAssessment(draftId: string, signer: Signer): Promise<SignedRecord<AssessmentDraft>>;
}

export interface DraftView {
  readonly id: string;
  readonly subject: AssessmentDraft['subject'];
  readonly updatedAt: Date;
  readonly updatedBy: string;
}
