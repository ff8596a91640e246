/** The register for programs. Reading asks for the right to edit, because drafts are not public; the public pages need none. */
import { z } from 'zod';
import { json, noContent } from '../../platform/http/reply.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import { KeptChangeSchema, RecommendationViewSchema, RegisterViewSchema, toShownChange, toShownView } from './route-schema.ts';
import { ChangeSchema, REGISTER_STATUSES, type KeptChange, type RegisterService } from './schema.ts';

const TAG = 'register';
export const IdParams = z.object({ id: z.string().max(60) });
const RecommendationParams = z.object({ register: z.string().max(60), number: z.string().max(20) });
const FilterSchema = z.object({
  register: z.string().max(60).optional(),
  status: z.enum(REGISTER_STATUSES).optional(),
  theme: z.string().max(60).optional(),
  addressee: z.string().max(200).optional(),
  text: z.string().max(200).optional().describe('Words, each of which stands somewhere in it.'),
});
export const ReasonSchema = z.strictObject({ reason: z.string().trim().min(1).max(2000) });
const ProposalSchema = z
  .strictObject({ change: ChangeSchema, replaces: z.string().max(60).optional().describe('The id of what it takes the place of, in any version.') })
  .meta({ id: 'RegisterProposal' });
const ChangesSchema = z.object({ changes: z.array(KeptChangeSchema) });

export function routes(register: RegisterService): readonly Route[] {
  return [...readRoutes(register), ...changeRoutes(register), ...stepRoutes(register)];
}

function readRoutes(register: RegisterService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/register/registers',
      right: 'register:edit',
      tag: TAG,
      summary: 'The registers',
      responses: { 200: { description: 'The registers', schema: z.object({ registers: z.array(RegisterViewSchema) }) } },
      handle: async () => json({ registers: await register.registers() }),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/register/recommendations',
      right: 'register:edit',
      tag: TAG,
      summary: 'Recommendations, as they are published',
      query: FilterSchema,
      responses: { 200: { description: 'The recommendations', schema: z.object({ recommendations: z.array(RecommendationViewSchema) }) } },
      handle: async ({ query }) => json({ recommendations: (await register.list(query)).map(toShownView) }),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/register/recommendations/{register}/{number}',
      right: 'register:edit',
      tag: TAG,
      summary: 'One recommendation',
      params: RecommendationParams,
      responses: { 200: { description: 'The recommendation', schema: RecommendationViewSchema } },
      handle: async ({ params }) => json(toShownView(await register.find(`${params.register}/${params.number}`))),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/register/recommendations/{register}/{number}/timeline',
      right: 'register:edit',
      tag: TAG,
      summary: 'Every published change of a recommendation, oldest first',
      params: RecommendationParams,
      responses: { 200: { description: 'The changes', schema: ChangesSchema } },
      handle: async ({ params }) => json(showAll(await register.timeline(`${params.register}/${params.number}`))),
    }),
  ];
}

function changeRoutes(register: RegisterService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/register/changes',
      right: 'register:edit',
      tag: TAG,
      summary: 'Drafts, and what waits for a review',
      responses: { 200: { description: 'The changes, oldest first', schema: ChangesSchema } },
      handle: async () => json(showAll(await register.drafts())),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/register/changes',
      right: 'register:edit',
      tag: TAG,
      summary: 'Propose a change',
      description: 'It is a draft until it is submitted, and seen by nobody outside until somebody else has published it.',
      body: ProposalSchema,
      responses: { 201: { description: 'The draft', schema: KeptChangeSchema } },
      handle: async ({ body, principal }) =>
        json(toShownChange(await register.propose(body.change, { actor: principal.id, replaces: body.replaces })), { status: 201 }),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/register/changes/{id}',
      right: 'register:edit',
      tag: TAG,
      summary: 'One change, in whatever state',
      params: IdParams,
      responses: { 200: { description: 'The change', schema: KeptChangeSchema } },
      handle: async ({ params }) => json(toShownChange(await register.change(params.id))),
    }),
  ];
}

/** `id` may be that of an import: then all of its changes are meant. */
function stepRoutes(register: RegisterService): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/register/changes/{id}/submission',
      right: 'register:edit',
      tag: TAG,
      summary: 'Hand a draft, or all of an import, to the reviewers',
      params: IdParams,
      responses: { 200: { description: 'The change', schema: KeptChangeSchema } },
      handle: async ({ params, principal }) => json(toShownChange(await register.submit(params.id, principal.id))),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/register/changes/{id}/withdrawal',
      right: 'register:edit',
      tag: TAG,
      summary: 'Withdraw what you proposed',
      params: IdParams,
      body: ReasonSchema,
      responses: { 204: { description: 'Withdrawn' } },
      async handle({ params, body, principal }) {
        await register.withdraw(params.id, body.reason, principal.id);
        return noContent();
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/register/changes/{id}/publication',
      right: 'register:review',
      tag: TAG,
      summary: 'Publish what somebody else proposed',
      params: IdParams,
      responses: { 200: { description: 'The change', schema: KeptChangeSchema } },
      handle: async ({ params, principal }) => json(toShownChange(await register.publish(params.id, principal.id))),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/register/changes/{id}/rejection',
      right: 'register:review',
      tag: TAG,
      summary: 'Reject a change, with a reason',
      params: IdParams,
      body: ReasonSchema,
      responses: { 204: { description: 'Rejected' } },
      async handle({ params, body, principal }) {
        await register.reject(params.id, body.reason, principal.id);
        return noContent();
      },
    }),
  ];
}

function showAll(changes: readonly KeptChange[]): z.output<typeof ChangesSchema> {
  return { changes: changes.map(toShownChange) };
}
