/**
 * Enforcement for services behind a reverse proxy: the proxy asks before every request (`auth_request`, `forward_auth`), and the browser shows a cookie
 * that was made from the result of an age check. No request of a browser can bring a result about; it can only show one.
 */
import type { AppContext } from '../../platform/context.ts';
import { GatehouseError } from '../../platform/errors.ts';
import type { AgeResults } from '../results/service.ts';
import { isVoided } from '../results/rules.ts';
import type { AgeServices, AgeSessions, Grade } from '../sessions/schema.ts';
import { findCookie, formatCookie, passName, pendingName, type GateCookies, type Pending } from './cookies.ts';
import { isSameQuestion, judgePass, startPath, toLocalPath } from './gate-rules.ts';
import type { GatePass, GatePolicy, GateVerdict } from './schema.ts';

const MINUTE_MS = 60_000;
/** How long a node believes that no issuer was muted. */
const GENERATION_MS = 1_000;
const BEARER = /^Bearer +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$/i;

export interface Shown {
  readonly cookie: string | undefined;
  readonly authorization: string | undefined;
}

/** Where the site is, as the browser sees it. */
export interface Site {
  readonly host: string | undefined;
  readonly isSecure: boolean;
}

export interface Begun {
  readonly location: string;
  readonly cookie: string;
}

export type Finished =
  /** The cookie is set; on to where the person wanted to go. */
  | { readonly kind: 'decided'; readonly to: `/${string}`; readonly cookie: string }
  /** No answer, or no clear one: nothing is set. `again` begins anew. */
  | { readonly kind: 'undecided'; readonly again: `/${string}`; readonly to: `/${string}` };

export interface ForwardAuth {
  check(policy: GatePolicy, shown: Shown): Promise<GateVerdict>;
  /** @throws {GatehouseError} `invalid_request` when the site is none of the service's */
  begin(policy: GatePolicy, site: Site, to: string | undefined): Promise<Begun>;
  /** Uses the result up. @throws {GatehouseError} `age_other_browser`, `gone` */
  finish(returned: { readonly session: string; readonly code: string }, site: Site, cookie: string | undefined): Promise<Finished>;
}

export interface ForwardParts {
  readonly context: Pick<AppContext, 'clock' | 'config'>;
  readonly sessions: Pick<AgeSessions, 'open' | 'findResult'>;
  readonly services: Pick<AgeServices, 'list'>;
  readonly results: Pick<AgeResults, 'sign' | 'verify'>;
  readonly cookies: GateCookies;
  readonly generation: () => Promise<number>;
}

export function createForwardAuth(given: ForwardParts): ForwardAuth {
  const parts = { ...given, generation: remember(given) };
  return {
    check: async (policy, shown) => judgePass(policy, (await readCookie(parts, policy, shown)) ?? (await readBearer(parts, policy, shown))),
    begin: (policy, site, to) => begin(parts, { policy, to }, site),
    finish: (returned, site, cookie) => finish(parts, { returned, cookie }, site),
  };
}

/** Asked before every request of a site: the database is asked once a second. */
function remember({ context, generation }: ForwardParts): () => Promise<number> {
  let known: { readonly untilMs: number; readonly value: Promise<number> } | undefined;
  return async () => {
    const nowMs = context.clock.monotonicMs();
    if (known === undefined || nowMs >= known.untilMs) {
      known = { untilMs: nowMs + GENERATION_MS, value: generation() };
      // A fault is not remembered.
      known.value.catch(() => (known = undefined));
    }
    return known.value;
  };
}

async function readCookie(parts: ForwardParts, policy: GatePolicy, shown: Shown): Promise<GatePass | undefined> {
  const { service, question } = policy;
  const pass = parts.cookies.readPass(findCookie(shown.cookie, passName(service, question)), parts.context.clock.now());
  if (pass === undefined || pass.service !== service || !isSameQuestion(pass.question, question)) return undefined;
  return isVoided({ generation: pass.generation }, await parts.generation()) ? undefined : { result: pass.result, grade: pass.grade };
}

/** For apps that have the result from their own server. It is looked at, not used up: it lives ten minutes at most. */
async function readBearer(parts: ForwardParts, { service, question }: GatePolicy, shown: Shown): Promise<GatePass | undefined> {
  const result = BEARER.exec(shown.authorization ?? '')?.[1];
  if (result === undefined) return undefined;
  const { valid, claims } = await parts.results.verify({ result, service, once: false });
  if (!valid || claims === undefined || claims[question.direction] !== question.threshold || claims.result === 'inconclusive') return undefined;
  return { result: claims.result, grade: claims.grade as Grade };
}

async function begin(parts: ForwardParts, { policy, to }: { readonly policy: GatePolicy; readonly to: string | undefined }, site: Site): Promise<Begun> {
  const { clock, config } = parts.context;
  const { service, question, minGrade } = policy;
  const origin = await findOrigin(parts, service, site);
  const opened = await parts.sessions.open({ ...question, service, returnUrl: `${origin}/age/gate/return`, minGrade, locale: 'und' });
  // As long as the check can be open or its result read.
  const maxAgeS = 60 * (config.ageSessionMinutes + config.ageResultMinutes);
  const expiresS = Math.floor(clock.now().getTime() / 1000) + maxAgeS;
  const pending: Pending = { service, question, minGrade, session: opened.id, to: toLocalPath(to), expiresS };
  const cookie = formatCookie(pendingName(opened.id), parts.cookies.seal('pending', pending), { isSecure: site.isSecure, maxAgeS });
  return { location: opened.url, cookie };
}

/** Of the service's registered origins the one at which the browser is: the cookie is set there and nowhere else. */
async function findOrigin(parts: ForwardParts, service: string, { host, isSecure }: Site): Promise<string> {
  const known = (await parts.services.list()).find(({ id }) => id === service);
  const origin = known?.returnOrigins.find((one) => one === `${isSecure ? 'https' : 'http'}://${host ?? ''}`);
  if (origin !== undefined) return origin;
  throw new GatehouseError('invalid_request', 'This age check was not opened: the service is unknown here, or this address is not one of its origins.', {
    errors: [{ at: 'Host', message: 'register it with `gatehouse age service add … --return-origin`, and let the proxy pass Host and X-Forwarded-Proto on' }],
  });
}

interface Finishing {
  readonly returned: { readonly session: string; readonly code: string };
  readonly cookie: string | undefined;
}

async function finish(parts: ForwardParts, { returned, cookie }: Finishing, site: Site): Promise<Finished> {
  const { clock, config } = parts.context;
  const pending = parts.cookies.readPending(findCookie(cookie, pendingName(returned.session)), clock.now());
  if (pending === undefined || pending.session !== returned.session)
    throw new GatehouseError('age_other_browser', 'This answer was not used: the check was not begun in this browser, or too long ago.');
  const { service, question, minGrade } = pending;
  const to = toLocalPath(pending.to);
  const undecided: Finished = { kind: 'undecided', again: startPath({ service, question, minGrade }, to), to };
  const result = await parts.sessions.findResult(pending.session);
  if (result === undefined) return undecided;
  const signed = await parts.results.sign(result);
  const { valid, reason, claims } = await parts.results.verify({ result: signed, service, session: pending.session, returnCode: returned.code, once: true });
  if (reason === 'not_returned') throw new GatehouseError('age_other_browser', 'This answer was not used: it was given in another browser.');
  if (reason === 'used') throw new GatehouseError('gone', 'This answer was used before.');
  if (!valid || claims === undefined || claims[question.direction] !== question.threshold || claims.result === 'inconclusive') return undecided;
  const maxAgeS = (config.ageGateMinutes * MINUTE_MS) / 1000;
  const expiresS = Math.floor(clock.now().getTime() / 1000) + maxAgeS;
  const pass = { service, question, result: claims.result, grade: result.grade, expiresS };
  const sealed = parts.cookies.seal('pass', result.generation === undefined ? pass : { ...pass, generation: result.generation });
  return { kind: 'decided', to, cookie: formatCookie(passName(service, question), sealed, { isSecure: site.isSecure, maxAgeS }) };
}
