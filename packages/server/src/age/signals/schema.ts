/** Signals of devices: what an app says that its platform says about the age of whoever uses the device. Nothing of it is signed for us. */
import { z } from 'zod';
import { SessionIdSchema, type AgeSessions } from '../sessions/schema.ts';

export const SOURCES = ['apple', 'play', 'os'] as const;
export type SignalSource = (typeof SOURCES)[number];

const AGE_MAX = 150;
const AgeSchema = z.number().int().min(0).max(AGE_MAX);

/** Whole years. 13 to 15 is anybody from the thirteenth birthday to the day before the sixteenth. */
export const RangeSchema = z
  .strictObject({
    lower: AgeSchema.optional().describe('At least this age.'),
    upper: AgeSchema.optional().describe('At most this age; absent: no upper end.'),
  })
  .refine(({ lower, upper }) => lower !== undefined || upper !== undefined, 'at least one end is needed')
  .refine(({ lower = 0, upper = AGE_MAX }) => lower <= upper, { path: ['upper'], message: 'must not be below `lower`' });
export type AgeRange = z.output<typeof RangeSchema>;

/** The platforms' own words. `unknown`: the platform did not say, or said a word that is not here. */
export const PROVENANCES = {
  /** `AgeRangeService.AgeRangeDeclaration` of Declared Age Range. */
  apple: [
    'selfDeclared',
    'guardianDeclared',
    'paymentChecked',
    'guardianPaymentChecked',
    'governmentIDChecked',
    'guardianGovernmentIDChecked',
    'checkedByOtherMethod',
    'guardianCheckedByOtherMethod',
    'confirmed',
    'unknown',
  ],
  /** `ageRangeSource` of Play Age Signals 0.0.4. */
  play: ['TIER_A', 'TIER_B', 'TIER_C', 'TIER_D', 'unknown'],
  /** Brackets of an operating system, such as those of California AB 1043: who entered the age when the account was set up. */
  os: ['selfDeclared', 'guardianDeclared', 'unknown'],
} as const;
export type Provenance<Source extends SignalSource = SignalSource> = (typeof PROVENANCES)[Source][number];

export const NonceSchema = z.string().regex(/^[0-9a-f]{64}$/);

const COMMON = {
  nonce: NonceSchema,
  session: SessionIdSchema.optional().describe('With it, the nonce must be the one of this age check.'),
  range: RangeSchema,
  conclude: z.boolean().default(false).describe('Ends the check where the signal is enough for it. Otherwise it is only noted.'),
} as const;

export const SignalSchema = z
  .discriminatedUnion('source', [
    z.strictObject({ ...COMMON, source: z.literal('apple'), provenance: z.enum(PROVENANCES.apple) }),
    z.strictObject({ ...COMMON, source: z.literal('play'), provenance: z.enum(PROVENANCES.play) }),
    z.strictObject({ ...COMMON, source: z.literal('os'), provenance: z.enum(PROVENANCES.os) }),
  ])
  .meta({ id: 'AgeSignal' });
export type Signal = z.output<typeof SignalSchema>;

export const SignalReplySchema = z
  .object({
    status: z.enum(['noted', 'completed']).describe('`completed`: the age check is over; read its result as ever.'),
    answer: z.enum(['true', 'false', 'unknown']).describe('What the signal says to the question of this age check.'),
    grade: z.number().int().min(0).max(1),
  })
  .meta({ id: 'AgeSignalReply' });
export type SignalReply = z.output<typeof SignalReplySchema>;

export const SignalNonceSchema = z.object({ nonce: NonceSchema, expiresAt: z.iso.datetime() }).meta({ id: 'AgeSignalNonce' });
export type SignalNonce = z.output<typeof SignalNonceSchema>;

export const LabelsSchema = z
  .object({ rta: z.object({ header: z.object({ name: z.string(), value: z.string() }), meta: z.string().describe('For `<head>`.') }) })
  .meta({ id: 'AgeLabels' });

export interface SignalService {
  /** For one signal; an earlier one that was not used is void. @throws {GatehouseError} `not_found`, `gone` */
  issueNonce(sessionId: string, clientToken: string | undefined): Promise<SignalNonce>;
  /** Uses the nonce up. @throws {GatehouseError} `gone` */
  submit(signal: Signal): Promise<SignalReply>;
  /** Weighs every outcome against the signals of its session. `complete` may then throw `conflict`; see `isHeldBack`. */
  guard(sessions: AgeSessions): AgeSessions;
}
