/** Which requests with a body may pass at all. Pure. */
import { z } from 'zod';

const SHAPES = ['file', 'multipart', 'json', 'form', 'text'] as const;
export type RouteShape = (typeof SHAPES)[number];

const RouteSchema = z.strictObject({
  methods: z
    .array(z.enum(['POST', 'PUT', 'PATCH', 'DELETE']))
    .min(1)
    .default(['POST', 'PUT', 'PATCH']),
  /** `/posts/*` stands for one segment, `/api/**` for the rest. */
  path: z.string().regex(/^\/(?:[^\s*?#]|\*(?=\/|$)|\*\*$)*$/, 'must begin with a slash; * stands for one segment, ** at the end for the rest'),
  shapes: z
    .array(z.enum(SHAPES))
    .min(1)
    .default([...SHAPES]),
  maxBytes: z.number().int().positive().optional(),
  /** The application gets a receipt in the header Gatehouse-Receipt when the body is one file. */
  receipt: z.boolean().default(false),
});

export const RoutesFileSchema = z.strictObject({
  routes: z.array(RouteSchema).max(1000),
  /** Requests without a body: passed on, or only where a route names their path. */
  withoutBody: z.enum(['pass', 'routes']).default('pass'),
});
export type ProxyRoutes = z.output<typeof RoutesFileSchema>;
export type ProxyRoute = ProxyRoutes['routes'][number];

/** The first that fits. @param path without its query */
export function findRoute({ routes }: ProxyRoutes, method: string, path: string): ProxyRoute | undefined {
  if (isWandering(path)) return undefined;
  return routes.find((route) => route.methods.some((one) => one === method) && isPath(route.path, path));
}

export function isNamed({ routes }: ProxyRoutes, path: string): boolean {
  return !isWandering(path) && routes.some((route) => isPath(route.path, path));
}

/** With dot segments, as any server may read them, it is another address for the application: escaped, escaped twice, with a backslash, with parameters (`..;x`). */
function isWandering(path: string): boolean {
  return path
    .replaceAll(/%(?:25)+/g, '%')
    .replaceAll(/%2e/gi, '.')
    .replaceAll(/%3b/gi, ';')
    .split(/\/|\\|%2f|%5c/i)
    .some((segment) => /^\.{1,2}(?:$|;|%00)/.test(segment));
}

function isPath(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const given = path.split('/');
  const isOpen = wanted.at(-1) === '**';
  if (isOpen ? given.length < wanted.length : given.length !== wanted.length) return false;
  return wanted.every((segment, i) => segment === '*' || (isOpen && i === wanted.length - 1) || segment === given[i]);
}
