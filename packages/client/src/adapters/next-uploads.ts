/** Uploads in Next.js: route handlers that publish, and tickets. As in `next.ts`, by its Web face alone. */
import type { GateRequest } from '../types.ts';
import { collect, type Content } from '../uploads/hashing.ts';
import { readReceipt } from '../uploads/receipt-info.ts';
import type { ProtectUpload, ReceiptGate, TicketRequest } from '../uploads/receipt-gate.ts';
import type { ReceiptClaims } from '../uploads/receipts.ts';

/** What may be published: these bytes, because of this receipt. */
export interface ClearedUpload {
  readonly content: Uint8Array<ArrayBuffer>;
  readonly claims: ReceiptClaims;
}

export interface NextProtect {
  /** Where the bytes are, when they are not the whole body: a `File` of a form. */
  readonly content?: (request: Request) => Content | Promise<Content>;
  /** Default: the header `Gatehouse-Receipt`. */
  readonly receipt?: (request: Request) => string | undefined;
}

/** @param context of the route, as Next.js gives it: `params` */
export type NextPublish<Context> = (request: Request, upload: ClearedUpload, context: Context) => Response | Promise<Response>;

export interface NextUploads {
  /**
   * `export const POST = uploads.protect(publish)`: `publish` runs only with a receipt for exactly `upload.content`, and publishes that. A request can be read
   * once, and that was here. It is held in memory, up to `maxBytes` of the gate.
   */
  protect<Context = unknown>(publish: NextPublish<Context>, how?: NextProtect): (request: Request, context: Context) => Promise<Response>;
  /** `export const POST = uploads.ticketEndpoint(…)` in `app/ticket/route.ts`. */
  ticketEndpoint(how: TicketRequest<Request>): (request: Request) => Promise<Response>;
}

/** @param make makes the gate, at the first request: `next build` loads every module, and knows no secrets */
export function toNextUploads(make: () => ReceiptGate): NextUploads {
  let made: ReceiptGate | undefined;
  const open = (): ReceiptGate => (made ??= make());
  return {
    protect: (publish, how = {}) => {
      return async (request, context) => {
        const gate = open();
        let content: Uint8Array<ArrayBuffer> | undefined;
        const options: ProtectUpload<Request> = {
          async content() {
            content = await collect(await (how.content ?? readBody)(request), gate.maxBytes);
            return content;
          },
          ...(how.receipt === undefined ? {} : { receipt: (_asked: GateRequest, own: Request) => how.receipt?.(own) }),
        };
        const refused = await gate.protect(options)(request, request);
        if (refused !== undefined) return refused;
        const claims = readReceipt(request);
        if (content === undefined || claims === undefined) throw new TypeError('The gate let a request pass without looking at it.');
        return publish(request, { content, claims }, context);
      };
    },
    ticketEndpoint: (how) => (request) => open().ticketEndpoint(how)(request, request),
  };
}

function readBody({ body }: Request): Content {
  return body ?? new Uint8Array();
}
