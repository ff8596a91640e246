/** What a reading of a metric looks like: for the API, the pages and whatever reads evidence later. */
import { z } from 'zod';
import { CRITERIA, STATES, UNITS, type MetricDefinition, type MetricId, type MetricState } from './definition-schema.ts';

/** One row of the table behind a reading. Figures are null where they are withheld: about fewer than k, or such that one could be worked out. */
export interface MetricRow {
  readonly label: string;
  readonly value: number | null;
  readonly numerator: number | null;
  readonly denominator: number | null;
  readonly isWithheld: boolean;
}

/** What the rules find; figures that may be seen only. */
export interface Reading {
  readonly state: MetricState;
  /** One sentence: why this state. */
  readonly reason: string;
  readonly value: number | null;
  readonly numerator: number | null;
  readonly denominator: number | null;
  readonly isWithheld: boolean;
  readonly rows: readonly MetricRow[];
}

export interface EvidenceMetric extends MetricDefinition, Reading {
  readonly id: MetricId;
}

const RowSchema = z.object({
  label: z.string(),
  value: z.number().nullable(),
  numerator: z.number().nullable(),
  denominator: z.number().nullable(),
  isWithheld: z.boolean(),
});

export const MetricSchema = z
  .object({
    id: z.string(),
    criterion: z.enum(CRITERIA),
    title: z.string(),
    definition: z.string(),
    window: z.string(),
    unit: z.enum(UNITS),
    threshold: z.object({ text: z.string(), source: z.enum(['our_proposal', 'guidance', 'operator']) }).nullable(),
    state: z.enum(STATES),
    reason: z.string(),
    value: z.number().nullable().describe('Null: withheld, or not evaluated.'),
    numerator: z.number().nullable(),
    denominator: z.number().nullable(),
    isWithheld: z.boolean().describe('True: there is a figure, and it is about too few people to be shown.'),
    rows: z.array(RowSchema),
  })
  .meta({ id: 'AgeEvidenceMetric' });

export const EvidenceSchema = z
  .object({
    about: z.string(),
    version: z.string(),
    generatedAt: z.iso.datetime(),
    k: z.number().int().describe('No figure is about fewer than this.'),
    metrics: z.array(MetricSchema),
    weekly: z
      .array(z.object({ week: z.string(), share: z.number().nullable() }))
      .describe('The share of checks that ended with yes or no, by week, in hundredths; null: too few.'),
  })
  .meta({ id: 'AgeEvidence' });
/** As the service makes it; readers elsewhere parse it with the schema. */
export interface EvidenceView extends Omit<z.output<typeof EvidenceSchema>, 'metrics' | 'weekly'> {
  readonly metrics: readonly EvidenceMetric[];
  readonly weekly: readonly { readonly week: string; readonly share: number | null }[];
}

/** On every page and in every export. */
export const DISCLAIMER = 'Gatehouse supplies evidence and claims no compliance.';
