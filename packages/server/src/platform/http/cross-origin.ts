/**
 * Pages of other origins that may send uploads (CORS, Fetch standard section 3.2). Only routes that say so, only origins that the operator named, and
 * never with cookies: `Access-Control-Allow-Credentials` is absent, so a page gets nowhere with somebody's session of the console.
 */
import type { Fetch } from './frame.ts';
import type { Route } from './route.ts';

/** What a page may send along: keys and tickets, permits, and the headers of tus. */
const ALLOWED_HEADERS = [
  'authorization',
  'content-type',
  'content-digest',
  'gatehouse-permit',
  'prefer',
  'tus-resumable',
  'upload-checksum',
  'upload-complete',
  'upload-concat',
  'upload-defer-length',
  'upload-draft-interop-version',
  'upload-length',
  'upload-metadata',
  'upload-offset',
  'x-http-method-override',
].join(', ');
/** What a page may read. */
const EXPOSED_HEADERS = [
  'gatehouse-receipt',
  'gatehouse-state',
  'gatehouse-stub',
  'gatehouse-upload',
  'location',
  'retry-after',
  'tus-checksum-algorithm',
  'tus-extension',
  'tus-max-size',
  'tus-resumable',
  'tus-version',
  'upload-complete',
  'upload-expires',
  'upload-length',
  'upload-metadata',
  'upload-offset',
  'x-request-id',
].join(', ');
const PREFLIGHT_SECONDS = '600';

/** @param origins such as `https://forum.example`; none: nothing is changed */
export function allowOrigins(fetch: Fetch, routes: readonly Route[], origins: readonly string[]): Fetch {
  const paths = [...new Set(routes.filter(({ isCrossOrigin }) => isCrossOrigin === true).map(({ path }) => path))];
  const allowed = new Set(origins);
  if (paths.length === 0 || allowed.size === 0) return fetch;
  const patterns = paths.map((path) => ({ path, pattern: toPattern(path) }));
  return async (request, env) => {
    const { origin } = env.incoming.headers;
    const [pathname = ''] = (env.incoming.url ?? '').split('?');
    const found = patterns.find(({ pattern }) => pattern.test(pathname));
    if (found === undefined) return fetch(request, env);
    // Caches must not give one origin's answer to another one.
    env.outgoing.setHeader('vary', 'Origin');
    if (origin === undefined || !allowed.has(origin)) return fetch(request, env);
    if (env.incoming.method === 'OPTIONS' && env.incoming.headers['access-control-request-method'] !== undefined) {
      const methods = routes.filter(({ path }) => path === found.path).map(({ method }) => method.toUpperCase());
      return new Response(null, { status: 204, headers: preflightHeaders(origin, methods) });
    }
    env.outgoing.setHeader('access-control-allow-origin', origin);
    env.outgoing.setHeader('access-control-expose-headers', EXPOSED_HEADERS);
    return fetch(request, env);
  };
}

function preflightHeaders(origin: string, methods: readonly string[]): Record<string, string> {
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-methods': [...new Set([...methods, ...(methods.includes('GET') ? ['HEAD'] : [])])].join(', '),
    'access-control-allow-headers': ALLOWED_HEADERS,
    'access-control-max-age': PREFLIGHT_SECONDS,
    vary: 'Origin',
  };
}

function toPattern(path: string): RegExp {
  const parts = path.split(/\{\w+\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('[^/]+')}$`);
}
