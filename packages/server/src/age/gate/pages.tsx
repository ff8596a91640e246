/** The way into a check and back, on the host of the service. No style, no script: nothing else of Gatehouse need be reachable there. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { z } from 'zod';
import { html } from '../../platform/http/reply.ts';
import { definePage, type Route } from '../../platform/http/route.ts';
import { renderFragment } from '../../platform/ui/page.tsx';
import { SessionIdSchema } from '../sessions/schema.ts';
import type { Finished, ForwardAuth } from './forward.ts';
import { GateQuerySchema } from './schema.ts';

const COMMON = { method: 'get', right: 'public', ignoresCredentials: true } as const;
const StartQuerySchema = z.intersection(GateQuerySchema, z.object({ to: z.string().optional() }));

export function pages(forward: ForwardAuth): readonly Route[] {
  return [
    definePage({
      ...COMMON,
      path: '/age/gate/start',
      summary: 'Begins an age check for a site behind a reverse proxy',
      query: StartQuerySchema,
      async handle({ query, header, isSecure }) {
        const { location, cookie } = await forward.begin(query, { host: header('host'), isSecure }, query.to);
        // Not `seeOther`: the page of the check may stand on another host. It is our own address all the same.
        return new Response(null, { status: 303, headers: { location, 'set-cookie': cookie } });
      },
    }),
    definePage({
      ...COMMON,
      path: '/age/gate/return',
      summary: 'Turns the result of an age check into a cookie of the site',
      query: z.object({ age_session: SessionIdSchema, age_return: z.string().max(128) }),
      async handle({ query, header, isSecure }) {
        const returned = { session: query.age_session, code: query.age_return };
        const finished = await forward.finish(returned, { host: header('host'), isSecure }, header('cookie'));
        if (finished.kind === 'undecided') return html(renderUndecided(finished), { status: 403 });
        return new Response(null, { status: 303, headers: { location: finished.to, 'set-cookie': finished.cookie } });
      },
    }),
  ];
}

function renderUndecided({ again, to }: Extract<Finished, { kind: 'undecided' }>): string {
  return `<!DOCTYPE html>\n${renderFragment(<Undecided again={again} to={to} />)}`;
}

function Undecided({ again, to }: { readonly again: string; readonly to: string }): JSX.Element {
  return (
    <html lang="en-GB">
      <head>
        <meta charset="utf-8" />
        <title>No clear answer</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
      </head>
      <body>
        <main>
          <h1>The age check gave no clear answer</h1>
          <p>Nothing was decided, and nothing is kept. You can try another way.</p>
          <p>
            <a href={again}>Try again</a>
          </p>
          <p>
            <a href={to}>Go back</a>
          </p>
        </main>
      </body>
    </html>
  );
}
