/** The public statement: what age checks are used here, in plain words, from the written record. */
import { z } from 'zod';

const words = z.string().trim().min(1).max(5_000);

/** The operator's file. Texts are shown as they are; an empty line begins a paragraph. */
export const StatementFileSchema = z.strictObject({
  operator: z.string().trim().min(1).max(200).describe('Who runs the services that ask.'),
  preface: words.optional(),
  alternatives: words.optional().describe('What people can do who cannot or do not want to be checked.'),
  contact: z
    .strictObject({
      text: words.optional(),
      email: z.email().optional(),
      url: z.url({ protocol: /^https$/ }).optional(),
    })
    .optional(),
});
export type StatementFile = z.output<typeof StatementFileSchema>;

const WaySchema = z.object({
  id: z.string(),
  title: z.string(),
  how: z.string(),
  processed: z.string(),
  kept: z.string(),
  grade: z.string(),
});
export type StatedWay = z.output<typeof WaySchema>;

const FiguresSchema = z.object({
  month: z.string().describe('A whole calendar month, `2026-10`.'),
  k: z.number().int(),
  checks: z.number().int().nullable(),
  answeredShare: z.number().nullable(),
  medianSeconds: z.number().nullable().describe('Half of the answers took less; the upper end of a class of time.'),
  ways: z.array(z.object({ label: z.string(), checks: z.number().nullable() })).describe('How many checks each way answered; null: withheld.'),
});
export type Figures = z.output<typeof FiguresSchema>;

export const StatementSchema = z
  .object({
    about: z.string(),
    operator: z.string().nullable(),
    preface: z.array(z.string()),
    version: z.string(),
    generatedAt: z.iso.datetime(),
    inForceSince: z.iso.datetime().nullable().describe('When the configuration that is described was written down.'),
    record: z
      .object({ sequence: z.number().int(), hash: z.string() })
      .describe('The last entry of the written record: whoever notes it can have the record checked against it later.'),
    services: z.array(z.string()),
    languages: z.array(z.string()),
    ways: z.array(WaySchema),
    alternatives: z.array(z.string()),
    complaint: z.object({ text: z.array(z.string()), email: z.string().nullable(), url: z.string().nullable() }),
    figures: FiguresSchema.nullable(),
    selfTest: z.object({ at: z.iso.datetime(), cases: z.number().int(), hostileAccepted: z.number().int(), isPassed: z.boolean() }).nullable(),
    review: z.object({ reviewedOn: z.string(), nextReviewOn: z.string(), dpiaUrl: z.string().nullable() }).nullable(),
  })
  .meta({ id: 'AgeStatement' });
export type StatementView = z.output<typeof StatementSchema>;
