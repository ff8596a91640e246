/** Words and shapes of resumable uploads. */
import { z } from 'zod';
import { UploadIdSchema } from '../../intake/index.ts';

export const TusIdSchema = z.string().regex(/^tus_[0-9a-hjkmnp-tv-z]{26}$/);

/**
 * The life of a resumable upload.
 *
 *   open -> whole (all bytes are here, intake does not have them yet) -> handed (intake decides)
 *   any -> ended: taken back, expired, lost, or not the bytes that were announced
 */
export const TUS_STATES = ['open', 'whole', 'handed', 'ended'] as const;
export type TusState = (typeof TUS_STATES)[number];

export const OUTCOME_STATES = ['waiting', 'pending', 'released', 'not_released', 'ended'] as const;
export type OutcomeState = (typeof OUTCOME_STATES)[number];

export const TusOutcomeSchema = z
  .object({
    id: TusIdSchema,
    state: z.enum(OUTCOME_STATES).describe('`waiting` for bytes, `pending` a decision, `released`, `not_released`, or `ended`: no longer stored.'),
    offsetBytes: z.number().int().describe('How much was received and is kept, or was handed over.'),
    sizeBytes: z.number().int().optional(),
    uploadId: UploadIdSchema.optional().describe('Its name in callbacks, for moderators and at /v1/uploads. Present when it was handed over.'),
    message: z.string().describe('Neutral text that may be shown as it is.'),
    receipt: z.string().optional().describe('Only when released and in force. The service publishes only with it.'),
  })
  .meta({ id: 'TusOutcome' });
export type TusOutcome = z.output<typeof TusOutcomeSchema>;
