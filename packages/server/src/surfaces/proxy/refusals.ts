/** What a client is told when a request does not go on: a neutral text, as a page or as problem+json. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { GatehouseError } from '../../platform/errors.ts';
import type { BodyVerdict } from '../bodies/index.ts';

export interface Refusal {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly retryAfterS?: number;
}

const RETRY_S = 10;
const LATER: Refusal = {
  status: 503,
  title: 'Not now',
  detail: 'This request could not be checked. Nothing was sent on; please try again later.',
  retryAfterS: RETRY_S,
};

export const REFUSALS = {
  ambiguous: { status: 400, title: 'Bad request', detail: 'This request is not well-formed. Nothing was sent on.' },
  unknownRoute: { status: 403, title: 'Not accepted', detail: 'Content is not accepted at this address. Nothing was sent on.' },
  shape: { status: 415, title: 'Not accepted', detail: 'Content of this kind is not accepted at this address. Nothing was sent on.' },
  tooLarge: { status: 413, title: 'Too large', detail: 'This is more than is accepted here. Nothing was sent on.' },
  originAway: { status: 502, title: 'No answer', detail: 'The service did not answer. Nothing was kept; please try again later.' },
  later: LATER,
} as const satisfies Record<string, Refusal>;

/** @returns undefined when the body may go on */
export function refusalOf(verdict: BodyVerdict): Refusal | undefined {
  if (verdict.kind === 'release') return undefined;
  if (verdict.kind === 'stop') return verdict.passed.verdict === 'error' ? LATER : { status: 422, title: 'Not accepted', detail: verdict.passed.message };
  if (verdict.reason === 'malformed') return REFUSALS.ambiguous;
  return verdict.reason === 'unknown_type' || verdict.reason === 'content_coding'
    ? REFUSALS.shape
    : { status: 422, title: 'Not accepted', detail: 'This content could not be published.' };
}

/** For what the spool threw. */
export function refusalFor(error: unknown): Refusal {
  if (!(error instanceof GatehouseError)) return LATER;
  if (error.code === 'too_large') return REFUSALS.tooLarge;
  return error.code === 'length_mismatch' ? REFUSALS.ambiguous : LATER;
}

/** @param isClosing what is left of the body is not read */
export function refuse(response: ServerResponse, refusal: Refusal, how: { readonly accept: string; readonly isClosing: boolean }): void {
  if (response.headersSent || response.destroyed) return;
  const isPage = /\btext\/html\b/i.test(how.accept);
  const { status, title, detail } = refusal;
  const body = isPage ? toPage(title, detail) : JSON.stringify({ type: 'about:blank', title, status, detail });
  const headers: OutgoingHttpHeaders = {
    'content-type': isPage ? 'text/html; charset=utf-8' : 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'",
    ...(refusal.retryAfterS === undefined ? {} : { 'retry-after': String(refusal.retryAfterS) }),
    ...(how.isClosing ? { connection: 'close' } : {}),
  };
  response.writeHead(status, headers).end(body);
}

function toPage(title: string, detail: string): string {
  const safe = (text: string): string => text.replaceAll(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${safe(title)}</title></head><body><main><h1>${safe(title)}</h1><p>${safe(detail)}</p></main></body></html>`;
}
