/** What Express, connect and Fastify share: requests and answers of Node's HTTP server, by their shape. */
import type { GateRequest } from '../types.ts';

export interface NodeHeaders {
  readonly [name: string]: string | readonly string[] | undefined;
}

/** The target as it was sent. Host and X-Forwarded-* are not looked at: where the site is says the option `siteUrl`. */
export function toGateRequest(method: string | undefined, target: string | undefined, headers: NodeHeaders): GateRequest {
  return {
    method: (method ?? '').toUpperCase(),
    url: target ?? '/',
    headers: {
      get(name) {
        const value = headers[name.toLowerCase()];
        if (value === undefined) return null;
        return typeof value === 'string' ? value : value.join(', ');
      },
    },
  };
}

/**
 * What a page behind a gate says of itself, unless it says otherwise: a shared cache that gave it to the next one would undo the gate.
 * @param get what was said of it before
 */
export function listBehindGate(get: (name: string) => unknown): (readonly [name: string, value: string])[] {
  const [control, vary] = [get('cache-control'), get('vary')];
  const varied = typeof vary === 'string' && vary !== '' ? vary : undefined;
  return [
    ...(control === undefined || control === null ? [['cache-control', 'private, no-cache'] as const] : []),
    ...(varied?.toLowerCase().includes('cookie') === true ? [] : [['vary', varied === undefined ? 'Cookie' : `${varied}, Cookie`] as const]),
  ];
}
