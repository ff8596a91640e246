import { json } from '../platform/http/reply.ts';
import { defineRoute, type Route } from '../platform/http/route.ts';
import { entryRoutes } from './entry-routes.ts';
import { importRoute } from './import-routes.ts';
import {
  DifferenceQuerySchema,
  ListParamsSchema,
  ListsSchema,
  NewListSchema,
  RemovedSchema,
  VersionParamsSchema,
  VersionsQuerySchema,
  VersionsSchema,
} from './route-inputs.ts';
import { DifferenceSchema, VersionViewSchema } from './schema-changes.ts';
import { ListSettingsSchema, ListViewSchema } from './schema.ts';
import type { AppContext } from '../platform/context.ts';
import type { ListsService } from './service.ts';

const TAG = 'lists';

export function listsRoutes(service: ListsService, context: AppContext): readonly Route[] {
  return [...listRoutes(service), ...stateRoutes(service), importRoute(service, context), ...entryRoutes(service), ...versionRoutes(service)];
}

function listRoutes(service: ListsService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/lists',
      right: 'lists:read',
      tag: TAG,
      summary: 'All lists',
      description: 'Counts are of the version in force on the node that answers.',
      responses: { 200: { description: 'The lists and the list-set version in force', schema: ListsSchema } },
      handle: async () => json({ listSetVersion: service.freshness().listSetVersion, lists: await service.list() }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/lists',
      right: 'lists:write',
      tag: TAG,
      summary: 'Make a list',
      description: 'It is empty at first: send entries to /v1/lists/{id}/import.',
      body: NewListSchema,
      responses: { 201: { description: 'The new list', schema: ListViewSchema, headers: { location: 'Its address' } } },
      async handle({ body, principal }) {
        const list = await service.create(body, principal.id);
        return json(list, { status: 201, headers: { location: `/v1/lists/${list.id}` } });
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/lists/{id}',
      right: 'lists:read',
      tag: TAG,
      summary: 'One list',
      params: ListParamsSchema,
      responses: { 200: { description: 'The list', schema: ListViewSchema } },
      handle: async ({ params }) => json(await service.get(params.id)),
    }),
    defineRoute({
      method: 'patch',
      path: '/v1/lists/{id}',
      right: 'lists:write',
      tag: TAG,
      summary: 'Change settings of a list',
      description: 'Fields that are left out stay. Radius, quality floor and disposition hold from the next decision on.',
      params: ListParamsSchema,
      body: ListSettingsSchema,
      responses: { 200: { description: 'The list', schema: ListViewSchema } },
      handle: async ({ params, body, principal }) => json(await service.update(params.id, body, principal.id)),
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/lists/{id}',
      right: 'lists:write',
      tag: TAG,
      summary: 'Remove a list for good',
      description: 'It matches nothing from now on. Its versions stay on record; its entries are deleted.',
      params: ListParamsSchema,
      responses: { 200: { description: 'The version that this made', schema: RemovedSchema } },
      handle: async ({ params, principal }) => json({ listSetVersion: await service.remove(params.id, principal.id) }),
    }),
  ];
}

function stateRoutes(service: ListsService): readonly Route[] {
  return (['disable', 'enable'] as const).map((verb) =>
    defineRoute({
      method: 'post',
      path: `/v1/lists/{id}/${verb}`,
      right: 'lists:write',
      tag: TAG,
      summary: verb === 'disable' ? 'Stop matching with a list' : 'Match with a list again',
      description: 'In force on this node before the answer, and within a second on every other.',
      params: ListParamsSchema,
      responses: { 200: { description: 'The list', schema: ListViewSchema } },
      handle: async ({ params, principal }) => json(await service[verb](params.id, principal.id)),
    }),
  );
}

function versionRoutes(service: ListsService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/list-versions',
      right: 'lists:read',
      tag: TAG,
      summary: 'List-set versions, newest first',
      query: VersionsQuerySchema,
      responses: { 200: { description: 'A page of versions; `next` is the `before` of the next one', schema: VersionsSchema } },
      handle: async ({ query }) => json(await service.versions({ before: query.before, limit: query.limit, listId: query.list })),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/list-versions/diff',
      right: 'lists:read',
      tag: TAG,
      summary: 'What differs between two versions',
      description: "The net difference, list by list. With `list`, also that list's entries that differ, a page at a time.",
      query: DifferenceQuerySchema,
      responses: { 200: { description: 'The difference', schema: DifferenceSchema } },
      handle: async ({ query }) => json(await service.compare({ ...query, listId: query.list })),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/list-versions/{version}',
      right: 'lists:read',
      tag: TAG,
      summary: 'One version: who changed what, and when',
      params: VersionParamsSchema,
      responses: { 200: { description: 'The version', schema: VersionViewSchema } },
      handle: async ({ params }) => json(await service.version(params.version)),
    }),
  ];
}
