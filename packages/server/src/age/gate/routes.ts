/** What reverse proxies ask, and the management of OpenID clients. */
import { z } from 'zod';
import { GatehouseError, toProblem } from '../../platform/errors.ts';
import { json, noContent, Reply, type Answer } from '../../platform/http/reply.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import type { AgeClients } from './clients.ts';
import type { ForwardAuth } from './forward.ts';
import { startPath, toLocalPath } from './gate-rules.ts';
import { ClientIdSchema, ClientSchema, ClientViewSchema, GateQuerySchema, type GatePass, type GatePolicy } from './schema.ts';

/** What the proxy does with a "no", and how it wants a browser without an answer to be sent on. Apart from the policy, which both routes share. */
const ProxySchema = z.object({
  no: z.enum(['refuse', 'pass']).default('refuse').describe('`pass`: a "no" is let through with `X-Age-Result: false`, for what is made for children.'),
  redirect: z.enum(['303']).optional().describe('For Caddy and Traefik: pages get 303 in place of 401. nginx takes only 401.'),
});
const PROBLEM = 'application/problem+json';
const CheckQuerySchema = z.intersection(GateQuerySchema, ProxySchema);

export function routes(forward: ForwardAuth): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/age/check',
      right: 'public',
      ignoresCredentials: true,
      // Once for each request of somebody else's site, from the address of its proxy: a limit would close that site.
      isUnmetered: true,
      tag: 'age gate',
      summary: 'For reverse proxies: may this request pass?',
      description: 'For `auth_request` of nginx, `forward_auth` of Caddy, `ForwardAuth` of Traefik. See docs/guide/age-gate.md.',
      query: CheckQuerySchema,
      requestHeaders: {
        Cookie: 'What the browser sent',
        Authorization: '`Bearer` and a signed result, for apps',
        'X-Original-URI': 'Or `X-Forwarded-Uri`: where the person wants to go',
      },
      responses: {
        204: { description: 'It may', headers: { 'X-Age-Result': '`true`, or `false` with `no=pass`', 'X-Age-Grade': '0 to 4' } },
        303: { description: 'With `redirect=303`, for pages: to where a check begins' },
        401: {
          description: 'Nothing is known, or not enough',
          contentType: PROBLEM,
          headers: { 'X-Age-Url': 'where a check begins, on the same host', Location: 'the same' },
        },
        403: { description: 'The answer was no', contentType: PROBLEM, headers: { 'X-Age-Result': '`false`' } },
      },
      async handle({ query, header }) {
        const verdict = await forward.check(query, { cookie: header('cookie'), authorization: header('authorization') });
        if (verdict.kind === 'passed') return admit(verdict.pass);
        if (verdict.kind === 'no') return query.no === 'pass' ? admit(verdict.pass) : refuse(verdict.pass);
        const isPage = query.redirect === '303' && isPageRequest(header);
        return ask(query, header('x-original-uri') ?? header('x-forwarded-uri'), isPage);
      },
    }),
  ];
}

const toHeaders = ({ result, grade }: GatePass): Record<string, string> => ({ 'x-age-result': result, 'x-age-grade': String(grade) });

function admit(pass: GatePass): Answer {
  return new Reply(undefined, { status: 204, headers: toHeaders(pass) });
}

function refuse(pass: GatePass): Answer {
  const problem = toProblem(new GatehouseError('forbidden', 'The answer to the age check was no.'));
  return json(problem, { status: 403, headers: { ...toHeaders(pass), 'content-type': PROBLEM } });
}

/** A page that the person opens; not a picture in it, not a request of a script. */
function isPageRequest(header: (name: string) => string | undefined): boolean {
  const method = (header('x-forwarded-method') ?? 'GET').toUpperCase();
  return (method === 'GET' || method === 'HEAD') && (header('accept') ?? '').includes('text/html');
}

function ask(policy: GatePolicy, wanted: string | undefined, isPage: boolean): Answer {
  const url = startPath(policy, toLocalPath(wanted));
  const headers = { location: url, 'x-age-url': url };
  if (isPage) return new Reply(undefined, { status: 303, headers });
  const problem = toProblem(new GatehouseError('unauthenticated', 'An age check is needed. Open `checkUrl` in the browser.', { members: { checkUrl: url } }));
  return json(problem, { status: 401, headers: { ...headers, 'content-type': PROBLEM, 'www-authenticate': 'Bearer realm="age"' } });
}

export function clientRoutes(clients: AgeClients): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/age/clients',
      right: 'age:manage',
      tag: 'age openid',
      summary: 'Register an OpenID client of a relying service, or change one',
      description: 'The same id again replaces redirect URIs, kind and grade; the secret stays unless `newSecret` is set.',
      body: ClientSchema,
      responses: { 200: { description: 'The client; with its secret when there is a new one', schema: ClientViewSchema } },
      handle: async ({ body }) => json(await clients.put(body)),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/age/clients',
      right: 'age:manage',
      tag: 'age openid',
      summary: 'List the OpenID clients',
      responses: { 200: { description: 'All of them', schema: z.object({ clients: z.array(ClientViewSchema) }) } },
      handle: async () => json({ clients: await clients.list() }),
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/age/clients/{id}',
      right: 'age:manage',
      tag: 'age openid',
      summary: 'Remove an OpenID client',
      params: z.object({ id: ClientIdSchema }),
      responses: { 204: { description: 'Removed' } },
      async handle({ params }) {
        await clients.remove(params.id);
        return noContent();
      },
    }),
  ];
}
