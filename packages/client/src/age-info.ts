/** What a gate found, by the request that it let through. Not a header and not a member of the request: nothing that a browser sends can end up here. */
import type { AgeInfo } from './types.ts';

const found = new WeakMap<object, AgeInfo>();

export function noteAge(request: unknown, age: AgeInfo): void {
  if (isObject(request)) found.set(request, age);
}

/**
 * What a gate found about the person behind this request.
 * @param request as the framework calls it: `req` of Express, `request` of Fastify, the context `c` of Hono, a `Request`
 * @returns undefined when no gate let it through
 */
export function readAge(request: unknown): AgeInfo | undefined {
  return isObject(request) ? found.get(request) : undefined;
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
