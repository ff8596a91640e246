/** Wire shapes of the routes of this room. */
import { z } from 'zod';
import { MeasureStateSchema, STATES } from './schema.ts';

export { EvaluationSchema } from './schema.ts';

const CountsSchema = z.record(z.enum(STATES), z.number().int());

export const EvaluationSummarySchema = z
  .object({
    id: z.string(),
    at: z.iso.datetime(),
    counts: CountsSchema,
    catalogueVersion: z.string().optional(),
    digest: z.string().optional(),
    logIndex: z.number().int().nullable().optional().describe('Null: it has no place in the log yet; it gets one within a second.'),
  })
  .meta({ id: 'CodeEvaluationSummary' });

export const MeasureListSchema = z.object({
  evaluation: EvaluationSummarySchema.nullable(),
  measures: z.array(MeasureStateSchema.omit({ items: true }).extend({ title: z.string(), since: z.iso.datetime().nullable() })),
});

export const MeasureDetailSchema = z.object({
  measure: MeasureStateSchema,
  title: z.string(),
  verify: z.boolean().describe('True: nobody has compared our wording of the measure with the primary text yet.'),
  evaluation: EvaluationSummarySchema,
  history: z.array(z.object({ at: z.iso.datetime(), state: z.enum(STATES), evaluationId: z.string() })),
});

export const TargetInputSchema = z
  .strictObject({
    value: z.number().min(0).max(1e12),
    reason: z.string().trim().min(1).max(2000).describe('Why this figure; it is kept with it.'),
  })
  .meta({ id: 'CodeTargetInput' });

export const TargetListSchema = z.object({
  targets: z.array(z.object({ id: z.string(), value: z.number(), reason: z.string(), setBy: z.string(), setAt: z.iso.datetime() })),
  missing: z.array(z.string()).describe('Targets that measures ask for and that nobody has set: those items are not evaluated.'),
});

export const CanaryRunSchema = z
  .object({
    at: z.iso.datetime().nullable(),
    canaries: z.array(
      z.object({
        transform: z.string(),
        isListed: z.boolean().describe('False: a benign picture that is in no list, or a damaged file.'),
        sent: z.number().int(),
        found: z.number().int().describe('Matched; of listed ones with their entry, and not released.'),
        released: z.number().int(),
        undecided: z.number().int().describe('The gate could give no answer.'),
      }),
    ),
  })
  .meta({ id: 'CodeCanaryRun' });

export const ProofSchema = z
  .object({ index: z.number().int(), entry: z.string().describe('The exact text of the entry.'), proof: z.string().describe('A `.tlog-proof` (C2SP).') })
  .meta({ id: 'CodeProof' });
