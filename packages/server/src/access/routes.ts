import { GatehouseError } from '../platform/errors.ts';
import { json, noContent } from '../platform/http/reply.ts';
import { defineRoute, type Route } from '../platform/http/route.ts';
import { CreatedKeySchema, CreatedLinkSchema, KeyListSchema, KeyParamsSchema, MeSchema, NewKeySchema, NewLinkSchema, type AccessService } from './schema.ts';

export function routes(service: AccessService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/keys',
      right: 'keys:manage',
      tag: 'access',
      summary: 'List API keys, newest first',
      description: 'Revoked and expired ones too. The secret part of a key is never shown again.',
      responses: { 200: { description: 'All keys', schema: KeyListSchema } },
      handle: async () => json({ keys: await service.listKeys() }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/keys',
      right: 'keys:manage',
      tag: 'access',
      summary: 'Make an API key',
      description: 'The whole key is in `secret`, this once. You can give only rights that you have yourself.',
      body: NewKeySchema,
      responses: { 201: { description: 'The new key', schema: CreatedKeySchema } },
      handle: async ({ body, principal }) => json(await service.createKey(body, principal), { status: 201 }),
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/keys/{id}',
      right: 'keys:manage',
      tag: 'access',
      summary: 'Revoke an API key',
      description: 'It is refused from the next request on, on every node. Repeating the call changes nothing.',
      params: KeyParamsSchema,
      responses: { 204: { description: 'Revoked' } },
      async handle({ params, principal }) {
        await service.revokeKey(params.id, principal);
        return noContent();
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/sign-in-links',
      right: 'keys:manage',
      tag: 'access',
      summary: 'Make a one-time sign-in link for a person',
      description: 'It can be used once, for a short time. You need every right that the person has or gets.',
      body: NewLinkSchema,
      responses: { 201: { description: 'The link; it is shown this once', schema: CreatedLinkSchema } },
      handle: async ({ body, principal }) => json(await service.createSignInLink(body, principal), { status: 201 }),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/me',
      // Whoever has credentials may ask whose they are, whatever their rights; so the handler itself refuses those without any.
      right: 'public',
      tag: 'access',
      summary: 'Whose credentials these are, and their rights',
      responses: { 200: { description: 'Who asks', schema: MeSchema } },
      async handle({ principal: { kind, id, name, rights } }) {
        if (kind === 'anonymous') throw new GatehouseError('unauthenticated', 'There were no credentials, or they are unknown, expired or revoked.');
        return json({ kind, id, name, rights: [...rights] });
      },
    }),
  ];
}
