import { json } from '../platform/http/reply.ts';
import { defineRoute, type Route } from '../platform/http/route.ts';
import { JwksSchema, ReceiptCheckSchema, VerifyReceiptSchema } from './schema.ts';
import type { IntakeService } from './service.ts';

export const JWKS_PATH = '/.well-known/gatehouse-receipts.json';
/** A new key is seen by verifiers after this time at the latest. */
const JWKS_MAX_AGE_S = 300;

export function receiptRoutes(service: IntakeService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: JWKS_PATH,
      right: 'public',
      tag: 'receipts',
      summary: 'The public keys that receipts are signed with (JWK Set)',
      responses: { 200: { description: 'Ed25519 keys; `kid` is the RFC 7638 thumbprint', schema: JwksSchema } },
      handle: async () =>
        json(await service.jwks(), {
          headers: { 'cache-control': `public, max-age=${JWKS_MAX_AGE_S}`, 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' },
        }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/receipts/verify',
      right: 'receipts:verify',
      tag: 'receipts',
      summary: 'Is this receipt valid for this content?',
      description:
        'Checks signature, times, revocation and, when they are given, digest and size. Always give the digest of the bytes that you are about to publish.',
      body: VerifyReceiptSchema,
      responses: { 200: { description: 'The answer is in `valid`', schema: ReceiptCheckSchema } },
      handle: async ({ body }) => json(await service.verifyReceipt(body)),
    }),
  ];
}
