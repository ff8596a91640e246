/** `/hma/c`: banks, contents, exchanges and types, to look at. What would change them is refused: lists are changed in one place, and it is on record who did it. */
import { z } from 'zod';
import { GatehouseError } from '../../platform/errors.ts';
import { json } from '../../platform/http/reply.ts';
import { defineRoute, type Method, type Route } from '../../platform/http/route.ts';
import { answerHma, FAULTS } from './routes.ts';
import { HMA_CONTENTS, HMA_SIGNALS, HmaBankSchema, HmaContentSchema, HmaIndexAgeSchema, SignalTypeQuerySchema } from './schema.ts';
import type { HmaService } from './service.ts';

const BankSchema = z.object({ name: z.string() });
const ContentSchema = z.object({ name: z.string(), id: z.string() });

export function curationRoutes(service: HmaService): readonly Route[] {
  return [...bankRoutes(service), ...typeRoutes(service), ...exchangeRoutes(service), ...WRITES.map(([method, path]) => refuse(service, method, path))];
}

function bankRoutes(service: HmaService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/hma/c/banks',
      right: 'lists:read',
      tag: 'hma',
      summary: 'HMA: lists as banks',
      responses: { 200: { description: 'All banks', schema: z.array(HmaBankSchema) }, ...FAULTS },
      handle: () => answerHma(service, async () => json(await service.banks())),
    }),
    defineRoute({
      method: 'get',
      path: '/hma/c/bank/{name}',
      right: 'lists:read',
      tag: 'hma',
      summary: 'HMA: one list as a bank',
      params: BankSchema,
      responses: { 200: { description: 'The bank', schema: HmaBankSchema }, ...FAULTS },
      handle: ({ params }) => answerHma(service, async () => json(await service.bank(params.name))),
    }),
    defineRoute({
      method: 'get',
      path: '/hma/c/bank/{name}/content/{id}',
      right: 'lists:read',
      tag: 'hma',
      summary: 'HMA: one entry as bank content, without its hash',
      params: ContentSchema,
      responses: { 200: { description: 'The content', schema: HmaContentSchema }, ...FAULTS },
      handle: ({ params }) => answerHma(service, async () => json(await service.content(params.name, params.id))),
    }),
  ];
}

function typeRoutes(service: HmaService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/hma/c/signal_type',
      right: 'lists:read',
      tag: 'hma',
      summary: 'HMA: signal types',
      responses: { 200: { description: 'All are on', schema: z.array(z.object({ name: z.string(), enabled_ratio: z.number() })) }, ...FAULTS },
      handle: () => answerHma(service, () => json(HMA_SIGNALS.map((name) => ({ name, enabled_ratio: 1 })))),
    }),
    defineRoute({
      method: 'get',
      path: '/hma/c/signal_type/index',
      right: 'lists:read',
      tag: 'hma',
      summary: 'HMA: whether what is compared is up to date',
      query: SignalTypeQuerySchema,
      responses: { 200: { description: 'By signal type', schema: HmaIndexAgeSchema }, ...FAULTS },
      handle: ({ query }) =>
        answerHma(service, async () => {
          const isStale = service.freshness() !== 'fresh';
          const status = Object.entries(await service.indexStatus(query.signal_type));
          return json(
            Object.fromEntries(
              status.map(([name, { size, built_to: at }]) => [
                name,
                { db_size: size, index_size: size, index_out_of_date: isStale, newest_db_item: at, index_built_to: at },
              ]),
            ),
          );
        }),
    }),
    defineRoute({
      method: 'get',
      path: '/hma/c/content_type',
      right: 'lists:read',
      tag: 'hma',
      summary: 'HMA: content types',
      responses: { 200: { description: 'All are on', schema: z.array(z.object({ name: z.string(), enabled: z.boolean() })) }, ...FAULTS },
      handle: () => answerHma(service, () => json(HMA_CONTENTS.map((name) => ({ name, enabled: true })))),
    }),
  ];
}

/** Lists come in as files here (`gatehouse list import`): there are no exchanges. */
function exchangeRoutes(service: HmaService): readonly Route[] {
  const none = (path: string, summary: string): Route =>
    defineRoute({
      method: 'get',
      path,
      right: 'lists:read',
      tag: 'hma',
      summary,
      responses: { 200: { description: 'None', schema: z.array(z.string()) }, ...FAULTS },
      handle: () => answerHma(service, () => json([])),
    });
  const missing = (path: string, summary: string): Route =>
    defineRoute({
      method: 'get',
      path,
      right: 'lists:read',
      tag: 'hma',
      summary,
      params: BankSchema,
      responses: FAULTS,
      handle: ({ params }) =>
        answerHma(service, () => {
          throw new GatehouseError('not_found', `Exchange '${params.name}' not found`);
        }),
    });
  return [
    none('/hma/c/exchanges', 'HMA: exchanges; there are none'),
    none('/hma/c/exchanges/apis', 'HMA: kinds of exchanges; there are none'),
    missing('/hma/c/exchange/{name}', 'HMA: one exchange; there are none'),
    missing('/hma/c/exchange/{name}/status', 'HMA: the state of an exchange; there are none'),
  ];
}

/** Each with an answer that says so, instead of a 404 that a client could take for something else. */
export const WRITES: readonly (readonly [Exclude<Method, 'get'>, string])[] = [
  ['post', '/hma/c/banks'],
  ['put', '/hma/c/bank/{name}'],
  ['delete', '/hma/c/bank/{name}'],
  ['post', '/hma/c/bank/{name}/content'],
  ['post', '/hma/c/bank/{name}/signal'],
  ['put', '/hma/c/bank/{name}/content/{id}'],
  ['delete', '/hma/c/bank/{name}/content/{id}'],
  ['post', '/hma/c/exchanges'],
];

function refuse(service: HmaService, method: Method, path: string): Route {
  return defineRoute({
    method,
    path,
    right: 'lists:read',
    tag: 'hma',
    summary: 'HMA: refused; lists are changed in the console, with `gatehouse list`, or over /v1/lists',
    responses: FAULTS,
    handle: () =>
      answerHma(service, () => {
        throw new GatehouseError('forbidden', 'Lists are not changed over this API. Use /v1/lists or `gatehouse list`. Nothing was changed.');
      }),
  });
}
