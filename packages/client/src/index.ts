/** @gatehouse/client: an age gate on the server of a site, for whatever speaks Web requests, with adapters for Express, Fastify, Hono and Next.js. */
export { createAgeGate, type AgeGate, type CheckOptions } from './gate.ts';
export type { AgeGateOptions, PolicyOptions, ProtectOptions } from './options.ts';
export type { AgeInfo, AgeQuestion, AgeVerdict, Direction, GateHandler, GateRequest, Grade } from './types.ts';
export type { PageKind } from './pages.ts';
export { readAge } from './age-info.ts';
export { toExpress } from './adapters/express.ts';
export { toFastify } from './adapters/fastify.ts';
export { toHono } from './adapters/hono.ts';
export { toNext, type NextAge, type NextCheckOptions } from './adapters/next.ts';
export { verifyAgeResult, type ResultExpected, type ResultFault, type ResultVerdict } from './result.ts';
export { verifyWebhook, type Webhook, type WebhookInput } from './webhook.ts';
export { CLIENT_FAULTS, GatehouseClientError, type ClientFault } from './errors.ts';
