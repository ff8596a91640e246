/** The questions about the service, as they are asked and shown. */
import { z } from 'zod';
import { FactDefinitionSchema } from '../catalogue/schema.ts';
import { ApplicabilitySchema, OUTCOMES } from './schema.ts';

export type SectionId = z.output<typeof FactDefinitionSchema>['section'];

/** Characters of the text that says how an answer was found out. */
export const METHOD_MAX = 1000;

export const FactValueSchema = z.union([z.boolean(), z.number(), z.string().max(200)]);

export const SaidSchema = z
  .object({
    value: FactValueSchema.nullable().describe('Null: taken back.'),
    text: z.string().describe('The value in words.'),
    origin: z.enum(['answer', 'assessment', 'system']),
    saidBy: z.string(),
    saidName: z.string().nullable(),
    saidAt: z.iso.datetime(),
    method: z.string().nullable(),
  })
  .meta({ id: 'CodeSaidFact' });
export type SaidView = z.output<typeof SaidSchema>;

export const QuestionSchema = z
  .object({
    fact: z.string(),
    section: FactDefinitionSchema.shape.section,
    question: z.string(),
    help: z.string().nullable(),
    type: z.enum(['yes_no', 'number', 'choice', 'level']),
    options: z.array(z.object({ value: z.string(), text: z.string() })).describe('Of choices and levels; empty for the others.'),
    value: FactValueSchema.nullable().describe('What counts. Null: not answered, or taken back.'),
    said: SaidSchema.nullable().describe('What people said last. It counts before what Gatehouse found.'),
    found: SaidSchema.nullable().describe('What Gatehouse found about itself. It counts while nobody answers.'),
    decides: z.number().int().describe('So many measures wait for this answer, among others.'),
  })
  .meta({ id: 'CodeQuestion' });
export type Question = z.output<typeof QuestionSchema>;

export const SectionSchema = z
  .object({
    id: FactDefinitionSchema.shape.section,
    title: z.string(),
    answered: z.number().int(),
    open: z.number().int().describe('Not answered, and a measure waits for it.'),
    notNeeded: z.number().int().describe('Not answered, and nothing waits for it as things stand.'),
  })
  .meta({ id: 'CodeQuestionSection' });
export type Section = z.output<typeof SectionSchema>;

export const QuestionnaireSchema = z
  .object({
    catalogueVersion: z.string(),
    digest: z.string().describe('SHA-256 of the canonical JSON of the values, derived ones included.'),
    sections: z.array(SectionSchema),
    questions: z.array(QuestionSchema),
    derived: z.array(z.object({ fact: z.string(), section: FactDefinitionSchema.shape.section, question: z.string(), value: z.boolean().nullable() })),
    next: z.array(z.string()).describe('Open questions, those first for which most measures wait.'),
    decided: z.number().int().describe('Measures for which it is known whether they are for this service.'),
    undecided: z.number().int(),
  })
  .meta({ id: 'CodeQuestionnaire' });
export type Questionnaire = z.output<typeof QuestionnaireSchema>;

export const AnswersSchema = z
  .strictObject({
    answers: z
      .array(
        z.strictObject({
          fact: z.string().max(80),
          value: FactValueSchema.nullable().describe('As text too: `yes`, `20,000`, `medium`. Null or `unknown`: not known.'),
          method: z.string().trim().max(METHOD_MAX).optional().describe('How it was found out.'),
        }),
      )
      .min(1)
      .max(200),
  })
  .meta({ id: 'CodeAnswers' });
export type Answer = z.output<typeof AnswersSchema>['answers'][number];

export const WhatIfInputSchema = z
  .strictObject({
    facts: z.record(z.string().max(80), FactValueSchema.nullable()).describe('Facts as they would be.'),
    on: z.iso.date().optional().describe('The day whose law it is; today without it.'),
  })
  .meta({ id: 'CodeWhatIfInput' });

export const WhatIfSchema = z
  .object({
    differences: z.array(z.object({ control: z.string(), title: z.string(), before: z.enum(OUTCOMES), after: z.enum(OUTCOMES), reason: z.string() })),
    unchanged: z.number().int(),
  })
  .meta({ id: 'CodeWhatIf' });
export type WhatIf = z.output<typeof WhatIfSchema>;

export const ApplicabilityListSchema = z
  .object({ day: z.iso.date(), catalogueVersion: z.string(), factsDigest: z.string(), measures: z.array(ApplicabilitySchema) })
  .meta({ id: 'CodeApplicabilityList' });
