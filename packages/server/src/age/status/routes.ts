import { z } from 'zod';
import { json, noContent } from '../../platform/http/reply.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import { AddStatusListSchema, SeenViewSchema, StatusIdSchema, StatusListViewSchema, type StatusService } from './schema.ts';

const ParamsSchema = z.object({ id: StatusIdSchema });

export function routes(service: StatusService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/age/status-lists',
      right: 'age:read',
      tag: 'age',
      summary: 'The status lists of age checks, and addresses that were named by refused credentials',
      responses: { 200: { description: 'All of them', schema: z.object({ lists: z.array(StatusListViewSchema), seen: SeenViewSchema }) } },
      handle: async () => json({ lists: await service.list(), seen: await service.seen() }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/age/status-lists',
      right: 'age:manage',
      tag: 'age',
      summary: 'Register a status list and fetch it',
      description: 'Credentials that name it are refused until it was fetched. A list that cannot be fetched stays registered; `failure` says why.',
      body: AddStatusListSchema,
      responses: { 201: { description: 'Registered', schema: StatusListViewSchema } },
      handle: async ({ body, principal }) => json(await service.add(body, principal.id), { status: 201 }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/age/status-lists/{id}/refresh',
      right: 'age:manage',
      tag: 'age',
      summary: 'Fetch a status list now',
      description: 'The last good one stays when this fails.',
      params: ParamsSchema,
      responses: { 200: { description: 'What is there now; `failure` is null when it was fetched', schema: StatusListViewSchema } },
      handle: async ({ params }) => json(await service.refresh(params.id)),
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/age/status-lists/{id}',
      right: 'age:manage',
      tag: 'age',
      summary: 'Remove a status list',
      description: 'Credentials that name it are refused from then on.',
      params: ParamsSchema,
      responses: { 204: { description: 'It is gone' } },
      async handle({ params, principal }) {
        await service.remove(params.id, principal.id);
        return noContent();
      },
    }),
  ];
}
