/**
 * The two addresses of a gate. `start` opens a session of Gatehouse and sends the browser there; `return` is where it comes back with a code, and where the
 * answer is fetched, verified, used up and put into a cookie. Nothing that a browser says decides: it only shows what was sealed for it.
 */
import { isSessionId, type Claims } from './answers.ts';
import { toBase64Url } from './bytes.ts';
import { findCookie, type CookieJar } from './cookies.ts';
import { GatehouseClientError } from './errors.ts';
import type { Gatehouse } from './gatehouse.ts';
import type { Settings } from './options.ts';
import { drawBytes } from './outside.ts';
import { answer, isPageRequest, isPrefetch, redirect, type AnswerInput, type PageKind } from './pages.ts';
import { splitTarget, toLocalPath } from './paths.ts';
import type { SealContext, Sealer } from './sealing.ts';
import { readAsk, readPending, type Ask, type Pass, type Pending } from './tokens.ts';
import type { GateRequest } from './types.ts';

const NONCE_BYTES = 16;
/** A result lives for ten minutes at most after the session. */
const RESULT_S = 600;
/** Whatever Gatehouse says, a check under way is forgotten after this. */
const PENDING_MAX_S = 2 * 3600;
const RETURN_CODE = /^[A-Za-z0-9_-]{8,128}$/;

export interface WalkParts {
  readonly settings: Settings;
  readonly gatehouse: Gatehouse;
  readonly sealer: Sealer;
  readonly jar: CookieJar;
  readonly readTimeS: () => number;
  readonly contextOf: (account: string | null) => SealContext;
  readonly renderPage: AnswerInput['renderPage'];
  readonly onFault: ((fault: GatehouseClientError) => void) | undefined;
}

/** Where a check begins. The address cannot be made or changed by others, so nobody can have other questions asked in the site's name. */
export async function formatStart({ settings, sealer, contextOf }: WalkParts, ask: Ask): Promise<string> {
  return `${settings.site}${settings.basePath}/start?ask=${await sealer.seal('ask', ask, contextOf(null))}`;
}

export interface Visit {
  readonly request: GateRequest;
  readonly account: string | null;
}

export function start(parts: WalkParts, visit: Visit): Promise<Response> {
  return guard(parts, visit, async () => {
    const { settings, sealer, jar, gatehouse } = parts;
    const query = new URLSearchParams(splitTarget(visit.request.url).query);
    const ask = readAsk(await sealer.open('ask', query.get('ask') ?? undefined, parts.contextOf(null)));
    if (ask === undefined) return refuse(parts, visit, { kind: 'bad_link' });
    if (isPrefetch(visit.request)) return refuse(parts, visit, { kind: 'unavailable' });
    const nonce = toBase64Url(drawBytes(NONCE_BYTES));
    const policy = { ...ask, onNo: settings.policy.onNo };
    const opened = await gatehouse.open({ policy, nonce, locale: settings.locale ?? findLocale(visit.request) });
    const nowS = parts.readTimeS();
    const expiresS = Math.min(opened.expiresS + RESULT_S, nowS + PENDING_MAX_S);
    const pending: Pending = { ...ask, session: opened.id, clientToken: opened.clientToken, nonce, expiresS };
    const headers = new Headers();
    for (const name of jar.findStale(visit.request.headers.get('cookie'))) headers.append('set-cookie', jar.expire(name));
    const sealed = await sealer.seal('pending', pending, parts.contextOf(visit.account));
    headers.append('set-cookie', jar.format(jar.pendingName(opened.id), sealed, Math.max(1, expiresS - nowS)));
    return redirect(opened.url, headers);
  });
}

export function finish(parts: WalkParts, visit: Visit): Promise<Response> {
  return guard(parts, visit, async () => {
    const query = new URLSearchParams(splitTarget(visit.request.url).query);
    const [session, code] = [query.get('age_session') ?? '', query.get('age_return') ?? ''];
    if (!isSessionId(session) || !RETURN_CODE.test(code)) return refuse(parts, visit, { kind: 'bad_link' });
    const pending = await findPending(parts, visit, session);
    if (pending === undefined) return refuse(parts, visit, { kind: 'other_browser' });
    const found = await useAnswer(parts, pending, code);
    // The check is over, however it ended.
    const headers = new Headers([['set-cookie', parts.jar.expire(parts.jar.pendingName(session))]]);
    if (typeof found === 'string') {
      const againUrl = found === 'undecided' ? await formatStart(parts, toAsk(pending)) : undefined;
      return refuse(parts, visit, { kind: found, headers, againUrl });
    }
    const { service, passS, site } = parts.settings;
    const sealed = await parts.sealer.seal('pass', found, parts.contextOf(visit.account));
    headers.append('set-cookie', parts.jar.format(parts.jar.passName(service, found), sealed, passS));
    return redirect(`${site}${toLocalPath(pending.to, parts.settings)}`, headers);
  });
}

async function findPending(parts: WalkParts, { request, account }: Visit, session: string): Promise<Pending | undefined> {
  const text = findCookie(request.headers.get('cookie'), parts.jar.pendingName(session));
  const pending = readPending(await parts.sealer.open('pending', text, parts.contextOf(account)));
  return pending !== undefined && pending.session === session && parts.readTimeS() < pending.expiresS ? pending : undefined;
}

/** The answer, or the word for why there is none. */
async function useAnswer(parts: WalkParts, pending: Pending, returnCode: string): Promise<Pass | 'undecided' | 'used' | 'other_browser'> {
  const { session, clientToken, nonce } = pending;
  const result = await parts.gatehouse.findResult(session, clientToken);
  if (result === undefined) return 'undecided';
  const check = await parts.gatehouse.use({ result, session, nonce, returnCode });
  if (!check.isValid && check.reason === 'not_returned') return 'other_browser';
  if (!check.isValid && check.reason === 'used') return 'used';
  if (!check.isValid) return 'undecided';
  const nowS = parts.readTimeS();
  const { result: said, grade } = requireOurs(check.claims, pending, { service: parts.settings.service, nowS });
  // A "no" needs no grade: it opens nothing.
  if (said === 'inconclusive' || (said === 'true' && grade < pending.minGrade)) return 'undecided';
  return { threshold: pending.threshold, direction: pending.direction, result: said, grade, expiresS: nowS + parts.settings.passS };
}

/** It was verified there; this is whether it is about what we asked. */
function requireOurs(claims: Claims, pending: Pending, { service, nowS }: { readonly service: string; readonly nowS: number }): Claims {
  const isOurs = claims.aud === service && claims.sid === pending.session && claims.nonce === pending.nonce && claims[pending.direction] === pending.threshold;
  // A minute for clocks that differ (RFC 7519, section 4.1.4).
  if (isOurs && nowS < claims.exp + 60) return claims;
  throw new GatehouseClientError('gatehouse_answer', 'The result is of another check.');
}

const toAsk = ({ threshold, direction, minGrade, to }: Pending): Ask => ({ threshold, direction, minGrade, to });

/** Only GET: HEAD, which has no effect, and methods that are none of ours, begin and use up nothing. */
async function guard(parts: WalkParts, visit: Visit, walk: () => Promise<Response>): Promise<Response> {
  if (visit.request.method !== 'GET') return answer({ kind: 'method', isPage: false, headers: new Headers({ allow: 'GET' }) });
  try {
    return await walk();
  } catch (error) {
    if (!(error instanceof GatehouseClientError)) throw error;
    parts.onFault?.(error);
    const { path, query } = splitTarget(visit.request.url);
    return refuse(parts, visit, { kind: 'unavailable', againUrl: `${parts.settings.site}${path}${query}` });
  }
}

interface Refusal {
  readonly kind: PageKind;
  readonly headers?: Headers;
  readonly againUrl?: string | undefined;
}

function refuse({ settings, renderPage }: WalkParts, { request }: Visit, { kind, headers, againUrl = `${settings.site}/` }: Refusal): Response {
  return answer({ kind, isPage: isPageRequest(request), againUrl, headers, renderPage });
}

/** The first language of the browser, if it is one (RFC 9110, section 12.5.4). */
function findLocale({ headers }: GateRequest): string {
  const first = (headers.get('accept-language') ?? '').split(/[,;]/, 1)[0]?.trim() ?? '';
  return /^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/.test(first) ? first : 'en';
}
