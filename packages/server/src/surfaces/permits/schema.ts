/** Shapes of permits and of uploads by senders. */
import { z } from 'zod';
import { FORMS } from '../../lists/index.ts';
import { UploadIdSchema } from '../../intake/index.ts';

const Sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits');
const HashSchema = z.string().regex(/^[0-9a-f]{64}$/, 'a PDQ hash has 64 lower-case hexadecimal digits');
/** Two forms of one picture; more would be more pictures than one file shows. */
const PICTURES_MAX = 4;
const ORIENTATIONS = 8;

export const PermitRequestSchema = z
  .object({
    sha256: Sha256Schema.describe('Of exactly the bytes that will be sent.'),
    sizeBytes: z.number().int().positive(),
    mediaType: z.string().max(100).optional(),
    pictures: z
      .array(
        z.object({
          form: z.enum(FORMS).default('full'),
          quality: z.number().int().min(0).max(100),
          pdq: z.union([HashSchema, z.array(HashSchema).min(1).max(ORIENTATIONS)]),
        }),
      )
      .max(PICTURES_MAX)
      .default([])
      .describe('PDQ of the decoded picture in eight orientations, in the order of @gatehouse/pdq. Empty: the device could not decode the file.'),
    clientVersion: z.string().max(64).optional(),
  })
  .meta({ id: 'PermitRequest' });
export type PermitRequest = z.output<typeof PermitRequestSchema>;

export const PermitReplySchema = z
  .object({
    permitted: z.boolean(),
    permit: z.string().nullable().describe('To be sent with exactly these bytes, once, as the header Gatehouse-Permit. No receipt, and no clearance.'),
    expiresAt: z.iso.datetime().nullable(),
    reference: z.string(),
    message: z.string().describe('Neutral text that may be shown as it is.'),
  })
  .meta({ id: 'PermitReply' });
export type PermitReply = z.output<typeof PermitReplySchema>;

export const OUTCOME_STATES = ['waiting', 'pending', 'released', 'not_released', 'ended'] as const;
export const OutcomeSchema = z
  .object({
    id: UploadIdSchema,
    state: z.enum(OUTCOME_STATES).describe('`waiting` for the bytes, `pending` a decision, `released`, `not_released`, or `ended`: no longer stored.'),
    message: z.string(),
    receipt: z.string().optional().describe('Only when released and in force. The service publishes only with it.'),
  })
  .meta({ id: 'Outcome' });
export type Outcome = z.output<typeof OutcomeSchema>;
