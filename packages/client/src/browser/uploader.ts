/** Files from a page to Gatehouse: asked about first, then sent, then waited for. What is refused never leaves the device. */
import { createFileHasher, type FileHasher, type HashOptions } from './hash-file.ts';
import type { FileSignals } from './signals.ts';
import { callJson, sendFile, type Reply } from './transport.ts';

export interface UploaderOptions extends HashOptions {
  /** Where the page reaches Gatehouse. */
  readonly gatehouseUrl: string;
  /** Asks your own server for a ticket of the signed-in person. Called again when a ticket was used up or has expired. */
  readonly getTicket: () => Promise<string>;
  /** How often something that failed on the way is tried again; default 3. */
  readonly retries?: number;
}

export interface Check {
  readonly permitted: boolean;
  readonly permit: string | undefined;
  /** May be shown as it is. */
  readonly message: string;
  readonly sha256: string;
}

export type UploadResult =
  /** `receipt` is what your server publishes by, after it has verified it. */
  | { readonly kind: 'released'; readonly id: string; readonly receipt: string | undefined; readonly message: string; readonly sha256: string }
  /** Not sent, or sent and not released. `id` is there when it was sent. */
  | { readonly kind: 'refused'; readonly id: string | undefined; readonly message: string }
  /** Nothing is known: Gatehouse did not answer. It can be tried again; nothing may be published. */
  | { readonly kind: 'failed'; readonly message: string };

export interface UploadOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (sentBytes: number, totalBytes: number) => void;
}

export interface Uploader {
  /** Asks, and sends nothing of the file. @throws when Gatehouse does not answer, or `signal` aborts */
  check(file: Blob, options?: Pick<UploadOptions, 'signal'>): Promise<Check>;
  /** @throws only when `signal` aborts */
  upload(file: Blob, options?: UploadOptions): Promise<UploadResult>;
  /** The headers that another transport (tus) sends with a file that was checked. */
  headersFor(check: Check): Promise<Record<string, string>>;
  close(): void;
}

const VERSION = 'gatehouse-client/1';
const RETRIES = 3;
const WAIT_S = 20;
/** A file that waits longer is up to a person. */
const OUTCOME_ROUNDS = 30;
const PAUSE_MS = 500;
const NOT_AVAILABLE = 'The file could not be sent at the moment. Please try again later.';

export function createUploader(options: UploaderOptions): Uploader {
  const deps: Deps = { options, base: options.gatehouseUrl.replace(/\/+$/, ''), hasher: createFileHasher(options), ticket: undefined };
  return {
    check: async (file, { signal } = {}) => ask(deps, await deps.hasher.hash(file, signal), signal),
    upload: (file, upload = {}) => uploadFile(deps, file, upload),
    async headersFor(check) {
      return { authorization: `Bearer ${await takeTicket(deps)}`, ...(check.permit === undefined ? {} : { 'gatehouse-permit': check.permit }) };
    },
    close: () => deps.hasher.close(),
  };
}

interface Deps {
  readonly options: UploaderOptions;
  readonly base: string;
  readonly hasher: FileHasher;
  ticket: Promise<string> | undefined;
}

/** Nothing usable came back; `retryAfterS` when it said so. */
class Unavailable extends Error {
  readonly retryAfterS: number | undefined;

  constructor(reply: Reply | undefined) {
    super(reply === undefined ? 'no answer' : `answer ${reply.status}`);
    this.retryAfterS = reply?.retryAfterS;
  }
}

function takeTicket(deps: Deps): Promise<string> {
  deps.ticket ??= deps.options.getTicket();
  deps.ticket.catch(() => (deps.ticket = undefined));
  return deps.ticket;
}

/** With a new ticket, once, when the one at hand has ended or is used up. */
async function withTicket(deps: Deps, call: (ticket: string) => Promise<Reply>): Promise<Reply> {
  const reply = await call(await takeTicket(deps));
  if (reply.status !== 401 && reply.body['code'] !== 'ticket_spent') return reply;
  deps.ticket = undefined;
  return call(await takeTicket(deps));
}

async function ask(deps: Deps, signals: FileSignals, signal: AbortSignal | undefined): Promise<Check> {
  const reply = await withTicket(deps, (ticket) =>
    callJson(`${deps.base}/v1/permits`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ticket}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...signals, clientVersion: VERSION }),
      ...(signal === undefined ? {} : { signal }),
    }),
  );
  const { permitted, permit, message } = reply.body;
  if (reply.status !== 200 || typeof permitted !== 'boolean') throw new Unavailable(reply);
  return { permitted, permit: typeof permit === 'string' ? permit : undefined, message: typeof message === 'string' ? message : '', sha256: signals.sha256 };
}

async function uploadFile(deps: Deps, file: Blob, options: UploadOptions): Promise<UploadResult> {
  const { signal } = options;
  try {
    const signals = await deps.hasher.hash(file, signal);
    for (let attempt = 0; ; attempt++) {
      try {
        return await askAndSend(deps, { file, signals, options });
      } catch (error) {
        signal?.throwIfAborted();
        if (attempt >= (deps.options.retries ?? RETRIES)) throw error;
        await pause(error instanceof Unavailable && error.retryAfterS !== undefined ? error.retryAfterS * 1000 : PAUSE_MS * 2 ** attempt, signal);
      }
    }
  } catch {
    signal?.throwIfAborted();
    return { kind: 'failed', message: NOT_AVAILABLE };
  }
}

interface Work {
  readonly file: Blob;
  readonly signals: FileSignals;
  readonly options: UploadOptions;
}

/** A new permit for each attempt: whether the one before was used up, nobody knows when an answer was lost. */
async function askAndSend(deps: Deps, { file, signals, options }: Work): Promise<UploadResult> {
  const { signal, onProgress } = options;
  const check = await ask(deps, signals, signal);
  if (!check.permitted || check.permit === undefined) return { kind: 'refused', id: undefined, message: check.message };
  const { permit } = check;
  const sent = await withTicket(deps, (ticket) =>
    sendFile({
      url: `${deps.base}/v1/send?wait=${WAIT_S}`,
      headers: {
        authorization: `Bearer ${ticket}`,
        'content-type': 'application/octet-stream',
        'content-digest': `sha-256=:${toBase64(signals.sha256)}:`,
        'gatehouse-permit': permit,
      },
      file,
      signal,
      onProgress,
    }),
  );
  return conclude(await awaitOutcome(deps, sent, signal), signals);
}

async function awaitOutcome(deps: Deps, sent: Reply, signal: AbortSignal | undefined): Promise<Reply> {
  let reply = sent;
  for (let round = 0; round < OUTCOME_ROUNDS && reply.body['state'] === 'pending'; round++) {
    const { id } = reply.body;
    if (typeof id !== 'string') break;
    reply = await withTicket(deps, (ticket) =>
      callJson(`${deps.base}/v1/outcomes/${encodeURIComponent(id)}?wait=${WAIT_S}`, {
        headers: { authorization: `Bearer ${ticket}` },
        ...(signal === undefined ? {} : { signal }),
      }),
    );
  }
  return reply;
}

function conclude(reply: Reply, { sha256 }: FileSignals): UploadResult {
  const { id, state, message, receipt } = reply.body;
  if (reply.status >= 400 || typeof id !== 'string' || typeof message !== 'string') throw new Unavailable(reply);
  if (state === 'released') return { kind: 'released', id, receipt: typeof receipt === 'string' ? receipt : undefined, message, sha256 };
  if (state === 'not_released') return { kind: 'refused', id, message };
  return { kind: 'failed', message: NOT_AVAILABLE };
}

function toBase64(hex: string): string {
  return btoa((hex.match(/../g) ?? []).map((pair) => String.fromCharCode(Number.parseInt(pair, 16))).join(''));
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
      },
      { once: true },
    );
  });
}
