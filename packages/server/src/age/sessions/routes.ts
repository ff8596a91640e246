import { z } from 'zod';
import { json, noContent } from '../../platform/http/reply.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import type { EventStreams } from './event-stream.ts';
import {
  OpenedSessionSchema,
  OpenSessionSchema,
  ServiceIdSchema,
  ServiceSchema,
  ServiceViewSchema,
  SessionIdSchema,
  SessionViewSchema,
  type AgeServices,
  type AgeSessions,
} from './schema.ts';

export const CLIENT_TOKEN_HEADER = 'gatehouse-client-token';
const CREDENTIALS = { 'Gatehouse-Client-Token': 'The `clientToken` of the session; the API key alone is not enough.' } as const;
const ParamsSchema = z.object({ id: SessionIdSchema });

export function routes(sessions: AgeSessions, streams: EventStreams): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/age/sessions',
      right: 'age:ask',
      tag: 'age',
      summary: 'Ask for an age',
      description: 'Send the person to `url`; keep `clientToken` in your own session of that person.',
      body: OpenSessionSchema,
      responses: { 201: { description: 'Opened', schema: OpenedSessionSchema, headers: { Location: 'where its state is' } } },
      async handle({ body }) {
        const opened = await sessions.open(body);
        return json(opened, { status: 201, headers: { location: `/v1/age/sessions/${opened.id}` } });
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/age/sessions/{id}',
      right: 'age:ask',
      tag: 'age',
      summary: 'The state of an age check and, when completed, its signed result',
      params: ParamsSchema,
      requestHeaders: CREDENTIALS,
      responses: { 200: { description: 'The session', schema: SessionViewSchema } },
      handle: async ({ params, header }) => json(await sessions.read(params.id, header(CLIENT_TOKEN_HEADER))),
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/age/sessions/{id}',
      right: 'age:ask',
      tag: 'age',
      summary: 'Cancel an open age check',
      description: 'Repeating the call changes nothing; a completed one stays completed.',
      params: ParamsSchema,
      requestHeaders: CREDENTIALS,
      responses: { 204: { description: 'It is not open any more' } },
      async handle({ params, header }) {
        await sessions.cancel(params.id, header(CLIENT_TOKEN_HEADER));
        return noContent();
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/age/sessions/{id}/events',
      right: 'age:ask',
      tag: 'age',
      summary: 'Changes of an age check as server-sent events',
      description:
        'Events named `state`, with the session as data and its version as id. Ends with the session; reconnect with `Last-Event-ID` after five minutes.',
      params: ParamsSchema,
      requestHeaders: { ...CREDENTIALS, 'Last-Event-ID': 'The id of the last event that you saw' },
      responses: { 200: { description: 'A stream', contentType: 'text/event-stream' } },
      async handle({ params, header, signal }) {
        await sessions.read(params.id, header(CLIENT_TOKEN_HEADER));
        return streams.respond({
          sessionId: params.id,
          lastEventId: header('last-event-id'),
          signal,
          async watch(options) {
            const { view, version } = await sessions.watch(params.id, options);
            return { version, isEnded: view.state !== 'open', data: view };
          },
        });
      },
    }),
  ];
}

export function serviceRoutes(services: AgeServices): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/age/services',
      right: 'age:manage',
      tag: 'age',
      summary: 'Register a relying service, or change one',
      description:
        'People are sent back only to its origins. The same id again replaces all that was said of it; age checks that are open keep their addresses.',
      body: ServiceSchema,
      responses: { 200: { description: 'The service', schema: ServiceViewSchema } },
      handle: async ({ body }) => json(await services.add(body)),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/age/services',
      right: 'age:manage',
      tag: 'age',
      summary: 'List the relying services',
      responses: { 200: { description: 'All of them', schema: z.object({ services: z.array(ServiceViewSchema) }) } },
      handle: async () => json({ services: await services.list() }),
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/age/services/{id}',
      right: 'age:manage',
      tag: 'age',
      summary: 'Remove a relying service',
      description: 'Its age checks go with it, results included.',
      params: z.object({ id: ServiceIdSchema }),
      responses: { 204: { description: 'Removed' } },
      async handle({ params }) {
        await services.remove(params.id);
        return noContent();
      },
    }),
  ];
}
