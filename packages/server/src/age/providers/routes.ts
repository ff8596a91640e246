import { z } from 'zod';
import { GatehouseError } from '../../platform/errors.ts';
import { noContent } from '../../platform/http/reply.ts';
import { defineRoute, type Exchange, type Route } from '../../platform/http/route.ts';
import type { ProviderService } from './flow.ts';

export const ProviderIdSchema = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/);
const BODY_BYTES_MAX = 65_536;

/** What providers' servers call. People's pages are in page/provider-pages.tsx. */
export function routes<Proof>(providers: ProviderService<Proof>): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/age/provider/{provider}/webhook',
      right: 'public',
      tag: 'age providers',
      summary: 'For providers: a check has ended',
      description: 'Believed only with the signature that was agreed on with the provider. Repeating a call changes nothing.',
      params: z.object({ provider: ProviderIdSchema }),
      rawBody: { kind: 'stream', contentTypes: ['application/json'], description: 'as the provider defines it' },
      responses: { 204: { description: 'Taken, or about a check that has ended' } },
      async handle({ params, incoming, header }) {
        await providers.acceptWebhook(params.provider, { body: await readBody(incoming), header });
        return noContent();
      },
    }),
  ];
}

/** As text: signatures are over the bytes. */
async function readBody(incoming: Exchange['incoming']): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) throw new GatehouseError('too_large', `A webhook has at most ${BODY_BYTES_MAX} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
