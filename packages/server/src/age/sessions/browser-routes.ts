/** What the page of an age check asks while it waits, and the ways in and out that are not pages. All by the cookie of the session alone. */
import { z } from 'zod';
import { json } from '../../platform/http/reply.ts';
import { definePage, type Route } from '../../platform/http/route.ts';
import type { EventStreams } from './event-stream.ts';
import { SessionIdSchema, type AgeSessions } from './schema.ts';

const ParamsSchema = z.object({ id: SessionIdSchema });
const WAIT_MAX_S = 25;
const StateQuerySchema = z.object({
  since: z.coerce.number().int().min(0).default(0),
  wait: z.coerce.number().int().min(0).max(WAIT_MAX_S).default(0),
});

export function browserRoutes(sessions: AgeSessions, streams: EventStreams): readonly Route[] {
  const common = { method: 'get', right: 'public', ignoresCredentials: true, params: ParamsSchema } as const;
  return [
    definePage({
      ...common,
      path: '/age/{id}/state',
      summary: 'The state of an age check, for its page: waits for a change with `since` and `wait`',
      query: StateQuerySchema,
      async handle({ params, query, header, signal }) {
        await sessions.findOwn(params.id, { header });
        return json(await sessions.watchAsBrowser(params.id, { sinceVersion: query.since, waitMs: query.wait * 1000, signal }));
      },
    }),
    definePage({
      ...common,
      path: '/age/{id}/events',
      summary: 'The same as server-sent events',
      async handle({ params, header, signal }) {
        await sessions.findOwn(params.id, { header });
        return streams.respond({
          sessionId: params.id,
          lastEventId: header('last-event-id'),
          signal,
          async watch(options) {
            const view = await sessions.watchAsBrowser(params.id, options);
            return { version: view.version, isEnded: view.state !== 'open', data: view };
          },
        });
      },
    }),
    definePage({
      ...common,
      path: '/age/{id}/return',
      summary: 'Back to the service, with the one-time return code',
      async handle({ params, header }) {
        // Not `seeOther`, which is for addresses of our own. This one is on an origin that the service registered.
        return new Response(null, { status: 303, headers: { location: await sessions.returnAddress(params.id, { header }) } });
      },
    }),
  ];
}
