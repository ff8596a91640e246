/** What `gatehouse serve --public-only` serves: what is published, and nothing that anybody has a right to. */
import { seeOther } from './platform/http/reply.ts';
import { definePage, type Route } from './platform/http/route.ts';

/** Addresses of reads. Each still answers 404 when its own setting does not publish it. */
export const PUBLISHED: readonly RegExp[] = [
  /^\/register(\/|$)/,
  /^\/international\/figures([./]|$)/,
  /^\/log\/(checkpoint|tile\/)/,
  /^\/(code|age)\/statement(\.json)?$/,
  /^\/(livez|readyz)$/,
  /^\/assets\//,
];

export function pickPublicRoutes(routes: readonly Route[]): readonly Route[] {
  return [startPage(), ...routes.filter(isPublished)];
}

/** Nothing that changes something, and nothing that asks for a right, whatever its address. */
export function isPublished({ method, path, right }: Route): boolean {
  return method === 'get' && right === 'public' && PUBLISHED.some((pattern) => pattern.test(path));
}

function startPage(): Route {
  return definePage({
    method: 'get',
    path: '/',
    right: 'public',
    ignoresCredentials: true,
    summary: 'To the register',
    handle: async () => seeOther('/register'),
  });
}
