/** Checks for programs; the public pages show the same. */
import { z } from 'zod';
import { json } from '../../platform/http/reply.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import { CheckViewSchema, type ChecksService, type CheckState } from './schema.ts';

const ListSchema = z.object({ checks: z.array(CheckViewSchema) }).meta({ id: 'RegisterCheckList' });
const HistorySchema = z
  .object({ results: z.array(z.object({ at: z.iso.datetime(), runId: z.string(), isPassed: z.boolean(), finding: z.string() })) })
  .meta({ id: 'RegisterCheckHistory' });

export function routes(checks: ChecksService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/register/checks',
      right: 'register:edit',
      tag: 'register',
      summary: 'Every check with its newest result',
      responses: { 200: { description: 'The checks', schema: ListSchema } },
      handle: async () => json({ checks: (await checks.all()).map(toShown) }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/register/checks',
      right: 'register:edit',
      tag: 'register',
      summary: 'Run every check now',
      description: 'Done every hour without this. One run is one entry of the log.',
      responses: { 201: { description: 'What was found', schema: ListSchema } },
      handle: async ({ signal }) => json({ checks: (await checks.run(signal)).map(toShown) }, { status: 201 }),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/register/checks/{name}',
      right: 'register:edit',
      tag: 'register',
      summary: 'Results of one check, newest first',
      params: z.object({ name: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,79}$/) }),
      query: z.object({ limit: z.coerce.number().int().min(1).max(1000).default(100) }),
      responses: { 200: { description: 'Results', schema: HistorySchema } },
      async handle({ params, query }) {
        const results = await checks.history(params.name, query.limit);
        return json({ results: results.map(({ at, runId, isPassed, finding }) => ({ at: at.toISOString(), runId, isPassed, finding })) });
      },
    }),
  ];
}

function toShown(check: CheckState): z.output<typeof CheckViewSchema> {
  return { ...check, lastRunAt: check.lastRunAt?.toISOString() ?? null };
}
