/**
 * What is signed, kind by kind. Dates are days (YYYY-MM-DD, UTC). Nothing here identifies a user of the service: records name who answers for a measure,
 * never whom it met.
 */
import { z } from 'zod';

export const TEXT_MAX = 20_000;
const Text = z.string().trim().min(1).max(TEXT_MAX);
/** On one line, and of whole characters: the digest is over the same text that the database gives back. */
export const NameSchema = z
  .string()
  .trim()
  .min(1)
  .max(120)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must be one line of text');
const Name = NameSchema;
const Day = z.iso.date();
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits');
/** What tells records of a kind apart: `moderation-policy`. */
const Slug = z.string().regex(/^[a-z0-9][a-z0-9-]{0,59}$/, 'must be small letters, digits and hyphens, such as moderation-policy');

/** s.23(3): description, code, the day on which it takes effect. */
export const MeasureRecordSchema = z.object({
  control: z.string(),
  description: Text,
  effectiveFrom: Day,
  owner: Name,
});
/** s.23(4)-(5): what was not adopted, what is done in place of it, why that meets the duty, and the regard to freedom of expression and privacy. */
export const AlternativeRecordSchema = z.object({
  control: z.string(),
  notAdopted: Text,
  doneInstead: Text,
  whyEnough: Text,
  regardToRights: Text,
  effectiveFrom: Day,
  owner: Name,
});
/** A named person says it, for a metric of the catalogue; the figure is what they say. */
export const AttestationSchema = z.object({
  metric: z.string(),
  /** For one control only; null: wherever the metric stands. */
  control: z.string().nullable(),
  figure: z.union([z.number(), z.boolean()]),
  statement: Text,
  validUntil: Day,
  /** SHA-256 of a document that is kept elsewhere. */
  documentSha256: Sha256.nullable(),
});

/** SI 2026/268 reg 5: an administrator, and a replacement who is somebody else. ICU A2 and PCU A2: one accountable person. */
export const ROLES = ['accountable_person', 'accountable_person_children', 'reporting_administrator', 'reporting_replacement'] as const;
export const AppointmentSchema = z.object({
  role: z.enum(ROLES),
  person: Name,
  position: Name,
  /** Null: not yet; the appointment is not current then. */
  acceptedOn: Day.nullable(),
  reviewBy: Day,
});

/** `changes`: somebody looked whether anything changed that must be assessed, and found nothing that is not in the register. */
export const REVIEWS = ['board', 'assurance', 'changes'] as const;
export const ReviewRecordSchema = z.object({
  review: z.enum(REVIEWS),
  by: Name,
  heldOn: Day,
  findings: Text,
  nextBy: Day,
  documentSha256: Sha256.nullable(),
});

export const PolicySchema = z.object({
  name: Slug,
  version: Name,
  about: Text,
  inForceFrom: Day,
  reviewBy: Day,
  /** Of the document, which is kept elsewhere. */
  documentSha256: Sha256,
});

export const TrainingSchema = z.object({
  group: Slug,
  content: Text,
  /** How many people must have it, and how many have it on the day of signing. */
  due: z.number().int().min(1).max(1_000_000),
  current: z.number().int().min(0).max(1_000_000),
  heldOn: Day,
  nextBy: Day,
});

/** OSA ss.9(4), 11(4): assess again before a significant change. */
export const ChangeSchema = z.object({
  name: Slug,
  what: Text,
  changesOn: Day,
  /** Null: it was not assessed. */
  assessedOn: Day.nullable(),
  assessment: z.string().trim().max(TEXT_MAX),
});

/** SI 2026/268 reg 4(1): register before the first report. */
export const RegistrationSchema = z.object({
  authority: Slug,
  registeredOn: Day,
  /** When somebody last saw that a report can be sent. */
  testedOn: Day,
  nextTestBy: Day,
  note: z.string().trim().max(TEXT_MAX),
});

export type MeasureRecord = z.output<typeof MeasureRecordSchema>;
export type AlternativeRecord = z.output<typeof AlternativeRecordSchema>;
export type Attestation = z.output<typeof AttestationSchema>;
export type Appointment = z.output<typeof AppointmentSchema>;
export type ReviewRecord = z.output<typeof ReviewRecordSchema>;
export type Policy = z.output<typeof PolicySchema>;
export type Training = z.output<typeof TrainingSchema>;
export type Change = z.output<typeof ChangeSchema>;
export type Registration = z.output<typeof RegistrationSchema>;

/** Every kind that is signed as it stands; risk assessments come from drafts. */
export const BODY_SCHEMAS = {
  measure: MeasureRecordSchema,
  alternative: AlternativeRecordSchema,
  attestation: AttestationSchema,
  appointment: AppointmentSchema,
  review: ReviewRecordSchema,
  policy: PolicySchema,
  training: TrainingSchema,
  change: ChangeSchema,
  registration: RegistrationSchema,
} as const;
export type BodyKind = keyof typeof BODY_SCHEMAS;
export const BODY_KINDS: readonly BodyKind[] = Object.keys(BODY_SCHEMAS).filter((kind): kind is BodyKind => kind in BODY_SCHEMAS);

export const SignInputSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('measure'), body: MeasureRecordSchema }),
  z.strictObject({ kind: z.literal('alternative'), body: AlternativeRecordSchema }),
  z.strictObject({ kind: z.literal('attestation'), body: AttestationSchema }),
  z.strictObject({ kind: z.literal('appointment'), body: AppointmentSchema }),
  z.strictObject({ kind: z.literal('review'), body: ReviewRecordSchema }),
  z.strictObject({ kind: z.literal('policy'), body: PolicySchema }),
  z.strictObject({ kind: z.literal('training'), body: TrainingSchema }),
  z.strictObject({ kind: z.literal('change'), body: ChangeSchema }),
  z.strictObject({ kind: z.literal('registration'), body: RegistrationSchema }),
]);
export type SignInput = z.output<typeof SignInputSchema>;
