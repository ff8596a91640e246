import { z } from 'zod';
import { GatehouseError } from '../../platform/errors.ts';
import { json, type Answer } from '../../platform/http/reply.ts';
import { defineRoute, parse, type Exchange, type Route } from '../../platform/http/route.ts';
import { SessionIdSchema } from '../sessions/schema.ts';
import { FORM_TYPE, readWalletForm } from './request-body.ts';
import {
  DcAnswerSchema,
  DcReplySchema,
  DcRequestsSchema,
  RequestIdSchema,
  WalletFormSchema,
  WalletReplySchema,
  type WalletAnswer,
  type WalletFlows,
} from './schema.ts';

/** RFC 9101, section 10.5. */
const REQUEST_OBJECT_TYPE = 'application/oauth-authz-req+jwt';
const RequestParamsSchema = z.object({ rid: RequestIdSchema });
const SessionParamsSchema = z.object({ id: SessionIdSchema });

export function routes(flows: WalletFlows, publicUrl: () => string): readonly Route[] {
  return [...requestRoutes(flows), responseRoute(flows), ...dcApiRoutes(flows, publicUrl)];
}

function requestRoutes(flows: WalletFlows): readonly Route[] {
  const common = {
    path: '/age/wallet/request/{rid}',
    right: 'public',
    tag: 'age wallets',
    params: RequestParamsSchema,
    responses: { 200: { description: 'The signed request object', contentType: REQUEST_OBJECT_TYPE } },
  } as const;
  const give = (token: string): Answer => new Response(token, { headers: { 'content-type': REQUEST_OBJECT_TYPE } });
  return [
    defineRoute({
      ...common,
      method: 'get',
      summary: 'For wallets: the request, signed (OpenID4VP 1.0, section 5)',
      handle: async ({ params }) => give(await flows.readRequest(params.rid, undefined)),
    }),
    defineRoute({
      ...common,
      method: 'post',
      summary: 'For wallets: the request, signed, with their nonce (OpenID4VP 1.0, section 5.10)',
      rawBody: { kind: 'stream', contentTypes: [FORM_TYPE], description: '`wallet_nonce` and `wallet_metadata`, both optional' },
      async handle(exchange) {
        const { wallet_nonce: walletNonce } = z.object({ wallet_nonce: z.string().max(512).optional() }).parse(await readNonce(exchange));
        return give(await flows.readRequest(exchange.params.rid, walletNonce));
      },
    }),
  ];
}

async function readNonce(exchange: Pick<Exchange, 'incoming' | 'header'>): Promise<Readonly<Record<string, string>>> {
  const fields = await readWalletForm(exchange);
  if ((fields['wallet_nonce']?.length ?? 0) > 512) throw new GatehouseError('invalid_request', 'The wallet_nonce is too long.');
  return fields;
}

function responseRoute(flows: WalletFlows): Route {
  return defineRoute({
    method: 'post',
    path: '/age/wallet/response/{rid}',
    right: 'public',
    tag: 'age wallets',
    summary: 'For wallets: their answer (OpenID4VP 1.0, section 8.2)',
    description: 'Uses the request up, whatever becomes of it. `direct_post` (`vp_token`), `direct_post.jwt` (`response`), or an error of the wallet.',
    params: RequestParamsSchema,
    rawBody: { kind: 'stream', contentTypes: [FORM_TYPE], description: 'The authorisation response' },
    responses: { 200: { description: 'Taken; the wallet sends the person on to `redirect_uri`', schema: WalletReplySchema } },
    async handle(exchange) {
      const form = parse(WalletFormSchema, await readWalletForm(exchange), '') as z.output<typeof WalletFormSchema>;
      const { redirectUri } = await flows.answer(exchange.params.rid, toAnswer(form));
      return json(redirectUri === undefined ? {} : { redirect_uri: redirectUri });
    },
  });
}

function toAnswer(form: z.output<typeof WalletFormSchema>): WalletAnswer | { readonly kind: 'declined' } {
  if (form.error !== undefined) return { kind: 'declined' };
  if (form.response !== undefined && form.vp_token === undefined) return { kind: 'direct_post.jwt', response: form.response };
  if (form.vp_token !== undefined && form.response === undefined) return { kind: 'direct_post', vpToken: form.vp_token, state: form.state };
  throw new GatehouseError('invalid_request', 'One of vp_token, response and error is needed. Nothing was used up.');
}

function dcApiRoutes(flows: WalletFlows, publicUrl: () => string): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/age/{id}/dc/request',
      right: 'public',
      ignoresCredentials: true,
      tag: 'age wallets',
      summary: 'For the page of an age check: requests for the Digital Credentials API',
      params: SessionParamsSchema,
      responses: { 200: { description: 'One request for each protocol, all for one get()', schema: DcRequestsSchema } },
      handle: async (exchange) => json(await flows.beginDcApi(exchange.params.id, exchange, originOf(exchange, publicUrl()))),
    }),
    defineRoute({
      method: 'post',
      path: '/age/{id}/dc/response',
      right: 'public',
      ignoresCredentials: true,
      tag: 'age wallets',
      summary: 'For the page of an age check: what the Digital Credentials API gave',
      params: SessionParamsSchema,
      body: DcAnswerSchema,
      responses: { 200: { description: 'Taken', schema: DcReplySchema } },
      handle: async (exchange) => json({ status: await flows.answerDcApi(exchange.params.id, exchange, exchange.body) }),
    }),
  ];
}

/**
 * The origin that the browser will bind the answer to: the one of the page. The frame has refused what comes from another site, and names that
 * are not ours in Host; so an Origin that agrees with Host is one of our own.
 */
function originOf({ header }: Pick<Exchange, 'header'>, publicUrl: string): string {
  const origin = header('origin');
  if (origin !== undefined && URL.canParse(origin) && new URL(origin).host === header('host')) return new URL(origin).origin;
  return new URL(publicUrl).origin;
}
