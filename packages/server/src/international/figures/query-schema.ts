/** What the pages and routes take in their addresses. */
import { z } from 'zod';
import { LAYERS } from './schema.ts';
import { ORDERS, SORTS } from './table-rules.ts';

const DAY = z.iso.date();
const YEARS_MAX = 5;
const YEAR_MS = 366 * 86_400_000;

/** From inclusive, to exclusive; days in UTC. Default: this month and the twelve before it. */
export const PeriodQuerySchema = z
  .object({ from: DAY.optional(), to: DAY.optional() })
  .refine(({ from, to }) => from === undefined || to === undefined || (from < to && Date.parse(to) - Date.parse(from) <= YEARS_MAX * YEAR_MS), {
    message: `from must be before to, and at most ${YEARS_MAX} years before`,
  });

export const ShareQuerySchema = z.object({ months: z.coerce.number().int().min(1).max(60).default(24) });
export const PublicQuerySchema = z.object({ quarter: z.string().max(10).optional() });

/** For people: what is wrong is as if it were not there. */
const view = {
  sort: z.enum(SORTS).catch('reports').default('reports'),
  order: z.enum(ORDERS).optional().catch(undefined),
  layer: z.enum(LAYERS).catch('share').default('share'),
  about: z.string().max(40).optional().catch(undefined),
};
export const ConsoleQuerySchema = z.object({
  ...view,
  from: DAY.optional().catch(undefined),
  to: DAY.optional().catch(undefined),
  done: z.literal('looked').optional().catch(undefined),
});
export const PublicPageQuerySchema = z.object({ ...view, quarter: z.string().max(10).optional().catch(undefined) });
export type ViewQuery = Pick<z.output<typeof ConsoleQuerySchema>, 'sort' | 'order' | 'layer' | 'about'>;
