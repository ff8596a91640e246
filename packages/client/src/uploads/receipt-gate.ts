/**
 * On the server that publishes: nothing is published without a receipt for exactly the bytes that are about to be published. Whatever goes wrong on the
 * way, the handler that publishes does not run.
 */
import { CLIENT_FAULTS, GatehouseClientError, type ClientFault } from '../errors.ts';
import { readKeys } from '../jws.ts';
import { parseUrl } from '../options.ts';
import { readTimeS } from '../outside.ts';
import type { GateHandler, GateRequest } from '../types.ts';
import { callGatehouse, type Connection } from './gatehouse.ts';
import { leaveContent, measure, meterContent, type Content, type Measured, type Metered } from './hashing.ts';
import { noteReceipt } from './receipt-info.ts';
import { fetchReleased, UPLOAD_ID, type Released } from './released.ts';
import { verifyReceipt, type ReceiptClaims, type ReceiptFault, type ReceiptVerdict } from './receipts.ts';

export interface ReceiptGateOptions {
  /** Where this server reaches Gatehouse. `https`, or `http` on this machine. */
  readonly gatehouseUrl: string | undefined;
  /** An API key with the rights `receipts:verify`, and `uploads:write` for tickets and `screenUpload`. */
  readonly apiKey: string | undefined;
  /**
   * Where your server hears of decisions, and of receipts that are withdrawn later: take the content down then (`verifyWebhook`). Tickets and `screenUpload` name it,
   * and a receipt whose withdrawal somebody else would hear of, such as another service of the same Gatehouse, is refused.
   */
  readonly callbackUrl?: string;
  /** `iss` of receipts must be exactly this. */
  readonly issuer?: string;
  /** Default 100 MiB. */
  readonly maxBytes?: number;
  /** For one answer; default 10,000. Of content: so long nothing may come. */
  readonly timeoutMs?: number;
  /** Only signature, times and bytes, without asking whether the receipt was revoked since. For places that cannot reach Gatehouse. */
  readonly isOffline?: boolean;
  /** The key set, instead of fetching it. */
  readonly jwks?: unknown;
  /** Lets receipts of a Gatehouse in stub mode pass, and what it releases. In tests. */
  readonly acceptsStub?: boolean;
  readonly allowHttp?: boolean;
  readonly onFault?: (fault: GatehouseClientError) => void;
  /** For tests. */
  readonly fetch?: typeof fetch;
}

export interface ProtectUpload<Native> {
  /** The bytes that are about to be published, as your framework has them: a buffer, a `File`, a stream of the file on disk that nobody changes meanwhile. */
  readonly content: (request: GateRequest, native: Native) => Content | Promise<Content>;
  /** Default: the header `Gatehouse-Receipt`. */
  readonly receipt?: (request: GateRequest, native: Native) => string | undefined;
}

export interface Screened {
  readonly isReleased: boolean;
  readonly id: string;
  readonly receipt: string | undefined;
  readonly sha256: string;
  readonly size: number;
  /** May be shown to the sender as it is. */
  readonly message: string;
}

export interface ScreenOptions {
  readonly signal?: AbortSignal;
  /** Seconds to wait for the decision; default 30. */
  readonly waitS?: number;
  /** Default: that of the gate, which refuses the receipts when this is another one. */
  readonly callbackUrl?: string;
}

type Subject = string | null | undefined;

export interface TicketRequest<Native> {
  /** The signed-in person, opaque and always the same, at most 64 characters; undefined, null or '': nobody, who gets no ticket. */
  readonly subject: (request: GateRequest, native: Native) => Subject | Promise<Subject>;
  readonly maxUploads?: number;
  readonly maxBytes: number;
  readonly minutes?: number;
  /** Default: that of the gate, which refuses the receipts when this is another one. */
  readonly callbackUrl?: string;
}

export interface ReceiptGate {
  readonly maxBytes: number;
  /** For bytes at hand. @throws {GatehouseClientError} when Gatehouse gave no answer: then nothing may be published */
  verify(receipt: string, content: Content): Promise<ReceiptVerdict>;
  /** In front of the handler that publishes: it runs only with a valid receipt. `readReceipt` gives the claims. */
  protect<Native = unknown>(options: ProtectUpload<Native>): GateHandler<Native>;
  /**
   * The bytes that a receipt is for, whole and in memory, when the page sent your server the receipt alone. The API key needs `uploads:read`.
   * @throws {GatehouseClientError} when Gatehouse gave no answer, or the content is larger than `maxBytes`: then nothing may be published
   */
  fetchReleased(receipt: string): Promise<Released>;
  /** Sends bytes to Gatehouse and waits for the decision. @throws {GatehouseClientError} when there was none */
  screenUpload(content: Content, options?: ScreenOptions): Promise<Screened>;
  /** Answers a signed-in person's browser with a ticket. Mount it where only your own pages can POST. */
  ticketEndpoint<Native = unknown>(options: TicketRequest<Native>): (request: GateRequest, native?: Native) => Promise<Response>;
}

const MAX_BYTES = 100 * 1024 ** 2;
const TIMEOUT_MS = 10_000;
const WAIT_S = 30;
const KEYS_S = 300;
/** For a receipt of a key that is not among them; whoever invents keys must not make this server ask for each. */
const KEYS_AGAIN_S = 10;
const SUBJECT_CHARS_MAX = 64;
const RECEIPT_HEADER = 'gatehouse-receipt';

interface Deps {
  readonly options: ReceiptGateOptions;
  readonly connection: Connection;
  readonly maxBytes: number;
  keys: { readonly jwks: unknown; readonly atS: number } | undefined;
  /** Under way. */
  asking: Promise<unknown> | undefined;
}

/** @throws {GatehouseClientError} `option_invalid` */
export function createReceiptGate(options: ReceiptGateOptions): ReceiptGate {
  const { apiKey } = options;
  if (apiKey === undefined || !/^[\x21-\x7e]{8,512}$/.test(apiKey)) throw new GatehouseClientError('option_invalid', 'apiKey is missing, or no API key.');
  const connection: Connection = {
    base: parseUrl('gatehouseUrl', options.gatehouseUrl, options.allowHttp === true),
    apiKey,
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    fetch: options.fetch ?? fetch,
  };
  const deps: Deps = { options, connection, maxBytes: options.maxBytes ?? MAX_BYTES, keys: undefined, asking: undefined };
  return {
    maxBytes: deps.maxBytes,
    verify: (receipt, content) => verify(deps, receipt, content),
    protect: (how) => protect(deps, how),
    fetchReleased: (receipt) =>
      fetchReleased(
        {
          connection,
          maxBytes: deps.maxBytes,
          check: (text, said) => verifyOffline(deps, text, said),
          verify: (text, content) => verify(deps, text, content),
        },
        receipt,
      ),
    screenUpload: (content, how) => screen(deps, content, how ?? {}),
    ticketEndpoint: (how) => (request, native) => giveTicket(deps, how, { request, native }),
  };
}

/** First without Gatehouse, then by asking it: a receipt may have been revoked since, because a list changed. */
async function verify(deps: Deps, receipt: string, content: Content): Promise<ReceiptVerdict> {
  const { sha256, size } = await measure(content, deps.maxBytes);
  if (size === 0) return { isValid: false, reason: 'empty' };
  const verdict = await verifyOffline(deps, receipt, { sha256, size });
  if (!verdict.isValid || deps.options.isOffline === true) return verdict;
  const json = { receipt, sha256, size, callbackUrl: deps.options.callbackUrl };
  const { body } = await callGatehouse(deps.connection, { method: 'POST', path: '/v1/receipts/verify', json });
  if (body['valid'] === true && body['isContentChecked'] === true) return verdict;
  return { isValid: false, reason: body['reason'] === 'callback_differs' ? 'callback_differs' : 'revoked' };
}

async function verifyOffline(deps: Deps, receipt: string, measured: Measured): Promise<ReceiptVerdict> {
  const { issuer, acceptsStub = false, jwks } = deps.options;
  const expected = { ...measured, issuer, acceptsStub };
  const verdict = await verifyReceipt(receipt, { ...expected, jwks: jwks ?? (await readJwks(deps, KEYS_S)) });
  if (verdict.isValid || verdict.reason !== 'unknown_key' || jwks !== undefined) return verdict;
  return verifyReceipt(receipt, { ...expected, jwks: await readJwks(deps, KEYS_AGAIN_S) });
}

async function readJwks(deps: Deps, ageMaxS: number): Promise<unknown> {
  if (deps.keys !== undefined && readTimeS() - deps.keys.atS <= ageMaxS) return deps.keys.jwks;
  // Of many requests at once, one asks: they may all come from whoever invents keys.
  deps.asking ??= fetchJwks(deps).finally(() => (deps.asking = undefined));
  return deps.asking;
}

async function fetchJwks(deps: Deps): Promise<unknown> {
  const atS = readTimeS();
  const { body } = await callGatehouse(deps.connection, { method: 'GET', path: '/.well-known/gatehouse-receipts.json' });
  // Something else that answered is not kept.
  readKeys(body);
  deps.keys = { jwks: body, atS };
  return body;
}

function protect<Native>(deps: Deps, how: ProtectUpload<Native>): GateHandler<Native> {
  return async (request, native) => {
    // The adapters hand the framework's own request over.
    const own = native as Native;
    const receipt = how.receipt === undefined ? (request.headers.get(RECEIPT_HEADER) ?? undefined) : how.receipt(request, own);
    // A form can name a field twice, and then its parser makes a list.
    if (typeof receipt !== 'string' || receipt === '') return refuse(422, 'receipt_missing', 'There is no receipt for this file. It was not published.');
    try {
      const verdict = await verify(deps, receipt, await how.content(request, own));
      if (!verdict.isValid) return refuseFor(verdict.reason);
      noteReceipt(native ?? request, verdict.claims);
      return undefined;
    } catch (error) {
      if (!(error instanceof GatehouseClientError)) throw error;
      deps.options.onFault?.(error);
      return refuseFor(error.code);
    }
  };
}

function refuseFor(reason: ReceiptFault | ClientFault): Response {
  if (reason === 'empty' || reason === 'content_invalid') return refuse(422, 'content_missing', 'There were no bytes of a file. Nothing was published.');
  if (reason === 'too_large') return refuse(413, 'too_large', 'The file is too large. It was not published.');
  return reason in CLIENT_FAULTS
    ? refuse(503, 'not_available', 'The file could not be checked at the moment. It was not published; try again later.')
    : refuse(422, 'receipt_invalid', 'The receipt is not valid for this file. It was not published.');
}

function refuse(status: number, code: string, message: string): Response {
  return Response.json({ code, message }, { status, headers: { 'cache-control': 'no-store', ...(status === 503 ? { 'retry-after': '5' } : {}) } });
}

async function screen(deps: Deps, content: Content, how: ScreenOptions): Promise<Screened> {
  const metered = meterContent(content, deps.maxBytes);
  try {
    return await sendToScreen(deps, metered, how);
  } catch (error) {
    await leaveContent(content);
    throw metered.fault() ?? error;
  }
}

async function sendToScreen(deps: Deps, metered: Metered, how: ScreenOptions): Promise<Screened> {
  const { signal, waitS = WAIT_S, callbackUrl = deps.options.callbackUrl } = how;
  const created = await callGatehouse(deps.connection, { method: 'POST', path: '/v1/uploads', json: { callbackUrl }, signal });
  const { id } = created.body;
  if (typeof id !== 'string' || !UPLOAD_ID.test(id)) throw new GatehouseClientError('gatehouse_answer', 'There was no upload in it.');
  const headers = { 'content-type': 'application/octet-stream' };
  const sent = await callGatehouse(deps.connection, { method: 'PUT', path: `/v1/uploads/${id}/content?wait=${waitS}`, body: metered.content, headers, signal });
  if (sent.isStub && deps.options.acceptsStub !== true)
    throw new GatehouseClientError('gatehouse_answer', 'It is in stub mode: its outcomes are made up. In tests say acceptsStub.');
  const { sha256, size } = metered.measured();
  const { state, receipt, message, sha256: theirs } = sent.body;
  if (theirs !== sha256) throw new GatehouseClientError('gatehouse_answer', 'It received other bytes.');
  const isReleased = state === 'released';
  return {
    isReleased,
    id,
    receipt: isReleased && typeof receipt === 'string' ? receipt : undefined,
    sha256,
    size,
    message: typeof message === 'string' ? message : '',
  };
}

interface Asking<Native> {
  readonly request: GateRequest;
  readonly native: Native | undefined;
}

async function giveTicket<Native>(deps: Deps, how: TicketRequest<Native>, { request, native }: Asking<Native>): Promise<Response> {
  if (request.method !== 'POST') return refuse(405, 'method_not_allowed', 'Only POST is offered.');
  // Another site's page must not get a ticket with somebody's cookies.
  const site = request.headers.get('sec-fetch-site');
  if (site !== null && site !== 'same-origin' && site !== 'none') return refuse(403, 'other_site', 'The request came from another site.');
  const subject = checkSubject(await how.subject(request, native as Native));
  if (subject === undefined) return refuse(401, 'nobody', 'Sign in first.');
  const { maxUploads, maxBytes, minutes, callbackUrl = deps.options.callbackUrl } = how;
  // What is undefined is left out of JSON.
  const json = { subject, maxBytes, maxUploads, minutes, callbackUrl };
  try {
    const { body } = await callGatehouse(deps.connection, { method: 'POST', path: '/v1/tickets', json });
    const { ticket, expiresAt } = body;
    if (typeof ticket !== 'string') throw new GatehouseClientError('gatehouse_answer', 'There was no ticket in it.');
    return Response.json({ ticket, expiresAt }, { headers: { 'cache-control': 'no-store' } });
  } catch (error) {
    if (!(error instanceof GatehouseClientError)) throw error;
    deps.options.onFault?.(error);
    return refuse(503, 'not_available', 'Files cannot be sent at the moment; try again later.');
  }
}

/** Of objects the text is the same for everybody, and all would be one person. @throws {GatehouseClientError} option_invalid */
function checkSubject(subject: unknown): string | undefined {
  if (subject === undefined || subject === null || subject === '') return undefined;
  if (typeof subject === 'string' && subject.length <= SUBJECT_CHARS_MAX) return subject;
  throw new GatehouseClientError('option_invalid', `subject: it is a text of at most ${SUBJECT_CHARS_MAX} characters; of a number make one by String().`);
}

export type { ReceiptClaims };
