/** What the checks of the log say: that all of it is as it was hashed, and that everything is in it. */
import { z } from 'zod';

const FoundSchema = z.object({ count: z.number().int(), ids: z.array(z.string()).describe('The first of them.') });

export const SourceReportSchema = z
  .object({
    kind: z.string(),
    only: z.string().nullable().describe('Only events of the kind that say this.'),
    title: z.string(),
    since: z.iso.datetime().describe('Rows from before are not in the log, and not missing.'),
    rows: z.number().int().describe('Entries that the rows of the domain ask for.'),
    entries: z.number().int(),
    pending: z.number().int().describe('Events that have no place yet.'),
    missing: FoundSchema.describe('Rows whose entry is not there.'),
    surplus: FoundSchema.describe('Entries whose row is not there, where rows are kept for good.'),
    erased: z.number().int().describe('Entries whose row is not there, where rows are removed on a schedule.'),
  })
  .meta({ id: 'LogSourceReport' });
export type SourceReport = z.output<typeof SourceReportSchema>;

export const CompletenessSchema = z
  .object({
    at: z.iso.datetime(),
    isComplete: z.boolean(),
    sources: z.array(SourceReportSchema),
    without: z.array(z.string()).describe('Kinds of events that leave no row to compare with.'),
  })
  .meta({ id: 'LogCompleteness' });
export type Completeness = z.output<typeof CompletenessSchema>;

export const SelfCheckSchema = z
  .object({
    at: z.iso.datetime(),
    entries: z.number().int(),
    isOk: z.boolean(),
    fault: z.string().nullable(),
  })
  .meta({ id: 'LogSelfCheck' });

export const SelfCheckStepSchema = z
  .object({
    position: z.number().int().describe('Entries that were checked so far.'),
    size: z.number().int(),
    result: SelfCheckSchema.nullable().describe('Null while it is under way.'),
  })
  .meta({ id: 'LogSelfCheckStep' });
export type SelfCheckStep = z.output<typeof SelfCheckStepSchema>;

export const FoundEntrySchema = z.object({ index: z.number().int() }).meta({ id: 'LogEntryPlace' });

/** The last whole check of the tree. */
export interface SelfCheckResult {
  readonly at: Date;
  readonly entries: number;
  readonly isOk: boolean;
  readonly fault: string | null;
}
