import { z } from 'zod';
import { CreatedTicketSchema, NewTicketSchema, TicketParamsSchema } from '../../access/index.ts';
import { isMultipart, openFeed, readAnnounced, UploadIdSchema } from '../../intake/index.ts';
import type { AppContext } from '../../platform/domain.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { json, noContent, Reply } from '../../platform/http/reply.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import { pad } from './rules.ts';
import { OutcomeSchema, PermitReplySchema, PermitRequestSchema, type Outcome } from './schema.ts';
import type { PermitsService } from './service.ts';

const WAIT_MAX_S = 60;
const WAIT_DEFAULT_S = 20;
const wait = (seconds: number): z.ZodDefault<z.ZodCoercedNumber> =>
  z.coerce.number().int().min(0).max(WAIT_MAX_S).default(seconds).describe('Seconds to wait for the decision.');

export function routes(service: PermitsService, context: AppContext): readonly Route[] {
  return [...ticketRoutes(service), permitRoute(service), ...senderRoutes(service, context)];
}

function ticketRoutes(service: PermitsService): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/tickets',
      right: 'uploads:write',
      tag: 'tickets',
      summary: 'Make a ticket for one signed-in end user',
      description:
        'Called by your server. The ticket may send so many uploads of so many bytes, ask for permits, and learn what became of its own uploads; nothing else.',
      body: NewTicketSchema,
      responses: { 201: { description: 'The ticket', schema: CreatedTicketSchema } },
      handle: async ({ body, principal }) => json(await service.issueTicket(body, principal), { status: 201 }),
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/tickets/{id}',
      right: 'uploads:write',
      tag: 'tickets',
      summary: 'End a ticket',
      description: 'From the next request on, on every node. What was sent with it stays.',
      params: TicketParamsSchema,
      responses: { 204: { description: 'Ended' } },
      async handle({ params, principal }) {
        await service.revokeTicket(params.id, principal);
        return noContent();
      },
    }),
  ];
}

function permitRoute(service: PermitsService): Route {
  return defineRoute({
    method: 'post',
    path: '/v1/permits',
    right: 'uploads:send',
    isCrossOrigin: true,
    tag: 'tickets',
    summary: 'Ask whether a file may be sent',
    description:
      'From what the device found out about it. The answer is always 200, of the same length, after the same time, and gives no reason. ' +
      'A permit is no clearance: what is sent is screened as if there were none. 503: nothing is known, and there is no permit.',
    body: PermitRequestSchema,
    responses: { 200: { description: 'Yes or no', schema: PermitReplySchema } },
    async handle({ body, principal, signal }) {
      const reply = await service.ask(body, { principal, signal });
      // Compressed on its way, a "no" would be shorter than a "yes".
      return new Reply(pad(reply), { headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store, no-transform' } });
    },
  });
}

function senderRoutes(service: PermitsService, { config }: AppContext): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/send',
      right: 'uploads:send',
      isCrossOrigin: true,
      tag: 'tickets',
      summary: 'Send a file in one request',
      description: `For end users with a ticket. At most ${config.maxUploadBytes} bytes; larger or interrupted ones by tus. A 2xx is no clearance: see \`state\`.`,
      query: z.object({ wait: wait(WAIT_DEFAULT_S) }),
      requestHeaders: {
        'Content-Digest': 'sha-256=:<base64>: (RFC 9530); needed with a permit',
        'Gatehouse-Permit': 'for exactly these bytes; can be used once',
      },
      rawBody: { kind: 'stream', contentTypes: ['application/octet-stream'], description: 'The bytes as they will be published. No Content-Encoding.' },
      responses: { 200: { description: 'Decided', schema: OutcomeSchema }, 202: { description: 'Received, not yet decided', schema: OutcomeSchema } },
      async handle(exchange) {
        const { principal, query, header } = exchange;
        // What is announced, and what a permit is for, is the file and not a form around it.
        if (isMultipart(exchange))
          throw new GatehouseError('unsupported_media_type', 'Send the bytes of the file as the body, not a form. Nothing was received.');
        const raw = { ...exchange, params: {}, query: new URLSearchParams() };
        const { sizeBytes, sha256 } = readAnnounced(raw);
        const permit = header('gatehouse-permit');
        return answer(await service.send({ ...openFeed(raw, config.maxUploadBytes), principal, waitS: query.wait, permit, sizeBytes, sha256 }));
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/outcomes/{id}',
      right: 'uploads:send',
      isCrossOrigin: true,
      tag: 'tickets',
      summary: 'What became of an own upload',
      description: 'Of the end user (with any ticket) or key that sent it, and of nobody else.',
      params: z.object({ id: UploadIdSchema }),
      query: z.object({ wait: wait(0) }),
      responses: { 200: { description: 'The outcome', schema: OutcomeSchema } },
      handle: async ({ params, query, principal, signal }) => json(await service.outcome(params.id, { principal, waitS: query.wait, signal })),
    }),
  ];
}

function answer(outcome: Outcome): Reply {
  return json(outcome, { status: outcome.state === 'pending' ? 202 : 200, headers: { location: `/v1/outcomes/${outcome.id}` } });
}
