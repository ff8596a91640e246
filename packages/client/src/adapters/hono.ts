/** Hono, on any runtime. */
import { readAge } from '../age-info.ts';
import type { GateHandler } from '../types.ts';
import { listBehindGate } from './node.ts';

export interface HonoContext {
  readonly req: { readonly raw: Request };
  readonly res: { readonly headers: Headers };
}

export type HonoMiddleware<Context> = (context: Context, next: () => Promise<void>) => Promise<Response | undefined>;

export function toHono<Context extends HonoContext>(handler: GateHandler<Context>): HonoMiddleware<Context> {
  return async (context, next) => {
    const { raw } = context.req;
    const answered = await handler(raw, context);
    if (answered !== undefined) return answered;
    const isBehindGate = readAge(raw) !== undefined;
    await next();
    const { headers } = context.res;
    for (const [name, value] of isBehindGate ? listBehindGate((header) => headers.get(header)) : []) headers.set(name, value);
    return undefined;
  };
}
