/** What a receipt gate found, by the request that it let through: as for the age gate, nothing that a browser sends can end up here. */
import type { ReceiptClaims } from './receipts.ts';

const found = new WeakMap<object, ReceiptClaims>();

export function noteReceipt(request: unknown, claims: ReceiptClaims): void {
  if ((typeof request === 'object' && request !== null) || typeof request === 'function') found.set(request, claims);
}

/** @param request as the framework calls it: `req` of Express, `request` of Fastify, the context `c` of Hono, a `Request` */
export function readReceipt(request: object): ReceiptClaims | undefined {
  return found.get(request);
}
