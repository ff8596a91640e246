import { z } from 'zod';
import { json, Reply, type Answer } from '../../platform/http/reply.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import { MadeStatementsSchema, MakeStatementsSchema } from './dsa-schema.ts';
import { handOutOscal, handOutPack, handOutTable, handOutVerifier, type Handout } from './handouts.ts';
import { LossesSchema, OSCAL_MODELS, TABLES, type ExportsService } from './schema.ts';

const PATH = '/v1/code/exports';
const TAG = 'code';
const RowsSchema = z.object({ rows: z.array(z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))) });

export function routes(service: ExportsService): readonly Route[] {
  return [...oscalRoutes(service), ...packRoutes(service), ...tableRoutes(service), statementsRoute(service)];
}

/** As a file of its own: a browser saves it and never shows it as a page of ours. */
export function toDownload({ name, contentType, content }: Handout): Answer {
  const headers = { 'content-type': contentType, 'content-disposition': `attachment; filename="${name}"` };
  return typeof content === 'string' ? new Reply(content, { headers }) : new Response(Uint8Array.from(content), { headers });
}

function oscalRoutes(service: ExportsService): readonly Route[] {
  const params = z.object({ model: z.enum(OSCAL_MODELS) });
  return [
    defineRoute({
      method: 'get',
      path: `${PATH}/oscal/{model}`,
      right: 'code:read',
      tag: TAG,
      summary: 'The register as OSCAL 1.2.2',
      description:
        'Held against the official schema before it is given. The same state of the register gives the same bytes. What the format cannot say is under `losses`.',
      params,
      responses: { 200: { description: 'The document', contentType: 'application/json' } },
      handle: async ({ params: { model } }) => toDownload(await handOutOscal(service, model)),
    }),
    defineRoute({
      method: 'get',
      path: `${PATH}/oscal/{model}/losses`,
      right: 'code:read',
      tag: TAG,
      summary: 'What OSCAL cannot say of the register',
      params,
      responses: { 200: { description: 'What is lost, why, and how often now', schema: LossesSchema } },
      async handle({ params: { model } }) {
        return json({ model, losses: (await service.oscal(model)).losses });
      },
    }),
  ];
}

function packRoutes(service: ExportsService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: `${PATH}/pack`,
      right: 'code:read',
      tag: TAG,
      summary: 'The evidence pack of the last evaluation',
      description:
        'Evaluation, records, catalogue, proofs and checkpoint, in a list of files that the log signs. `verify.html` in it, or `gatehouse code verify-pack`, checks it offline.',
      responses: { 200: { description: 'An archive (ustar)', contentType: 'application/x-tar' } },
      handle: async () => toDownload(await handOutPack(service)),
    }),
    defineRoute({
      method: 'get',
      path: `${PATH}/verifier`,
      right: 'code:read',
      tag: TAG,
      summary: 'The page that verifies evidence packs offline',
      description: 'The same as in every pack of this version; for whoever does not want to take it from the pack that it is to check.',
      responses: { 200: { description: 'One HTML file', contentType: 'text/html' } },
      handle: async () => toDownload(await handOutVerifier(service)),
    }),
  ];
}

function tableRoutes(service: ExportsService): readonly Route[] {
  return [
    ...TABLES.map((table) =>
      defineRoute({
        method: 'get',
        path: `${PATH}/${table}.csv`,
        right: 'code:read',
        tag: TAG,
        summary: `The ${table} as a table (RFC 4180)`,
        description: 'Cells that a spreadsheet would take for a formula begin with an apostrophe.',
        responses: { 200: { description: 'The table', contentType: 'text/csv' } },
        handle: async () => toDownload(await handOutTable(service, table)),
      }),
    ),
    defineRoute({
      method: 'get',
      path: `${PATH}/tables/{table}`,
      right: 'code:read',
      tag: TAG,
      summary: 'The same rows for machines',
      params: z.object({ table: z.enum(TABLES) }),
      responses: { 200: { description: 'The rows', schema: RowsSchema } },
      handle: async ({ params: { table } }) => json({ rows: await service.table(table) }),
    }),
  ];
}

function statementsRoute(service: ExportsService): Route {
  return defineRoute({
    method: 'post',
    path: `${PATH}/dsa`,
    right: 'code:manage',
    tag: TAG,
    summary: 'Make statements of reasons for what was held or refused',
    description:
      'For the transparency database of the Digital Services Act. They are kept here and handed out in batches; nothing is sent. The same decisions give the same statements.',
    body: MakeStatementsSchema,
    responses: { 200: { description: 'Batches of at most 100, and what does not pass the field rules', schema: MadeStatementsSchema } },
    handle: async ({ body, principal }) => json(await service.statements.make(body, principal.id)),
  });
}
