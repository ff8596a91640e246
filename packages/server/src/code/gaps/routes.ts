/** Open measures and plans, for programs. */
import { z } from 'zod';
import { json } from '../../platform/http/reply.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import { STATES } from '../evidence/schema.ts';
import { OUTCOMES } from '../facts/schema.ts';
import type { Gap, GapPlan, GapsService } from './schema.ts';

const OWNER_MAX = 120;
const PLAN_MAX = 5000;

const PlanInputSchema = z
  .strictObject({
    owner: z.string().trim().min(1).max(OWNER_MAX).describe('Who sees to it.'),
    due: z.iso.date(),
    plan: z.string().trim().min(1).max(PLAN_MAX).describe('What will be done.'),
  })
  .meta({ id: 'CodeGapPlanInput' });
const PlanSchema = PlanInputSchema.extend({ control: z.string(), setBy: z.string(), setAt: z.iso.datetime() }).meta({ id: 'CodeGapPlan' });
export const GapSchema = z
  .object({
    control: z.string(),
    title: z.string(),
    outcome: z.enum(OUTCOMES),
    state: z.enum(STATES),
    reason: z.string(),
    since: z.iso.datetime().nullable(),
    plan: PlanSchema.nullable(),
    isOverdue: z.boolean(),
  })
  .meta({ id: 'CodeGap' });

export function routes(gaps: GapsService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/code/gaps',
      right: 'code:read',
      tag: 'code',
      summary: 'Measures that fail, lack data or need attention, with owners and dates',
      responses: { 200: { description: 'Duties first', schema: z.object({ gaps: z.array(GapSchema) }) } },
      handle: async () => json({ gaps: (await gaps.list()).map(toGapView) }),
    }),
    defineRoute({
      method: 'put',
      path: '/v1/code/gaps/{control}',
      right: 'code:manage',
      tag: 'code',
      summary: 'Plan what is done about a measure',
      params: z.object({ control: z.string() }),
      body: PlanInputSchema,
      responses: { 200: { description: 'Every plan of the measure, newest first', schema: z.object({ plans: z.array(PlanSchema) }) } },
      async handle({ params, body, principal }) {
        await gaps.plan({ ...body, control: params.control }, principal.id);
        return json({ plans: (await gaps.history(params.control)).map(toPlanView) });
      },
    }),
  ];
}

function toGapView(gap: Gap): z.output<typeof GapSchema> {
  return { ...gap, since: gap.since?.toISOString() ?? null, plan: gap.plan === null ? null : toPlanView(gap.plan) };
}

function toPlanView(plan: GapPlan): z.output<typeof PlanSchema> {
  return { ...plan, setAt: plan.setAt.toISOString() };
}
