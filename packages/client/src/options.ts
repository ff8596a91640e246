/** The options of a gate, checked once, when it is made: a gate with a wrong option must not come up. */
import { GatehouseClientError } from './errors.ts';
import type { AgeQuestion, Direction, GateRequest, Grade, Policy } from './types.ts';
import type { PageKind } from './pages.ts';

const SECRET_LENGTH_MIN = 32;
/** A repeated letter is not a secret. 32 random hexadecimal digits have fewer than 8 different ones about once in 30,000 times. */
const SECRET_LETTERS_MIN = 8;
const SERVICE = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
const LOOPBACK = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;
const BASE_PATH = /^(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$/;
const LOCALE = /^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/;
const METHOD = /^[a-z_]+(?::[a-z0-9-]{1,64})?$/;
const MINUTES_MAX = 60 * 24 * 30;
const TIMEOUT_MIN_MS = 100;
const TIMEOUT_MAX_MS = 60_000;
const PREFIXES_MAX = 100;

export interface PolicyOptions {
  /** 1 to 99. */
  readonly threshold?: number;
  /** Default `over`: that old or older. `under`: younger than that. */
  readonly direction?: Direction;
  /** Least grade of a yes, 0 to 4; default 2. */
  readonly minGrade?: Grade;
  /** Default `refuse`: a "no" gets 403. `pass`: it goes on, and `readAge` says so. */
  readonly onNo?: 'refuse' | 'pass';
}

export interface ProtectOptions extends PolicyOptions {
  /** Only what some program could take for a path below one of these. Without it, everything that reaches the handler. */
  readonly under?: string | readonly string[];
}

export interface AgeGateOptions<Native = unknown> extends PolicyOptions {
  /** Where this server reaches Gatehouse. `https`, or `http` on this machine. */
  readonly gatehouseUrl: string | undefined;
  /** An API key with the right `age:ask`. */
  readonly apiKey: string | undefined;
  /** The id of the relying service. */
  readonly service: string;
  /** The origin of the site as the browser sees it; one of the service's return origins. */
  readonly siteUrl: string | undefined;
  /** 32 characters or more, the same on every node. With several, the first seals and all open. */
  readonly cookieSecret: string | readonly string[] | undefined;
  readonly threshold: number;
  /** Where people see Gatehouse (`GATEHOUSE_PUBLIC_URL`), if that is not `gatehouseUrl`. */
  readonly publicUrl?: string;
  /** Where the gate's own two addresses stand; default `/age-check`. */
  readonly basePath?: string;
  /** How long an answer counts; default 60. */
  readonly passMinutes?: number;
  /** How long Gatehouse may take for one call; default 10,000: the first check of a new question waits for keys to be made. */
  readonly timeoutMs?: number;
  /** Only these ways of answering; default: all that Gatehouse offers. */
  readonly methods?: readonly string[];
  /** BCP 47; default: the first language that the browser asks for. */
  readonly locale?: string;
  /** The account, or the session, to which an answer is bound: for any other it is worthless. */
  readonly bindTo?: (request: GateRequest, native: Native) => string | undefined | Promise<string | undefined>;
  /** HTML of your own for what people see instead of a page. */
  readonly renderPage?: (page: { readonly kind: PageKind; readonly againUrl: string | undefined }) => string;
  /** Told why somebody saw "not available": for your log. */
  readonly onFault?: (fault: GatehouseClientError) => void;
  /** Lets `gatehouseUrl` be `http` on another machine: key and answers travel in the clear. */
  readonly allowHttp?: boolean;
  /** For tests. */
  readonly fetch?: typeof fetch;
  /** Seconds since 1970. For tests. */
  readonly readTimeS?: () => number;
}

export interface Settings {
  readonly gatehouse: string;
  readonly pages: string;
  readonly apiKey: string;
  readonly service: string;
  readonly site: string;
  readonly isSecure: boolean;
  readonly secrets: readonly string[];
  readonly policy: Policy;
  readonly basePath: string;
  readonly passS: number;
  readonly timeoutMs: number;
  readonly methods: readonly string[] | undefined;
  readonly locale: string | undefined;
}

/** @throws {GatehouseClientError} `option_invalid` */
export function parseOptions<Native>(options: AgeGateOptions<Native>): Settings {
  const gatehouse = parseUrl('gatehouseUrl', options.gatehouseUrl, options.allowHttp === true);
  const pages = options.publicUrl === undefined ? gatehouse : parseUrl('publicUrl', options.publicUrl, options.allowHttp === true);
  const site = parseUrl('siteUrl', options.siteUrl, false);
  requireThat('siteUrl', new URL(site).origin === site, 'it is an origin, without a path');
  const { apiKey, service, basePath = '/age-check', locale, methods } = options;
  requireThat(
    'apiKey',
    typeof apiKey === 'string' && /^[\x21-\x7e]{8,512}$/.test(apiKey),
    'it is missing, or no API key; make one with `gatehouse key create --right age:ask`',
  );
  requireThat('service', matches(SERVICE, service), 'it is an id as `gatehouse age service list` shows it');
  requireThat('basePath', matches(BASE_PATH, basePath), 'it begins with a slash, ends without one, and has only letters, digits, dots, hyphens, underscores');
  requireThat('locale', locale === undefined || matches(LOCALE, locale), 'it is a language tag such as `en` or `cy-GB`');
  requireThat(
    'methods',
    methods === undefined || (methods.length > 0 && methods.length <= 32 && methods.every((one) => matches(METHOD, one))),
    'it lists ways such as `wallet`',
  );
  return {
    gatehouse,
    pages,
    apiKey: apiKey ?? '',
    service,
    site,
    isSecure: site.startsWith('https:'),
    secrets: parseSecrets(options.cookieSecret),
    policy: parsePolicy(options, { threshold: options.threshold, direction: 'over', minGrade: 2, onNo: 'refuse' }),
    basePath,
    passS: 60 * parseNumber('passMinutes', options.passMinutes ?? 60, [1, MINUTES_MAX]),
    timeoutMs: parseNumber('timeoutMs', options.timeoutMs ?? 10_000, [TIMEOUT_MIN_MS, TIMEOUT_MAX_MS]),
    methods,
    locale,
  };
}

/** @param base what is asked where nothing else is said */
export function parsePolicy(options: PolicyOptions, base: Policy): Policy {
  const { direction = base.direction, onNo = base.onNo } = options;
  requireThat('direction', direction === 'over' || direction === 'under', 'it is `over` or `under`');
  requireThat('onNo', onNo === 'refuse' || onNo === 'pass', 'it is `refuse` or `pass`');
  const threshold = parseNumber('threshold', options.threshold ?? base.threshold, [1, 99]);
  const minGrade = toGrade(options.minGrade ?? base.minGrade);
  if (minGrade === undefined) throw refuse('minGrade', 'it is a whole number from 0 to 4');
  return { threshold, direction, minGrade, onNo };
}

/** Undefined: everything. */
export function parsePrefixes(under: ProtectOptions['under']): readonly string[] | undefined {
  if (under === undefined) return undefined;
  const prefixes = typeof under === 'string' ? [under] : under;
  const isFine = prefixes.length > 0 && prefixes.length <= PREFIXES_MAX && prefixes.every((prefix) => matches(/^\/[^?#*]*$/, prefix));
  requireThat('under', isFine, 'it is a path such as `/adults`, or several, without `*`');
  return prefixes;
}

export function toGrade(value: unknown): Grade | undefined {
  return value === 0 || value === 1 || value === 2 || value === 3 || value === 4 ? value : undefined;
}

export function isSameQuestion(a: AgeQuestion, b: AgeQuestion): boolean {
  return a.threshold === b.threshold && a.direction === b.direction;
}

function parseSecrets(given: AgeGateOptions['cookieSecret']): readonly string[] {
  const secrets = typeof given === 'string' ? [given] : (given ?? []);
  const isFine = secrets.length > 0 && secrets.every((secret) => secret.length >= SECRET_LENGTH_MIN && new Set(secret).size >= SECRET_LETTERS_MIN);
  requireThat('cookieSecret', isFine, `it is ${SECRET_LENGTH_MIN} random characters or more; \`openssl rand -hex 32\` makes one`);
  return [...secrets];
}

/** Without a slash at the end. */
export function parseUrl(name: string, text: string | undefined, isHttpAllowed: boolean): string {
  if (text === undefined || !URL.canParse(text)) throw refuse(name, 'it is missing, or no address');
  const url = new URL(text);
  const isFine = url.protocol === 'https:' || (url.protocol === 'http:' && (isHttpAllowed || LOOPBACK.test(url.hostname)));
  requireThat(name, isFine, 'it begins with https://; http only on this machine');
  requireThat(name, url.username === '' && url.password === '' && url.search === '' && url.hash === '', 'it has no name, password, query or fragment');
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

function parseNumber(name: string, value: number, [min, max]: readonly [min: number, max: number]): number {
  requireThat(name, Number.isInteger(value) && value >= min && value <= max, `it is a whole number from ${min} to ${max}`);
  return value;
}

/** `test` takes `undefined` for a word of nine letters, and callers need not have types. */
function matches(pattern: RegExp, value: unknown): boolean {
  return typeof value === 'string' && pattern.test(value);
}

function requireThat(name: string, isFine: boolean, message: string): void {
  if (!isFine) throw refuse(name, message);
}

function refuse(name: string, message: string): GatehouseClientError {
  return new GatehouseClientError('option_invalid', `${name}: ${message}`);
}
