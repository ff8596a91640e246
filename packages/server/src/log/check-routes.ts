/** Whether the tree is as it was hashed, and whether everything is in it. */
import { z } from 'zod';
import { GatehouseError } from '../platform/errors.ts';
import { json } from '../platform/http/reply.ts';
import { defineRoute, type Route } from '../platform/http/route.ts';
import { CompletenessSchema, FoundEntrySchema, SelfCheckSchema, SelfCheckStepSchema } from './checks-schema.ts';
import { isLoggedKind } from './rules.ts';
import type { LogService } from './service.ts';

/** Of one request; some two seconds. */
const ENTRIES_AT_ONCE = 200_000;

export function checkRoutes({ checks, find }: LogService): readonly Route[] {
  const { completeness, tree } = checks;
  return [
    defineRoute({
      method: 'get',
      path: '/v1/log/completeness',
      right: 'log:read',
      tag: 'log',
      summary: 'Whether everything is in the log: what the last comparison found',
      responses: { 200: { description: 'The result; null before the first', schema: z.object({ last: CompletenessSchema.nullable() }) } },
      handle: async () => json({ last: await completeness.last() }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/log/completeness',
      right: 'log:manage',
      tag: 'log',
      summary: 'Compare the log with the rows of all domains now',
      description: 'Without this it is done every night.',
      responses: { 200: { description: 'What is missing and what is too much', schema: CompletenessSchema } },
      handle: async () => json(await completeness.run()),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/log/self-check',
      right: 'log:read',
      tag: 'log',
      summary: 'Whether all of the tree is as it was hashed: what the last whole check found',
      responses: { 200: { description: 'The result; null before the first', schema: z.object({ last: SelfCheckSchema.nullable() }) } },
      async handle() {
        const last = await tree.last();
        return json({ last: last === null ? null : { ...last, at: last.at.toISOString() } });
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/log/self-check',
      right: 'log:manage',
      tag: 'log',
      summary: 'Check a stretch of the tree now',
      description: `At most ${ENTRIES_AT_ONCE} entries. Repeat it until \`result\` is there. Without this it is done every night.`,
      responses: { 200: { description: 'Where it came', schema: SelfCheckStepSchema } },
      handle: async ({ signal }) => json(await tree.run({ entries: ENTRIES_AT_ONCE, signal })),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/log/find',
      right: 'log:read',
      tag: 'log',
      summary: 'The place of the newest entry of a kind that is about an id',
      query: z.object({ kind: z.string().max(100), id: z.string().min(1).max(500) }),
      responses: { 200: { description: 'Where it is', schema: FoundEntrySchema } },
      async handle({ query: { kind, id } }) {
        const index = isLoggedKind(kind) ? await find(kind, id) : undefined;
        if (index === undefined) throw new GatehouseError('not_found', 'The log has no such entry. An event gets its place within a second.');
        return json({ index });
      },
    }),
  ];
}
