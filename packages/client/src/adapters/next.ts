/** Next.js, by its Web face alone: route handlers, `proxy.ts` (`middleware.ts` before Next.js 16), server components. Nothing of Next.js is imported. */
import type { AgeGate, CheckOptions } from '../gate.ts';
import type { ProtectOptions } from '../options.ts';
import type { AgeVerdict, GateHandler, GateRequest } from '../types.ts';

export interface NextCheckOptions extends CheckOptions {
  /** The path of the page: a server component is not told its own. */
  readonly to: string;
}

export interface NextAge {
  /** For `app/age-check/[step]/route.ts`. */
  GET(request: Request): Promise<Response>;
  /** For `proxy.ts`: an answer, or undefined to go on. */
  protect(options?: ProtectOptions): (request: Request) => Promise<Response | undefined>;
  /** For a page, a layout, a server action or a route handler: give it what `headers()` gives. */
  check(headers: GateRequest['headers'], options: NextCheckOptions): Promise<AgeVerdict>;
}

type NextGate = AgeGate<GateRequest>;

/**
 * @param make makes the gate, at the first request: `next build` loads every module, and knows no secrets. The gate's `bindTo`, if any, gets a `Request`, or in
 * `check` an object with the headers
 */
export function toNext(make: () => NextGate): NextAge {
  let made: NextGate | undefined;
  const gate = (): NextGate => (made ??= make());
  return {
    GET: async (request) => (await gate().endpoints(request, request)) ?? new Response('Not found', { status: 404 }),
    protect(options) {
      let handler: GateHandler<GateRequest> | undefined;
      return async (request) => {
        handler ??= gate().protect(options);
        return handler(request, request);
      };
    },
    async check(headers, options) {
      const request: GateRequest = { method: 'GET', url: options.to, headers };
      return gate().check(request, options, request);
    },
  };
}
