/** What an operator may publish about measures: which bind, in which state each is, and how to check it. No figure that helps anybody around a measure. */
import { z } from 'zod';
import { STATES } from '../evidence/schema.ts';
import { OUTCOMES } from '../facts/schema.ts';

const words = z.string().trim().min(1).max(5000);

/** The operator's file. Texts are shown as they are; an empty line begins a paragraph. */
export const StatementFileSchema = z.strictObject({
  operator: z.string().trim().min(1).max(200).describe('Who runs the service.'),
  preface: words.optional(),
  contact: words.optional(),
});
export type StatementFile = z.output<typeof StatementFileSchema>;

const StatedMeasureSchema = z.object({
  id: z.string(),
  ref: z.string(),
  title: z.string(),
  document: z.string(),
  outcome: z.enum(OUTCOMES),
  state: z.enum(STATES),
  evidence: z.enum(['measured', 'attested', 'mixed', 'none']).describe('What the state rests on.'),
  isDoneAnyway: z.boolean(),
  isToVerify: z.boolean().describe('Nobody has compared our wording of the measure with the primary text yet.'),
});
export type StatedMeasure = z.output<typeof StatedMeasureSchema>;

export const StatementSchema = z
  .object({
    operator: z.string().nullable(),
    preface: z.array(z.string()),
    contact: z.array(z.string()),
    disclaimer: z.string(),
    catalogueVersion: z.string(),
    evaluatedAt: z.iso.datetime().nullable(),
    evaluation: z.object({ id: z.string(), digest: z.string(), logIndex: z.number().int().nullable() }).nullable(),
    log: z.object({ origin: z.string(), verifierKey: z.string(), isPublic: z.boolean() }),
    measures: z.array(StatedMeasureSchema),
  })
  .meta({ id: 'CodeStatement' });
export type Statement = z.output<typeof StatementSchema>;
