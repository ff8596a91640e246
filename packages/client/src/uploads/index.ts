/** @gatehouse/client/uploads: on the server that publishes. Nothing is published without a receipt. */
export {
  createReceiptGate,
  type ProtectUpload,
  type ReceiptGate,
  type ReceiptGateOptions,
  type Screened,
  type ScreenOptions,
  type TicketRequest,
} from './receipt-gate.ts';
export type { Released } from './released.ts';
export { readReceipt } from './receipt-info.ts';
export { verifyReceipt, type ReceiptClaims, type ReceiptExpected, type ReceiptFault, type ReceiptVerdict } from './receipts.ts';
export type { Content } from './hashing.ts';
export { toExpress } from '../adapters/express.ts';
export { toFastify } from '../adapters/fastify.ts';
export { toHono } from '../adapters/hono.ts';
export { toNextUploads, type ClearedUpload, type NextProtect, type NextPublish, type NextUploads } from '../adapters/next-uploads.ts';
export { CLIENT_FAULTS, GatehouseClientError, type ClientFault } from '../errors.ts';
