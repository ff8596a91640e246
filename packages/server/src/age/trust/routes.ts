import { z } from 'zod';
import { json, noContent } from '../../platform/http/reply.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import { AnchorIdSchema, AnchorViewSchema, ImportSchema, ListViewSchema, MuteSchema, ReportSchema, TestedSchema, TestSchema } from './schema.ts';
import type { TrustService } from './service.ts';

const AnchorParams = z.object({ id: AnchorIdSchema });

export function routes(trust: TrustService): readonly Route[] {
  return [...listRoutes(trust), ...anchorRoutes(trust)];
}

function listRoutes(trust: TrustService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/age/trust/lists',
      right: 'age:read',
      tag: 'age',
      summary: 'The trust lists of age checks',
      responses: { 200: { description: 'All of them', schema: z.object({ lists: z.array(ListViewSchema) }) } },
      handle: async () => json({ lists: await trust.listLists() }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/age/trust/lists',
      right: 'age:manage',
      tag: 'age',
      summary: 'Import a trust list',
      description: 'PEM, VICAL, LoTE or ETSI TS 119 612. Signed lists are verified against `signer`; the whole list of that name is replaced.',
      body: ImportSchema,
      responses: { 200: { description: 'What changed, or would change', schema: ReportSchema } },
      handle: async ({ body, principal }) => json(await trust.importList(body, principal.id)),
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/age/trust/lists/{name}',
      right: 'age:manage',
      tag: 'age',
      summary: 'Remove a trust list with its anchors',
      params: z.object({ name: ImportSchema.shape.name }),
      responses: { 204: { description: 'It is gone' } },
      async handle({ params, principal }) {
        await trust.removeList(params.name, principal.id);
        return noContent();
      },
    }),
  ];
}

function anchorRoutes(trust: TrustService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/age/trust/anchors',
      right: 'age:read',
      tag: 'age',
      summary: 'The trusted issuers, muted ones included',
      responses: { 200: { description: 'All of them', schema: z.object({ anchors: z.array(AnchorViewSchema) }) } },
      handle: async () => json({ anchors: await trust.listAnchors() }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/age/trust/anchors/{id}/mute',
      right: 'age:manage',
      tag: 'age',
      summary: 'Stop believing an issuer, at once',
      description: 'Results, tokens and passkeys that were given before are void from then on.',
      params: AnchorParams,
      body: MuteSchema,
      responses: { 204: { description: 'It is muted' } },
      async handle({ params, body, principal }) {
        await trust.mute(params.id, body.reason, principal.id);
        return noContent();
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/age/trust/anchors/{id}/mute',
      right: 'age:manage',
      tag: 'age',
      summary: 'Believe a muted issuer again',
      params: AnchorParams,
      responses: { 204: { description: 'It is not muted any more' } },
      async handle({ params, principal }) {
        await trust.unmute(params.id, principal.id);
        return noContent();
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/age/trust/test',
      right: 'age:read',
      tag: 'age',
      summary: 'Which trusted issuer stands behind a certificate',
      body: TestSchema,
      responses: { 200: { description: 'The issuer, or what fails', schema: TestedSchema } },
      handle: async ({ body }) => json(await trust.test(body.chain, body.documentType)),
    }),
  ];
}
