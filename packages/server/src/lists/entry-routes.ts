import { json } from '../platform/http/reply.ts';
import { defineRoute, type Route } from '../platform/http/route.ts';
import { EntriesQuerySchema, EntryParamsSchema, FindEntrySchema, ListParamsSchema, NewEntriesSchema } from './route-inputs.ts';
import { EntryPageSchema, EntryViewSchema, ImportReportSchema } from './schema-changes.ts';
import type { ListsService } from './service.ts';

const TAG = 'lists';

export function entryRoutes(service: ListsService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/lists/{id}/entries',
      right: 'lists:read',
      tag: TAG,
      summary: 'Entries of a list, by number',
      description: 'Values are masked: nobody needs them whole, and whoever has one can look for it.',
      params: ListParamsSchema,
      query: EntriesQuerySchema,
      responses: { 200: { description: 'A page of entries; `next` is the `after` of the next one', schema: EntryPageSchema } },
      handle: async ({ params, query }) => json(await service.entries(params.id, query)),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/lists/{id}/entries',
      right: 'lists:write',
      tag: TAG,
      summary: 'Add a few entries',
      description: 'All or none. Values that the list holds already change nothing. For files use /v1/lists/{id}/import.',
      params: ListParamsSchema,
      body: NewEntriesSchema,
      responses: { 200: { description: 'What became of them', schema: ImportReportSchema } },
      handle: async ({ params, body, principal }) => json(await service.addEntries(params.id, body.entries, principal.id)),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/lists/{id}/entries/find',
      right: 'lists:read',
      tag: TAG,
      summary: 'The entry that has a value',
      description: 'The value is given in full, in the body, so that no log of addresses holds it.',
      params: ListParamsSchema,
      body: FindEntrySchema,
      responses: { 200: { description: 'The entry', schema: EntryViewSchema } },
      handle: async ({ params, body }) => json(await service.findEntry(params.id, body)),
    }),
    ...entryStateRoutes(service),
  ];
}

function entryStateRoutes(service: ListsService): readonly Route[] {
  return (['disable', 'enable'] as const).map((verb) =>
    defineRoute({
      method: 'post',
      path: `/v1/lists/{id}/entries/{entry}/${verb}`,
      right: 'lists:write',
      tag: TAG,
      summary: verb === 'disable' ? 'Stop matching with one entry' : 'Match with an entry again',
      description: 'In force on this node before the answer, and within a second on every other. A later import does not undo it.',
      params: EntryParamsSchema,
      responses: { 200: { description: 'The entry', schema: EntryViewSchema } },
      handle: async ({ params, principal }) =>
        json(await (verb === 'disable' ? service.disableEntry : service.enableEntry)(params.id, params.entry, principal.id)),
    }),
  );
}
