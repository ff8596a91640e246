import { z } from 'zod';
import { json } from '../../platform/http/reply.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import { CLIENT_TOKEN_HEADER } from '../sessions/routes.ts';
import { SessionIdSchema } from '../sessions/schema.ts';
import { rtaLabel } from './label-rules.ts';
import { LabelsSchema, SignalNonceSchema, SignalReplySchema, SignalSchema, type SignalService } from './schema.ts';

const NO_STORE = { 'cache-control': 'no-store' } as const;

export function routes(signals: SignalService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/age/sessions/{id}/signal-nonce',
      right: 'age:ask',
      tag: 'age',
      summary: 'A nonce for one signal of a device',
      description: 'For the app of the person who is asked; lives five minutes. Each call makes a new one, and the one before is void.',
      params: z.object({ id: SessionIdSchema }),
      requestHeaders: { 'Gatehouse-Client-Token': 'The `clientToken` of the session; the API key alone is not enough.' },
      responses: { 200: { description: 'The nonce, shown this once', schema: SignalNonceSchema } },
      handle: async ({ params, header }) => json(await signals.issueNonce(params.id, header(CLIENT_TOKEN_HEADER)), { headers: NO_STORE }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/age/signals',
      right: 'public',
      ignoresCredentials: true,
      tag: 'age',
      summary: 'What a device says about the age of its user',
      description:
        'Called by an app or by its server; the nonce is all the authority there is. A signal counts for grade 1 at most and is never enough where more is asked. See docs/guide/age-signals.md.',
      body: SignalSchema,
      responses: { 200: { description: 'What became of it', schema: SignalReplySchema } },
      handle: async ({ body }) => json(await signals.submit(body), { headers: NO_STORE }),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/age/labels',
      right: 'age:ask',
      tag: 'age',
      summary: 'Labels that parental-control software reads',
      description: 'For your own pages that are meant for adults alone. Gatehouse puts them on no page of its own.',
      responses: { 200: { description: 'The header and the element', schema: LabelsSchema } },
      handle: async () => json({ rta: rtaLabel() }),
    }),
  ];
}
