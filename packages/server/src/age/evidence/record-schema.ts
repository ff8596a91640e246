/** The written record: what is used, how it is configured, since when, who changed it, and what people who reviewed it found. */
import { z } from 'zod';

export const RECORD_KINDS = ['configuration', 'review'] as const;

const HashSchema = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits');
const DateSchema = z.iso.date();

/** No secret: of files and addresses that may hold one, only that they are set, or a digest. */
export const SnapshotSchema = z.object({
  version: z.string(),
  /** The settings of age checks, by key. */
  settings: z.record(z.string(), z.string()),
  thresholds: z.object({ k: z.number(), gapPercent: z.number(), maxWrongAccept: z.number() }),
  ways: z.array(z.string()),
  languages: z.array(z.string()),
  profiles: z.array(z.string()),
  /** Of the file as it was at the start of the process; shows changes of settings that are not declared. */
  providersFileSha256: z.string().nullable(),
  providers: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      kind: z.string(),
      basis: z.string(),
      grade: z.number(),
      presentationAttackLevel: z.string(),
      data: z.array(z.string()),
      retention: z.string(),
      regions: z.array(z.string()),
      thresholds: z.array(z.number()),
      canSayUnder: z.boolean(),
      errorsSource: z.string().nullable(),
      challengeAges: z.record(z.string(), z.number()),
    }),
  ),
  trustLists: z.array(
    z.object({
      name: z.string(),
      format: z.string(),
      sequence: z.number().nullable(),
      issuedAt: z.string().nullable(),
      nextUpdate: z.string().nullable(),
      sha256: z.string(),
      anchors: z.number(),
    }),
  ),
  mutedIssuers: z.array(z.object({ id: z.string(), mutedAt: z.string() })),
  statusLists: z.array(z.object({ address: z.string(), issuer: z.string().nullable() })),
  services: z.array(z.object({ id: z.string(), name: z.string(), returnOrigins: z.array(z.string()), hasCallback: z.boolean() })),
});
export type Snapshot = z.output<typeof SnapshotSchema>;

export const ReviewInputSchema = z.strictObject({
  reviewer: z.string().trim().min(1).max(100).describe('Who reviewed; a role is enough. It is kept for good and exported.'),
  reviewedOn: DateSchema,
  text: z.string().trim().min(1).max(10_000).describe('What was looked at, what was found, what follows. No personal data of people who were checked.'),
  nextReviewOn: DateSchema,
  dpiaUrl: z
    .url({ protocol: /^https?$/ })
    .max(2000)
    .optional()
    .describe('Where the data protection impact assessment is.'),
});
export type ReviewInput = z.output<typeof ReviewInputSchema>;

export const RecordSchema = z
  .object({
    sequence: z.number().int().min(1),
    at: z.iso.datetime(),
    kind: z.enum(RECORD_KINDS),
    actor: z.string(),
    cause: z.string(),
    changed: z.array(z.string()).describe('Which parts of the configuration differ from the entry before; JSON pointers.'),
    content: z.string().describe('Canonical JSON: the text that the hash is over.'),
    previousHash: HashSchema,
    hash: HashSchema,
  })
  .meta({ id: 'AgeEvidenceRecord' });
export type RecordView = z.output<typeof RecordSchema>;

export const VerificationSchema = z
  .object({
    isIntact: z.boolean(),
    entries: z.number().int(),
    head: z.object({ sequence: z.number().int(), hash: HashSchema }),
    fault: z
      .object({ sequence: z.number().int(), reason: z.enum(['sequence', 'previous_hash', 'hash', 'head', 'expected_head']) })
      .optional()
      .describe('The first one.'),
  })
  .meta({ id: 'AgeEvidenceVerification' });
export type Verification = z.output<typeof VerificationSchema>;

/** `12:0123…`: a head that was noted earlier. */
export const HeadSchema = z
  .string()
  .regex(/^\d{1,15}:[0-9a-f]{64}$/, 'must be a number, a colon and 64 hexadecimal digits, as `gatehouse age evidence verify` prints them');

/** As it is stored. */
export interface Entry {
  readonly sequence: number;
  readonly at: Date;
  readonly kind: (typeof RECORD_KINDS)[number];
  readonly actor: string;
  readonly cause: string;
  readonly content: string;
  readonly previousHash: string;
  readonly hash: string;
}

export interface Head {
  readonly sequence: number;
  readonly hash: string;
}
