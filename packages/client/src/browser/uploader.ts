/** Files from a page to Gatehouse: asked about first, then sent, then waited for. What is refused never leaves the device. */
import { createFileHasher, type FileHasher, type HashOptions } from './hash-file.ts';
import type { FileSignals } from './signals.ts';
import { createTickets, type Tickets } from './tickets.ts';
import { callJson, describeFault, pause, sendFile, type Problem, type Reply } from './transport.ts';

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
  /**
   * The headers with which another transport (tus) begins an upload of a file that was checked: a permit, and the ticket that it is for. A permit is used
   * once, so from the second time on it is asked for anew. @throws {NotPermitted} when the answer is no by now; others when there was none
   */
  headersFor(check: Check): Promise<Record<string, string>>;
  /** The headers with which another transport goes on. `isFresh`: with a ticket that has not been at hand for long. */
  headersToResume(how?: { readonly isFresh?: boolean }): Promise<Record<string, string>>;
  /** Whether another transport, whose request was answered so, can go on with new headers. */
  canRenew(problem: Problem): boolean;
  close(): void;
}

export class NotPermitted extends Error {
  override readonly name = 'NotPermitted';
}

const VERSION = 'gatehouse-client/1';
const RETRIES = 3;
const WAIT_S = 20;
/** A file that waits longer is up to a person. */
const OUTCOME_ROUNDS = 30;
const PAUSE_MS = 500;
const RETRY_AFTER_MAX_S = 60;

export function createUploader(options: UploaderOptions): Uploader {
  const tickets = createTickets(options.getTicket);
  const deps: Deps = { options, base: options.gatehouseUrl.replace(/\/+$/, ''), hasher: createFileHasher(options), tickets, asked: new WeakMap() };
  return {
    check: async (file, { signal } = {}) => ask(deps, await deps.hasher.hash(file, signal), signal),
    upload: (file, upload = {}) => uploadFile(deps, file, upload),
    headersFor: (check) => takeHeaders(deps, check),
    headersToResume: async ({ isFresh = false } = {}) => ({ authorization: `Bearer ${await (isFresh ? tickets.takeFresh() : tickets.take())}` }),
    canRenew(problem) {
      if (isTicketOver(problem)) void tickets.take().then((ticket) => tickets.drop(ticket), ignore);
      return isTicketOver(problem) || problem.code === 'permit_invalid';
    },
    close: () => deps.hasher.close(),
  };
}

interface Deps {
  readonly options: UploaderOptions;
  readonly base: string;
  readonly hasher: FileHasher;
  readonly tickets: Tickets;
  /** What a check was about, and the ticket that its permit is bound to. */
  readonly asked: WeakMap<Check, Asked>;
}

interface Asked {
  readonly signals: FileSignals;
  readonly ticket: string;
  isHandedOut: boolean;
}

/** Nothing usable came back. */
class Unavailable extends Error {
  readonly reply: Reply;

  constructor(reply: Reply) {
    super(`answer ${reply.status}`);
    this.reply = reply;
  }

  /** Of other faults the next attempt is told the same. */
  get canPass(): boolean {
    const { status, problem } = this.reply;
    return status < 400 || status === 408 || status === 425 || status === 429 || status >= 500 || problem.code === 'permit_invalid';
  }
}

function isTicketOver({ status, code }: Problem): boolean {
  return status === 401 || code === 'ticket_spent';
}

/** With a new ticket, once, when the one at hand has ended or is used up. */
async function withTicket(deps: Deps, call: (ticket: string) => Promise<Reply>): Promise<{ readonly reply: Reply; readonly ticket: string }> {
  const ticket = await deps.tickets.take();
  const reply = await call(ticket);
  if (!isTicketOver(reply.problem)) return { reply, ticket };
  deps.tickets.drop(ticket);
  const next = await deps.tickets.take();
  return { reply: await call(next), ticket: next };
}

async function ask(deps: Deps, signals: FileSignals, signal: AbortSignal | undefined): Promise<Check> {
  const { reply, ticket } = await withTicket(deps, (bearer) =>
    callJson(`${deps.base}/v1/permits`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...signals, clientVersion: VERSION }),
      ...(signal === undefined ? {} : { signal }),
    }),
  );
  const { permitted, permit, message } = reply.body;
  if (reply.status !== 200 || typeof permitted !== 'boolean') throw new Unavailable(reply);
  const check: Check = {
    permitted,
    permit: typeof permit === 'string' ? permit : undefined,
    message: typeof message === 'string' ? message : '',
    sha256: signals.sha256,
  };
  deps.asked.set(check, { signals, ticket, isHandedOut: false });
  return check;
}

async function takeHeaders(deps: Deps, check: Check): Promise<Record<string, string>> {
  const asked = deps.asked.get(check);
  if (asked === undefined) throw new TypeError('This check is of another uploader.');
  if (asked.isHandedOut) return takeHeaders(deps, await ask(deps, asked.signals, undefined));
  if (!check.permitted || check.permit === undefined) throw new NotPermitted(check.message);
  asked.isHandedOut = true;
  return { authorization: `Bearer ${asked.ticket}`, 'gatehouse-permit': check.permit };
}

async function uploadFile(deps: Deps, file: Blob, options: UploadOptions): Promise<UploadResult> {
  const { signal } = options;
  let message = 'The file could not be read. Please choose it again.';
  try {
    const signals = await deps.hasher.hash(file, signal);
    message = describeFault(undefined);
    const sent = await persist(deps, signal, () => askAndSend(deps, { file, signals, options }));
    if (sent instanceof NotPermitted) return { kind: 'refused', id: undefined, message: sent.message };
    return conclude(await awaitOutcome(deps, sent, signal), signals);
  } catch (error) {
    signal?.throwIfAborted();
    return { kind: 'failed', message: error instanceof Unavailable ? describeFault(error.reply.problem.code) : message };
  }
}

/** Again after a pause, while that can help. */
async function persist<T>({ options }: Deps, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      const reply = error instanceof Unavailable ? error.reply : undefined;
      if (attempt >= (options.retries ?? RETRIES) || (error instanceof Unavailable && !error.canPass)) throw error;
      const afterS = reply?.retryAfterS;
      await pause(afterS === undefined ? PAUSE_MS * 2 ** attempt : Math.min(afterS, RETRY_AFTER_MAX_S) * 1000, signal);
    }
  }
}

interface Work {
  readonly file: Blob;
  readonly signals: FileSignals;
  readonly options: UploadOptions;
}

/** A new permit for each attempt: whether the one before was used up, nobody knows when an answer was lost. */
async function askAndSend(deps: Deps, work: Work): Promise<Reply | NotPermitted> {
  const sent = await sendOnce(deps, work);
  if (sent instanceof NotPermitted || !isTicketOver(sent.problem)) return requireTaken(sent);
  // The permit ended with its ticket.
  return requireTaken(await sendOnce(deps, work));
}

function requireTaken(sent: Reply | NotPermitted): Reply | NotPermitted {
  if (sent instanceof NotPermitted || sent.status < 400) return sent;
  throw new Unavailable(sent);
}

async function sendOnce(deps: Deps, { file, signals, options }: Work): Promise<Reply | NotPermitted> {
  const { signal, onProgress } = options;
  const check = await ask(deps, signals, signal);
  if (!check.permitted || check.permit === undefined) return new NotPermitted(check.message);
  const headers = await takeHeaders(deps, check);
  const sent = await sendFile({
    url: `${deps.base}/v1/send?wait=${WAIT_S}`,
    headers: { ...headers, 'content-type': 'application/octet-stream', 'content-digest': `sha-256=:${toBase64(signals.sha256)}:` },
    file,
    signal,
    onProgress,
  });
  if (isTicketOver(sent.problem)) deps.tickets.drop(deps.asked.get(check)?.ticket ?? '');
  return sent;
}

/** The bytes are there: a line that breaks now must not send them again. */
async function awaitOutcome(deps: Deps, sent: Reply, signal: AbortSignal | undefined): Promise<Reply> {
  let reply = sent;
  for (let round = 0; round < OUTCOME_ROUNDS && reply.body['state'] === 'pending'; round++) {
    const { id } = reply.body;
    if (typeof id !== 'string') break;
    const url = `${deps.base}/v1/outcomes/${encodeURIComponent(id)}?wait=${WAIT_S}`;
    reply = await persist(deps, signal, async () => {
      const found = await withTicket(deps, (ticket) =>
        callJson(url, { headers: { authorization: `Bearer ${ticket}` }, ...(signal === undefined ? {} : { signal }) }),
      );
      if (found.reply.status >= 400) throw new Unavailable(found.reply);
      return found.reply;
    });
  }
  return reply;
}

function conclude(reply: Reply, { sha256 }: FileSignals): UploadResult {
  const { id, state, message, receipt } = reply.body;
  if (typeof id !== 'string' || typeof message !== 'string') throw new Unavailable(reply);
  if (state === 'released') return { kind: 'released', id, receipt: typeof receipt === 'string' ? receipt : undefined, message, sha256 };
  if (state === 'not_released') return { kind: 'refused', id, message };
  return { kind: 'failed', message: describeFault(undefined) };
}

function toBase64(hex: string): string {
  return btoa((hex.match(/../g) ?? []).map((pair) => String.fromCharCode(Number.parseInt(pair, 16))).join(''));
}

function ignore(): void {
  // Whoever takes the next ticket sees why there is none.
}
