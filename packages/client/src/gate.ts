/** An age gate: asks, verifies, remembers, and lets nobody through of whom it does not know. On the server, before the content. */
import { noteAge } from './age-info.ts';
import { createCookieJar, findCookie } from './cookies.ts';
import { createGatehouse } from './gatehouse.ts';
import { isSameQuestion, parseOptions, parsePolicy, parsePrefixes, type AgeGateOptions, type PolicyOptions, type ProtectOptions } from './options.ts';
import { readTimeS } from './outside.ts';
import { answer, isPageRequest, redirect } from './pages.ts';
import { isBelow, splitTarget, toLocalPath } from './paths.ts';
import { createSealer } from './sealing.ts';
import { readPass } from './tokens.ts';
import type { AgeInfo, AgeVerdict, GateHandler, GateRequest, Policy } from './types.ts';
import { finish, formatStart, start, type WalkParts } from './walk.ts';

export interface CheckOptions extends PolicyOptions {
  /** Where the person goes after a check: a path of this site. Default: the address of the request. */
  readonly to?: string;
}

export interface AgeGate<Native = unknown> {
  /** Where `endpoints` stand: `start` and `return` below it. */
  readonly basePath: string;
  /** Serves the two; leaves everything else alone. */
  readonly endpoints: GateHandler<Native>;
  /** Lets through who has answered yes; sends people to the check and programs a 401. @throws {GatehouseClientError} `option_invalid` */
  protect(options?: ProtectOptions): GateHandler<Native>;
  /** The same question without an answer to the browser, for code that decides by itself. @throws {GatehouseClientError} `option_invalid` */
  check(request: GateRequest, options?: CheckOptions, native?: Native): Promise<AgeVerdict>;
}

interface GateParts<Native> extends WalkParts {
  readonly bindTo: AgeGateOptions<Native>['bindTo'];
}

/** @throws {GatehouseClientError} `option_invalid`: says which option and why */
export function createAgeGate<Native = unknown>(options: AgeGateOptions<Native>): AgeGate<Native> {
  const settings = parseOptions(options);
  const parts: GateParts<Native> = {
    settings,
    gatehouse: createGatehouse(settings, options.fetch ?? fetch),
    sealer: createSealer(settings.secrets),
    jar: createCookieJar(settings.isSecure),
    readTimeS: options.readTimeS ?? readTimeS,
    contextOf: (account) => ({ service: settings.service, site: settings.site, account }),
    bindTo: options.bindTo,
    renderPage: options.renderPage,
    onFault: options.onFault,
  };
  return {
    basePath: settings.basePath,
    endpoints: (request, native) => serveEndpoints(parts, { request, native }),
    protect(given = {}) {
      const policy = parsePolicy(given, settings.policy);
      const prefixes = parsePrefixes(given.under);
      return (request, native) => protect(parts, { request, native }, { policy, prefixes });
    },
    check: (request, given = {}, native) => check(parts, { request, native }, { policy: parsePolicy(given, settings.policy), to: given.to }),
  };
}

interface Arrival<Native> {
  readonly request: GateRequest;
  readonly native: Native | undefined;
}

async function serveEndpoints<Native>(parts: GateParts<Native>, arrival: Arrival<Native>): Promise<Response | undefined> {
  const step = findStep(parts, arrival.request);
  if (step === undefined) return undefined;
  const account = await findAccount(parts, arrival);
  if (account === undefined) return refuse(parts, arrival.request, 'no_account');
  return step({ request: arrival.request, account });
}

/** Exactly these two, as they were sent: what a framework could read as another path is not exempt from anything. */
function findStep(parts: WalkParts, request: GateRequest): ((visit: Parameters<typeof start>[1]) => Promise<Response>) | undefined {
  const { path } = splitTarget(request.url);
  const { basePath } = parts.settings;
  if (path === `${basePath}/start`) return (visit) => start(parts, visit);
  return path === `${basePath}/return` ? (visit) => finish(parts, visit) : undefined;
}

interface Rule {
  readonly policy: Policy;
  readonly prefixes: readonly string[] | undefined;
}

async function protect<Native>(parts: GateParts<Native>, arrival: Arrival<Native>, { policy, prefixes }: Rule): Promise<Response | undefined> {
  const { request } = arrival;
  const { path } = splitTarget(request.url);
  if (prefixes !== undefined && !prefixes.some((prefix) => isBelow(path, prefix))) return undefined;
  // A gate before a whole site stands before its own addresses, too. They are served, not let through.
  const own = await serveEndpoints(parts, arrival);
  if (own !== undefined) return own;
  const verdict = await check(parts, arrival, { policy, to: undefined });
  switch (verdict.kind) {
    case 'passed':
      return admit(arrival, verdict.age);
    case 'no':
      return policy.onNo === 'pass' ? admit(arrival, verdict.age) : refuse(parts, request, 'no');
    case 'no_account':
      return refuse(parts, request, 'no_account');
    case 'ask':
      return isPageRequest(request) ? redirect(verdict.checkUrl) : ask(parts, verdict.checkUrl);
  }
}

function admit<Native>({ request, native }: Arrival<Native>, age: AgeInfo): undefined {
  noteAge(request, age);
  noteAge(native, age);
}

function refuse(parts: WalkParts, request: GateRequest, kind: 'no' | 'no_account'): Response {
  const { settings, renderPage } = parts;
  const headers = kind === 'no_account' ? new Headers({ 'www-authenticate': 'Account' }) : undefined;
  return answer({ kind, isPage: isPageRequest(request), againUrl: `${settings.site}/`, headers, renderPage });
}

/** RFC 9110, section 11.6.1: a 401 names a scheme. */
function ask({ settings }: WalkParts, checkUrl: string): Response {
  const headers = new Headers({ 'www-authenticate': `Age-Check realm="${settings.service}"` });
  return answer({ kind: 'ask', isPage: false, members: { checkUrl }, headers });
}

interface Question {
  readonly policy: Policy;
  readonly to: string | undefined;
}

async function check<Native>(parts: GateParts<Native>, arrival: Arrival<Native>, { policy, to }: Question): Promise<AgeVerdict> {
  const account = await findAccount(parts, arrival);
  if (account === undefined) return { kind: 'no_account' };
  const age = await findAge(parts, arrival.request, { policy, account });
  if (age?.result === 'false') return { kind: 'no', age };
  if (age !== undefined && age.grade >= policy.minGrade) return { kind: 'passed', age };
  const { threshold, direction, minGrade } = policy;
  const wanted = toLocalPath(to ?? findWanted(parts, arrival.request), parts.settings);
  return { kind: 'ask', checkUrl: await formatStart(parts, { threshold, direction, minGrade, to: wanted }) };
}

interface Holder {
  readonly policy: Policy;
  readonly account: string | null;
}

async function findAge(parts: WalkParts, request: GateRequest, { policy, account }: Holder): Promise<AgeInfo | undefined> {
  const text = findCookie(request.headers.get('cookie'), parts.jar.passName(parts.settings.service, policy));
  const pass = readPass(await parts.sealer.open('pass', text, parts.contextOf(account)));
  if (pass === undefined || !isSameQuestion(pass, policy) || parts.readTimeS() >= pass.expiresS) return undefined;
  const { threshold, direction, result, grade } = pass;
  return { threshold, direction, result, grade };
}

/** Null where nothing is bound; undefined where something is to be and nobody is there. */
async function findAccount<Native>({ bindTo }: GateParts<Native>, { request, native }: Arrival<Native>): Promise<string | null | undefined> {
  if (bindTo === undefined) return null;
  // Every adapter hands over what its framework calls the request; who calls a handler by hand sees to it.
  const account = await bindTo(request, native as Native);
  return typeof account === 'string' && account !== '' ? account : undefined;
}

/** Where the person wants to go: the page itself, or the page whose script asked. */
function findWanted({ settings }: WalkParts, request: GateRequest): string | undefined {
  const { path, query } = splitTarget(request.url);
  if (isPageRequest(request)) return `${path}${query}`;
  const referrer = request.headers.get('referer');
  if (referrer === null || !URL.canParse(referrer)) return undefined;
  const { origin, pathname, search } = new URL(referrer);
  return origin === settings.site ? `${pathname}${search}` : undefined;
}
