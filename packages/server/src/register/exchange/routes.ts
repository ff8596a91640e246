import { z } from 'zod';
import { json, Reply } from '../../platform/http/reply.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import { EXPORT_FORMATS, ImportInputSchema, ImportResultSchema, LINK_STATUSES, type ExchangeService, type LinkView } from './schema.ts';

const TAG = 'register';
const ImportBodySchema = z.strictObject({
  input: ImportInputSchema,
  isPreview: z.boolean().default(true).describe('True: nothing is kept; counts and faults are shown.'),
});
const LinkViewSchema = z
  .object({
    url: z.string(),
    status: z.enum(LINK_STATUSES),
    finding: z.string(),
    checkedAt: z.iso.datetime().nullable(),
    changedAt: z.iso.datetime().nullable(),
    usedBy: z.array(z.string()),
  })
  .meta({ id: 'RegisterLink' });
export const LinksSchema = z.object({ links: z.array(LinkViewSchema) }).meta({ id: 'RegisterLinkList' });

export function routes(exchange: ExchangeService): readonly Route[] {
  return [exportRoute(exchange), importRoute(exchange), ...linkRoutes(exchange)];
}

function exportRoute(exchange: ExchangeService): Route {
  return defineRoute({
    method: 'get',
    path: '/v1/register/registers/{register}/export',
    right: 'register:edit',
    tag: TAG,
    summary: 'A whole register as a file',
    params: z.object({ register: z.string().max(60) }),
    query: z.object({ format: z.enum(EXPORT_FORMATS).default('json') }),
    responses: {
      200: { description: 'CSV, JSON with every published change, or JSON-LD (schema.org, PROV-O, Web Annotation)', contentType: '*/*' },
    },
    handle: async ({ params, query }) => handOut(await exchange.export(params.register, query.format)),
  });
}

export function handOut({ name, contentType, text }: Awaited<ReturnType<ExchangeService['export']>>): Reply {
  return new Reply(text, { headers: { 'content-type': contentType, 'content-disposition': `attachment; filename="${name}"` } });
}

function importRoute(exchange: ExchangeService): Route {
  return defineRoute({
    method: 'post',
    path: '/v1/register/imports',
    right: 'register:edit',
    tag: TAG,
    summary: 'Read recommendations from a table or from JSON-LD',
    description: 'They become drafts of one batch, whose id the routes of changes take. With one fault nothing is kept.',
    body: ImportBodySchema,
    responses: { 200: { description: 'What was found', schema: ImportResultSchema } },
    handle: async ({ body, principal }) => json(body.isPreview ? await exchange.preview(body.input) : await exchange.import(body.input, principal.id)),
  });
}

function linkRoutes(exchange: ExchangeService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/register/links',
      right: 'register:edit',
      tag: TAG,
      summary: 'The documents that sources name, and whether they are still there',
      responses: { 200: { description: 'The addresses', schema: LinksSchema } },
      handle: async () => json({ links: (await exchange.links()).map(toShown) }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/register/links/checks',
      right: 'register:edit',
      tag: TAG,
      summary: 'Ask for those documents now',
      description: 'One for each host; the others are due, and asked for by the next calls, or by the job if it is switched on (`registerLinkChecks`).',
      body: z.strictObject({ isAll: z.boolean().default(false).describe('Also those that were asked for in the last seven days.') }),
      responses: { 200: { description: 'How many were asked for', schema: z.object({ asked: z.number() }) } },
      timeoutMs: 300_000,
      handle: async ({ body, signal }) => json({ asked: await exchange.checkLinks({ isAll: body.isAll, signal }) }),
    }),
  ];
}

function toShown(link: LinkView): z.output<typeof LinkViewSchema> {
  return { ...link, checkedAt: link.checkedAt?.toISOString() ?? null, changedAt: link.changedAt?.toISOString() ?? null, usedBy: [...link.usedBy] };
}
