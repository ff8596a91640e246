/** Wire shapes of look-ups: signals that somebody has already, compared with the lists, without any content. */
import { z } from 'zod';
import { DISPOSITIONS, ListIdSchema, MAX_RADIUS, SIGNAL_BYTES, SIGNAL_TYPES, type SignalType } from '../lists/index.ts';

/** A picture that may be turned, in both forms, has 16 hashes; 256 are those of 16 pictures. */
export const LOOK_UP_SIGNALS_MAX = 256;

const valueOf = (type: SignalType): z.ZodString => {
  const digits = SIGNAL_BYTES[type] * 2;
  return z.string().regex(new RegExp(`^[0-9a-fA-F]{${digits}}$`), `must be ${digits} hexadecimal digits`);
};
const digestOf = <Type extends Exclude<SignalType, 'pdq'>>(type: Type): z.ZodObject<{ type: z.ZodLiteral<Type>; value: z.ZodString }, z.core.$strict> =>
  z.strictObject({ type: z.literal(type), value: valueOf(type) });

export const SignalSchema = z
  .discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('pdq'),
      value: valueOf('pdq'),
      quality: z
        .number()
        .int()
        .min(0)
        .max(100)
        .optional()
        .describe('The quality that PDQ gave with the hash. Without it the hash is compared whatever it is worth.'),
    }),
    digestOf('md5'),
    digestOf('sha1'),
    digestOf('sha256'),
  ])
  .meta({ id: 'Signal' });
export type Signal = z.output<typeof SignalSchema>;

export const LookUpRequestSchema = z
  .strictObject({
    signals: z.array(SignalSchema).min(1, 'needs at least one signal').max(LOOK_UP_SIGNALS_MAX, `may hold at most ${LOOK_UP_SIGNALS_MAX} signals`),
    radius: z
      .number()
      .int()
      .min(0)
      .max(MAX_RADIUS)
      .optional()
      .describe('PDQ: nothing farther away than this is a hit. Lists with a smaller radius keep theirs; a larger one changes nothing.'),
  })
  .meta({ id: 'LookUpRequest' });

/** Three different things: to have compared and found nothing is not the same as not to have compared. */
export const LOOK_UP_OUTCOMES = ['match', 'no_match', 'quality_too_low'] as const;
export type LookUpOutcome = (typeof LOOK_UP_OUTCOMES)[number];

export const LookUpHitSchema = z
  .object({
    listId: ListIdSchema,
    listName: z.string(),
    entry: z.number().int().describe('Number of the entry within its list; stable for ever.'),
    reference: z.string().optional().describe("The entry's reference at its source; only for keys with the right `lists:read`."),
    distance: z.number().int().describe('Bits that differ; 0 for digests.'),
    disposition: z.enum(DISPOSITIONS).describe('What a match with this list leads to.'),
  })
  .meta({ id: 'LookUpHit' });
export type LookUpHit = z.output<typeof LookUpHitSchema>;

export const SignalResultSchema = z
  .object({
    index: z.number().int().describe('Which signal of the request this is about, from 0.'),
    type: z.enum(SIGNAL_TYPES),
    outcome: z
      .enum(LOOK_UP_OUTCOMES)
      .describe('`quality_too_low`: no hit, and the quality is below the floor of a list, which was not compared. That is not the same as no match.'),
    hits: z.array(LookUpHitSchema).describe('Nearest first. When `truncated`, the nearest of each list is among them, of lists that refuse before others.'),
    hitCount: z.number().int().describe('How many hits there were in all.'),
    truncated: z.boolean().describe('True when there were more hits than are shown.'),
  })
  .meta({ id: 'SignalResult' });
export type SignalResult = z.output<typeof SignalResultSchema>;

export const LookUpReplySchema = z
  .object({
    results: z.array(SignalResultSchema).describe('One for each signal, in the order asked.'),
    listSetVersion: z.number().int().describe('All signals were compared with exactly this version of the list set.'),
    activeLists: z.number().int(),
    complete: z.literal(true).describe('Every signal was compared. There are no partial answers: otherwise the answer is an error.'),
  })
  .meta({ id: 'LookUpReply' });
export type LookUpReply = z.output<typeof LookUpReplySchema>;
