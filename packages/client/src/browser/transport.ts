/** Requests to Gatehouse from a page. Answers are outside bytes like any others: parsed, member by member. */
import { watchSilence } from '../silence.ts';

export interface Problem {
  readonly status: number;
  /** Of Gatehouse's errors. */
  readonly code: string | undefined;
}

export interface Reply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly problem: Problem;
  readonly retryAfterS: number | undefined;
}

export interface Sending {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly file: Blob;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((sentBytes: number, totalBytes: number) => void) | undefined;
}

const FAULTS: Readonly<Record<string, string>> = {
  too_large: 'The file is too large.',
  digest_mismatch: 'The file was changed while it was sent. Please choose it again.',
  ticket_spent: 'You have sent as much as is allowed for now. Please try again later.',
};

/** For a file that nobody could ask about. */
export const NOT_CHECKED: string = 'The file could not be checked at the moment. Please try again later.';

/** What may be shown for a file that failed, by the code of the answer. */
export function describeFault(code: string | undefined): string {
  return FAULTS[code ?? ''] ?? 'The file could not be sent at the moment. Please try again later.';
}

/** Browsers wait for an answer for ever, and a form would be kept back for as long. Longer than Gatehouse waits for a decision, and than a slow line buffers. */
const SILENCE_MAX_MS = 120_000;

/** @throws when there was no answer */
export async function callJson(url: string, { signal, ...init }: RequestInit): Promise<Reply> {
  const silence = watchSilence(SILENCE_MAX_MS, signal ?? undefined);
  try {
    return await fetchReply(url, { ...init, signal: silence.signal });
  } finally {
    silence.end();
  }
}

async function fetchReply(url: string, init: RequestInit): Promise<Reply> {
  // Never with cookies: the ticket is all that counts.
  const reply = await fetch(url, { ...init, credentials: 'omit', cache: 'no-store', redirect: 'error' });
  return toReply(reply.status, await reply.text(), reply.headers.get('retry-after'));
}

/** The bytes of a file. By XMLHttpRequest where there is one: `fetch` does not say how far it has got. @throws when there was no answer */
export function sendFile({ url, headers, file, signal, onProgress }: Sending): Promise<Reply> {
  // Without that nobody can tell a large file from a line that is dead.
  if (typeof XMLHttpRequest === 'undefined') return fetchReply(url, { method: 'POST', headers, body: file, ...(signal === undefined ? {} : { signal }) });
  return new Promise<Reply>((resolve, reject) => {
    signal?.throwIfAborted();
    const request = new XMLHttpRequest();
    request.open('POST', url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    const silence = watchSilence(SILENCE_MAX_MS, signal);
    request.upload.addEventListener('progress', ({ loaded, total }) => {
      silence.move();
      onProgress?.(loaded, total);
    });
    request.addEventListener('load', () => resolve(toReply(request.status, request.responseText, request.getResponseHeader('retry-after'))));
    request.addEventListener('error', () => reject(new Error('the connection broke')));
    request.addEventListener('abort', () => reject(reasonOf(silence.signal)));
    silence.signal.addEventListener('abort', () => request.abort(), { once: true });
    request.addEventListener('loadend', silence.end);
    request.send(file);
  });
}

export function parse(text: string): Reply['body'] {
  try {
    const value: unknown = JSON.parse(text);
    // Its members stay unknown.
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** @throws when `signal` aborts */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      clearTimeout(timer);
      reject(reasonOf(signal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', leave);
      resolve();
    }, ms);
    signal?.addEventListener('abort', leave, { once: true });
  });
}

export function reasonOf(signal: AbortSignal | undefined): Error {
  return signal?.reason instanceof Error ? signal.reason : new Error('aborted');
}

function toReply(status: number, text: string, retryAfter: string | null): Reply {
  const body = parse(text);
  const { code } = body;
  return { status, body, problem: { status, code: status >= 400 && typeof code === 'string' ? code : undefined }, retryAfterS: toSeconds(retryAfter) };
}

function toSeconds(value: string | null): number | undefined {
  return value !== null && /^\d{1,5}$/.test(value) ? Number(value) : undefined;
}
