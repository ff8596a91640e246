import { json } from '../../platform/http/reply.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import { AgeJwksSchema, ResultCheckSchema, VerifyResultSchema } from './schema.ts';
import type { AgeResults } from './service.ts';

const JWKS_MAX_AGE_S = 300;

export function routes(service: AgeResults): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/age/results/verify',
      right: 'age:ask',
      tag: 'age',
      summary: 'Check the signed result of an age check',
      description:
        'Signature, audience, times, nonce; and what only the server knows: whether the issuer of the proof was muted since, and whether the result was used before. ' +
        'With `returnCode`, also that the person came back in the browser that was asked.',
      body: VerifyResultSchema,
      responses: { 200: { description: 'Whether it may be relied on; `reason` says why not', schema: ResultCheckSchema } },
      handle: async ({ body }) => json(await service.verify(body)),
    }),
    defineRoute({
      method: 'get',
      path: '/.well-known/gatehouse-age.json',
      right: 'public',
      tag: 'age',
      summary: 'The public keys of results of age checks',
      responses: { 200: { description: 'A JSON Web Key Set', schema: AgeJwksSchema } },
      handle: async () => json(service.jwks(), { headers: { 'cache-control': `public, max-age=${JWKS_MAX_AGE_S}` } }),
    }),
  ];
}
