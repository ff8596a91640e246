/** Words and shapes of age sessions: one question of one service about the person at one browser. */
import { z } from 'zod';
import type { Tx } from '../../platform/db/database.ts';
import type { Exchange } from '../../platform/http/route.ts';

export const DIRECTIONS = ['over', 'under'] as const;
export const RESULTS = ['true', 'false', 'inconclusive'] as const;
export const KINDS = ['verified', 'estimated', 'declared'] as const;
export const SESSION_STATES = ['open', 'completed', 'expired', 'cancelled'] as const;
/** What the page may say about the last attempt. One word for every refusal: whoever tries forgeries learns nothing from the difference. */
export const NOTICES = ['refused', 'declined', 'inconclusive'] as const;

export type Direction = (typeof DIRECTIONS)[number];
export type Result = (typeof RESULTS)[number];
export type Kind = (typeof KINDS)[number];
export type SessionState = (typeof SESSION_STATES)[number];
export type Notice = (typeof NOTICES)[number];

export interface AgeQuestion {
  /** 1 to 99 */
  readonly threshold: number;
  readonly direction: Direction;
}

/**
 * 0 claimed; 1 a device signal or a weak estimate; 2 a provider that may be wrong near the threshold, or a wallet reached by a QR code that
 * could have been passed on; 3 a verified document or wallet on this device; 4 the same, bound to the device, from a list of high assurance.
 */
export type Grade = 0 | 1 | 2 | 3 | 4;

/** What a method found. */
export interface AgeOutcome {
  readonly result: Result;
  readonly grade: Grade;
  /** `wallet`, `wallet_other_device`, `provider:<id>`, `token`, `passkey`, `signal`, `declared_under` */
  readonly method: string;
  readonly kind: Kind;
  readonly provider?: string;
  /** The trust generation in which it was found; only for what rests on issuers. It is all that is kept of the issuer. */
  readonly generation?: number;
}

export const SessionIdSchema = z.string().regex(/^age_[0-9a-z]{26}$/);
export const ServiceIdSchema = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, 'small letters, digits and hyphens, at most 40');
/** The service of the demonstration (demo/): it believes in simulated issuers and in nobody else, so no real service may have its name. */
export const DEMO_SERVICE = 'demo';
/** In whose name the gate is tried out (gate/probes.ts). */
export const PROBE_SERVICE = 'gatehouse-probe';
export const OwnServiceIdSchema = ServiceIdSchema.refine(
  (id) => id !== DEMO_SERVICE && !id.startsWith(PROBE_SERVICE),
  `"${DEMO_SERVICE}" is the service of the demonstration, and "${PROBE_SERVICE}" that of our own tests; choose another id`,
);
const MethodSchema = z.string().regex(/^(wallet|wallet_other_device|token|passkey|signal|declared_under|provider|provider:[a-z0-9-]{1,64})$/);
const WebUrlSchema = z.url({ protocol: /^https?$/ }).max(2000);
/** BCP 47: not said. The page then speaks the language of the browser. */
export const UNDETERMINED = 'und';

export const OpenSessionSchema = z
  .object({
    threshold: z.number().int().min(1).max(99),
    direction: z.enum(DIRECTIONS).default('over'),
    service: ServiceIdSchema.describe('The relying service; see `gatehouse age service list`. The audience of the result.'),
    returnUrl: WebUrlSchema.describe('Where the person goes afterwards; on one of the origins of the service.'),
    minGrade: z.number().int().min(0).max(4).default(2).describe('A result of a lower grade is reported as `inconclusive`.'),
    methods: z.array(MethodSchema).min(1).max(32).optional().describe('Only these are offered; without it, all that are set up.'),
    locale: z
      .string()
      .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/)
      .default(UNDETERMINED)
      .describe('BCP 47; without it, the language of the browser. The person can change it.'),
    nonce: z.string().min(8).max(128).optional().describe('Given back in the result: binds it to your own session.'),
    callbackUrl: WebUrlSchema.optional().describe('Where completion is announced, signed (Standard Webhooks); default: the one of the service.'),
  })
  .strict()
  .meta({ id: 'OpenAgeSession' });
export type OpenSessionInput = z.output<typeof OpenSessionSchema>;

export const OpenedSessionSchema = z
  .object({
    id: SessionIdSchema,
    url: z.string().describe('Send the person here. The first browser that opens it is the one that counts.'),
    clientToken: z.string().describe('For your server alone; shown this once.'),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: 'OpenedAgeSession' });
export type OpenedSession = z.output<typeof OpenedSessionSchema>;

export const SessionViewSchema = z
  .object({
    id: SessionIdSchema,
    state: z.enum(SESSION_STATES),
    service: ServiceIdSchema,
    threshold: z.number().int(),
    direction: z.enum(DIRECTIONS),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime(),
    result: z.string().optional().describe('When completed, for a few minutes: the signed result (JWS). Verify it; do not read it unverified.'),
  })
  .meta({ id: 'AgeSession' });
export type SessionView = z.output<typeof SessionViewSchema>;

/** What the browser of a session may know of it. */
export interface BrowserView {
  readonly id: string;
  readonly state: SessionState;
  readonly notice: Notice | undefined;
  readonly attemptsLeft: number;
  readonly version: number;
}

const LOOPBACK = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;

/** The return code must not travel in the clear. */
function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname));
}

function isOnOrigin(text: string, origins: readonly string[]): boolean {
  const { origin, username, password } = new URL(text);
  return username === '' && password === '' && origins.includes(origin);
}

export const ServiceSchema = z
  .object({
    id: OwnServiceIdSchema,
    name: z.string().trim().min(1).max(100).describe('Shown to the person who is asked.'),
    returnOrigins: z
      .array(z.string().refine(isOrigin, 'an https address; http only on this machine'))
      .min(1)
      .max(20)
      .transform((urls) => [...new Set(urls.map((url) => new URL(url).origin))]),
    callbackUrl: WebUrlSchema.optional(),
    underUrl: WebUrlSchema.optional().describe(
      'Where people go who are too young: what you have for them, on one of the origins. Without it, to the return URL.',
    ),
    helpUrl: z
      .url({ protocol: /^(https|mailto)$/ })
      .max(2000)
      .optional()
      .describe('Where people get help with the check and can complain; https or mailto.'),
  })
  .strict()
  .refine(({ returnOrigins, underUrl }) => underUrl === undefined || isOnOrigin(underUrl, returnOrigins), {
    path: ['underUrl'],
    message: 'it must be on one of the return origins',
  });
export type ServiceInput = z.output<typeof ServiceSchema>;

export const ServiceViewSchema = z
  .object({
    id: ServiceIdSchema,
    name: z.string(),
    returnOrigins: z.array(z.string()),
    callbackUrl: z.string().optional(),
    underUrl: z.string().optional(),
    helpUrl: z.string().optional(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'AgeService' });
export type ServiceView = z.output<typeof ServiceViewSchema>;

/** A session as the parts of this domain see it. */
export interface AgeSession extends AgeQuestion {
  readonly id: string;
  readonly service: string;
  readonly serviceName: string;
  /** Where its people get help and can complain. */
  readonly helpUrl: string | undefined;
  readonly minGrade: Grade;
  readonly methods: readonly string[] | undefined;
  readonly locale: string;
  readonly returnUrl: string;
  /** In place of it for who is too young. */
  readonly underUrl: string | undefined;
  readonly nonce: string | undefined;
  readonly callbackUrl: string | undefined;
  /** As it is now: an open one whose time has passed is expired. */
  readonly state: SessionState;
  readonly notice: Notice | undefined;
  /** Presentations that were sent. */
  readonly attempts: number;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly endedAt: Date | undefined;
  /** Grows with every change. */
  readonly version: number;
}

/** The result of a completed session, until it expires. */
export interface AgeResult extends AgeQuestion {
  readonly sessionId: string;
  readonly service: string;
  readonly result: Result;
  readonly grade: Grade;
  readonly method: string;
  readonly kind: Kind;
  readonly generation: number | undefined;
  readonly nonce: string | undefined;
  readonly completedAt: Date;
  readonly expiresAt: Date;
}

/** How a request shows which browser it comes from. */
export type BrowserProof = Pick<Exchange, 'header'>;

export type Entry =
  | { readonly kind: 'own'; readonly session: AgeSession }
  /** The first browser: these cookies bind it. */
  | { readonly kind: 'bound'; readonly session: AgeSession; readonly cookies: readonly string[] }
  | { readonly kind: 'other_browser' };

export interface WatchOptions {
  readonly sinceVersion: number;
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/** The sessions, for every other part of the domain. */
export interface AgeSessions {
  /** @param options `returnsHere`: the person comes back to an address of ours, and a part of this domain leads on from there */
  open(input: OpenSessionInput, options?: { readonly returnsHere: true }): Promise<OpenedSession>;
  /** @throws {GatehouseError} `not_found` unless the client token is the one of the session */
  read(id: string, clientToken: string | undefined): Promise<SessionView>;
  cancel(id: string, clientToken: string | undefined): Promise<void>;
  /** Waits for a version above `sinceVersion`. */
  watch(id: string, options: WatchOptions): Promise<{ readonly view: SessionView; readonly version: number }>;
  watchAsBrowser(id: string, options: WatchOptions): Promise<BrowserView>;
  /** Binds the first browser. @throws {GatehouseError} `not_found` */
  enter(id: string, proof: BrowserProof, options: { readonly isSecure: boolean; readonly mayBind: boolean }): Promise<Entry>;
  /** The session, when it belongs to whoever asks. @throws {GatehouseError} `not_found` */
  findOwn(id: string, proof: BrowserProof): Promise<AgeSession>;
  /** The same, and open. @throws {GatehouseError} `not_found`, `gone` */
  findOwnOpen(id: string, proof: BrowserProof): Promise<AgeSession>;
  /** Without the person: for webhooks, for what was proven otherwise. Undefined unless open. */
  findOpen(id: string): Promise<AgeSession | undefined>;
  /** One more presentation, unless the session is not open or has had all of them. In `tx`: with what is used up. */
  takeAttempt(id: string, tx: Tx): Promise<boolean>;
  note(id: string, notice: Notice): Promise<void>;
  /** The language in which this check goes on. No news to anybody who watches. */
  setLocale(id: string, locale: string): Promise<void>;
  /** The only way to a result. Once; false when the session was completed, cancelled or expired meanwhile. */
  complete(id: string, outcome: AgeOutcome, tx?: Tx): Promise<boolean>;
  findResult(id: string): Promise<AgeResult | undefined>;
  /** Where the browser goes after the session, with the proof that it was this browser. Who is too young goes to `underUrl`, if there is one. */
  returnAddress(id: string, proof: BrowserProof): Promise<string>;
}

export interface AgeServices {
  add(input: ServiceInput): Promise<ServiceView>;
  list(): Promise<ServiceView[]>;
  remove(id: string): Promise<void>;
}
