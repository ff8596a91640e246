import { json } from '../../platform/http/reply.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import { ClearOutcomesSchema, ForceOutcomeSchema, OutcomesSchema } from './outcome-rules.ts';
import type { Stub } from './stub.ts';

const OUTCOMES = { description: 'What is forced now', schema: OutcomesSchema } as const;

/** Only while stub mode is on; otherwise these addresses do not exist. */
export function stubRoutes(stub: Stub): readonly Route[] {
  const show = () => json({ items: [...stub.list()] });
  return [
    defineRoute({
      method: 'get',
      path: '/v1/stub/outcomes',
      right: 'uploads:write',
      tag: 'stub',
      summary: 'Outcomes that are forced (stub mode)',
      responses: { 200: OUTCOMES },
      handle: async () => show(),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/stub/outcomes',
      right: 'uploads:write',
      tag: 'stub',
      summary: 'Force the outcome of content by its SHA-256 (stub mode)',
      body: ForceOutcomeSchema,
      responses: { 200: OUTCOMES },
      async handle({ body }) {
        stub.force(body);
        return show();
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/stub/outcomes',
      right: 'uploads:write',
      tag: 'stub',
      summary: 'Forget forced outcomes (stub mode)',
      query: ClearOutcomesSchema,
      responses: { 200: OUTCOMES },
      async handle({ query }) {
        stub.clear(query.sha256);
        return show();
      },
    }),
  ];
}
