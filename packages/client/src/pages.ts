/** What is answered in place of a page: problem+json (RFC 9457) for programs, a plain page without script or style for people. */
import type { GateRequest } from './types.ts';

export type PageKind = 'no' | 'no_account' | 'undecided' | 'other_browser' | 'used' | 'bad_link' | 'unavailable';
export type AnswerKind = PageKind | 'ask' | 'method';

interface AnswerText {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  /** The words of the link; none, no link. */
  readonly again?: string;
}

const TRY_AGAIN = 'Try again';
const BACK = 'Back to the site';

export const ANSWERS: Readonly<Record<AnswerKind, AnswerText>> = {
  ask: { status: 401, code: 'age_check_required', title: 'An age check is needed', detail: 'Open `checkUrl` in the browser.' },
  no: { status: 403, code: 'age_refused', title: 'This part is not for you', detail: 'The answer to the age check was no.', again: BACK },
  no_account: {
    status: 401,
    code: 'account_required',
    title: 'Sign in first',
    detail: 'An age check counts for one account. Nobody is signed in.',
    again: BACK,
  },
  undecided: {
    status: 403,
    code: 'age_undecided',
    title: 'There is no answer yet',
    detail: 'The age check ended without a clear answer. Nothing was decided.',
    again: TRY_AGAIN,
  },
  other_browser: {
    status: 409,
    code: 'age_other_browser',
    title: 'This answer was not used',
    detail: 'The age check was not begun in this browser, or too long ago. Begin again here.',
    again: BACK,
  },
  used: {
    status: 410,
    code: 'age_used',
    title: 'This answer was used before',
    detail: 'An answer counts once. If you are asked again, begin again.',
    again: BACK,
  },
  bad_link: { status: 400, code: 'bad_link', title: 'This link cannot be used', detail: 'Go back to the page that you wanted to see.', again: BACK },
  unavailable: {
    status: 503,
    code: 'age_check_unavailable',
    title: 'The age check is not available',
    detail: 'Nothing was decided and nothing is lost. Try again in a moment.',
    again: TRY_AGAIN,
  },
  method: { status: 405, code: 'method_not_allowed', title: 'That method is not offered here', detail: 'Open this address with GET.' },
};

const RETRY_AFTER_S = 5;

export const STYLE: string =
  ':root{color-scheme:light dark;--text:#0b0c0c;--page:#fff;--link:#1a4fb5}' +
  '@media(prefers-color-scheme:dark){:root{--text:#f3f2f1;--page:#0b0c0c;--link:#9dbdf9}}' +
  'body{margin:0;background:var(--page);color:var(--text);font:1.125rem/1.5 system-ui,sans-serif}' +
  'main{max-width:36rem;margin:0 auto;padding:2rem 1rem}h1{line-height:1.2}a{color:var(--link)}';
/** SHA-256 of the style sheet: the only inline style that may be there. */
const STYLE_HASH = 'XCT3Mz6x9fZrc1TkAauAlbbnQ1t/QSjh5Fx+311Nsdc=';
const POLICY = `default-src 'none'; style-src 'self' 'sha256-${STYLE_HASH}'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

export interface AnswerInput {
  readonly kind: AnswerKind;
  readonly isPage: boolean;
  /** Where the link leads. */
  readonly againUrl?: string | undefined;
  /** Further members of the problem. */
  readonly members?: Readonly<Record<string, string>>;
  readonly headers?: Headers | undefined;
  readonly renderPage?: ((page: { readonly kind: PageKind; readonly againUrl: string | undefined }) => string) | undefined;
}

export function answer({ kind, isPage, againUrl, members, headers = new Headers(), renderPage }: AnswerInput): Response {
  const { status, code, title, detail } = ANSWERS[kind];
  addPrivacy(headers);
  if (status === 503) headers.set('retry-after', String(RETRY_AFTER_S));
  if (isPage && kind !== 'ask' && kind !== 'method') {
    headers.set('content-type', 'text/html; charset=utf-8');
    headers.set('content-security-policy', POLICY);
    return new Response((renderPage ?? renderPlain)({ kind, againUrl }), { status, headers });
  }
  headers.set('content-type', 'application/problem+json');
  return new Response(JSON.stringify({ type: 'about:blank', title, status, code, detail, ...members }), { status, headers });
}

/** 303: whatever the method was, the next one is GET (RFC 9110, section 15.4.4). */
export function redirect(location: string, headers: Headers = new Headers()): Response {
  addPrivacy(headers);
  headers.set('location', location);
  return new Response(null, { status: 303, headers });
}

/** The answer depends on the cookie, and the address may hold a code. */
function addPrivacy(headers: Headers): void {
  headers.set('cache-control', 'no-store');
  headers.set('referrer-policy', 'no-referrer');
  headers.set('x-content-type-options', 'nosniff');
  headers.set('vary', 'Cookie, Accept');
}

/** A page that a person opens; not a picture in it, not a request of a script. */
export function isPageRequest({ method, headers }: GateRequest): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  const mode = headers.get('sec-fetch-mode');
  return (mode === null || mode === 'navigate') && (headers.get('accept') ?? '').toLowerCase().includes('text/html');
}

/** A browser that only looks ahead is not the person. */
export function isPrefetch({ headers }: GateRequest): boolean {
  return [headers.get('sec-purpose'), headers.get('purpose')].some((purpose) => purpose?.includes('prefetch') === true);
}

function renderPlain({ kind, againUrl }: { readonly kind: PageKind; readonly againUrl: string | undefined }): string {
  const { title, detail, again } = ANSWERS[kind];
  const link = again === undefined || againUrl === undefined ? '' : `<p><a href="${escape(againUrl)}">${escape(again)}</a></p>`;
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><style>${STYLE}</style>`;
  return `<!doctype html><html lang="en"><head>${head}<title>${escape(title)}</title></head><body><main><h1>${escape(title)}</h1><p>${escape(detail)}</p>${link}</main></body></html>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}
