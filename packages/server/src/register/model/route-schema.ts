/** What the API shows: times as text. */
import { z } from 'zod';
import { CheckViewSchema } from '../checks/schema.ts';
import {
  ActionSchema,
  CHANGE_STATES,
  ChangeSchema,
  RecommendationSchema,
  REGISTER_STATUSES,
  RegisterSchema,
  ResponseSchema,
  STATUSES,
  StatusClaimSchema,
  type KeptChange,
  type RecommendationView,
} from './schema.ts';

export const RegisterViewSchema = z.object({ ...RegisterSchema.shape, recommendations: z.number() }).meta({ id: 'RegisterView' });

const MilestoneViewSchema = z.object({
  id: z.string(),
  title: z.string(),
  dueAt: z.string(),
  history: z.array(z.string()).describe('Older dates, oldest first.'),
  doneAt: z.string().nullable(),
  slipDays: z.number().describe('Days between the first date and the newest, or the day on which it was done.'),
});

export const RecommendationViewSchema = z
  .object({
    id: z.string(),
    recommendation: RecommendationSchema,
    responses: z.array(z.object({ ...ResponseSchema.shape, id: z.string(), isOnTime: z.boolean().nullable(), daysLate: z.number().nullable() })),
    actions: z.array(z.object({ ...ActionSchema.shape, id: z.string(), milestones: z.array(MilestoneViewSchema) })),
    statuses: z.array(z.object({ ...StatusClaimSchema.shape, id: z.string() })).describe('The newest claim of each claimant. They are never merged.'),
    registerStatus: z.object({ status: z.enum(REGISTER_STATUSES), claimed: z.enum(STATUSES).nullable(), reason: z.string() }),
    checks: z.array(CheckViewSchema.omit({ runId: true })),
    lateness: z.object({ responseDaysLate: z.number().nullable(), milestonesLate: z.number() }),
  })
  .meta({ id: 'RecommendationView' });

export const KeptChangeSchema = z
  .object({
    id: z.string(),
    subject: z.string(),
    change: ChangeSchema,
    replaces: z.string().nullable(),
    batch: z.string().nullable(),
    state: z.enum(CHANGE_STATES),
    madeBy: z.string(),
    madeAt: z.iso.datetime(),
    reviewedBy: z.string().nullable(),
    publishedAt: z.iso.datetime().nullable(),
    reason: z.string().nullable(),
    digest: z.string(),
  })
  .meta({ id: 'KeptRegisterChange' });

export function toShownChange(change: KeptChange): z.output<typeof KeptChangeSchema> {
  return { ...change, madeAt: change.madeAt.toISOString(), publishedAt: change.publishedAt?.toISOString() ?? null };
}

export function toShownView(view: RecommendationView): z.output<typeof RecommendationViewSchema> {
  return {
    ...view,
    responses: [...view.responses],
    actions: view.actions.map((action) => ({ ...action, milestones: action.milestones.map((one) => ({ ...one, history: [...one.history] })) })),
    statuses: [...view.statuses],
    checks: view.checks.map(({ name, title, expected, result, finding, lastRunAt, logIndex }) => ({
      name,
      title,
      expected,
      result,
      finding,
      lastRunAt: lastRunAt?.toISOString() ?? null,
      logIndex,
    })),
  };
}
