/**
 * The demonstration: a service like any other that asks through the sessions, and a pretend phone that answers. It holds no rule about ages; what it
 * shows is what the real parts said.
 */
import type { AppContext } from '../../platform/context.ts';
import { isLoopback } from '../../platform/config.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { randomHex } from '../../platform/ids.ts';
import type { ForwardAuth } from '../gate/forward.ts';
import type { GateVerdict } from '../gate/schema.ts';
import type { AgeResults } from '../results/service.ts';
import { DEMO_SERVICE, type AgeQuestion, type AgeServices, type AgeSession, type AgeSessions, type BrowserProof } from '../sessions/schema.ts';
import { isOffered } from '../wallet/rules.ts';
import type { Begun, WalletFlows } from '../wallet/schema.ts';
import { isDemoOn } from './availability.ts';
import type { DemoIssuers } from './people.ts';
import { answerDcApi, answerLink, readLink, type LinkRequest, type PhoneParts, type PhoneRequest } from './phone.ts';
import { createRuns, type Run, type Runs } from './runs.ts';
import { DEMO_NAME, TRY_PATH, type Act, type Choice, type DcWay, type DemoWays, type PhoneEnd, type Way } from './schema.ts';
import { toShape } from './shapes.ts';

export interface DemoParts {
  readonly context: Pick<AppContext, 'clock' | 'config' | 'publicUrl'>;
  readonly sessions: AgeSessions;
  readonly services: AgeServices;
  readonly results: AgeResults;
  readonly wallet: WalletFlows;
  readonly forward: Pick<ForwardAuth, 'check'>;
  readonly issuers: () => DemoIssuers;
}

/** Where the browser is. */
export interface Here {
  readonly host: string | undefined;
  readonly isSecure: boolean;
}

export interface Started {
  readonly sessionId: string;
  readonly cookie: string;
}

export interface LinkEnd {
  readonly end: PhoneEnd;
  /** When the session is the one of this browser: on another device nobody learns which it is. */
  readonly sessionId: string | undefined;
}

export interface DemoService extends DemoWays {
  readonly isOn: boolean;
  /** The address of the demonstration, when the browser came by another name of this machine: cookies of the two do not meet. */
  findOwnAddress(here: Here): string | undefined;
  /** The service asks. @throws {GatehouseError} `not_found` where the demonstration is off, as everything here */
  start(question: AgeQuestion, here: Here): Promise<Started>;
  /** The person is back: the service reads and checks the result, once. @throws {GatehouseError} `age_other_browser` */
  finish(returned: { readonly session: string; readonly code: string }, cookie: string | undefined): Promise<void>;
  findRun(cookie: string | undefined): Run | undefined;
  /** The session of this browser, when it is one of the demonstration. */
  findSession(id: string, proof: BrowserProof): Promise<AgeSession>;
  /** Makes a request to a wallet, as the button on the page of the check does. */
  begin(id: string, proof: BrowserProof, channel: 'redirect' | 'qr'): Promise<Begun>;
  readLink(asked: LinkRequest): Promise<PhoneRequest>;
  answerLink(asked: LinkRequest, choice: Choice & { readonly act: Act }, proof: BrowserProof): Promise<LinkEnd>;
  answerDcApi(asked: { readonly id: string; readonly proof: BrowserProof; readonly way: DcWay }, choice: Choice & { readonly act: Act }): Promise<PhoneEnd>;
  /** The gate in front of the page for adults, with what a client shows. */
  checkGate(shown: { readonly cookie: string | undefined; readonly authorization?: string | undefined }, here: Here): Promise<GateVerdict>;
}

export const ADULTS_POLICY = { service: DEMO_SERVICE, question: { threshold: 18, direction: 'over' }, minGrade: 2 } as const;

export function createDemoService(parts: DemoParts): DemoService {
  const { context, sessions, wallet } = parts;
  const isOn = isDemoOn(context.config);
  const runs = createRuns(context.clock);
  const phone: PhoneParts = { flows: wallet, issuers: parts.issuers, clock: context.clock, origin: () => new URL(context.publicUrl()).origin };
  const requireOn = (): void => {
    if (!isOn) throw new GatehouseError('not_found', 'The demonstration of age checks is off. GATEHOUSE_AGE_DEMO switches it on.');
  };
  const findSession = async (id: string, proof: BrowserProof): Promise<AgeSession> => {
    requireOn();
    const session = await sessions.findOwnOpen(id, proof);
    if (session.service !== DEMO_SERVICE) throw new GatehouseError('not_found', 'The pretend phone answers the demonstration and nobody else.');
    return session;
  };
  /** What the phone did is told to the run that it belongs to. */
  const noted = async (sessionId: string, work: Promise<PhoneEnd>): Promise<PhoneEnd> => {
    const end = await work;
    runs.note(sessionId, end.steps);
    return end;
  };
  return {
    isOn,
    offer: (session) => (isOn ? offerWays(session) : []),
    offerPhone: (service, requestId) => (isOn && service === DEMO_SERVICE ? offerPhone(requestId) : []),
    findOwnAddress: (here) => findOwnAddress(context.publicUrl(), here),
    async start(question, here) {
      requireOn();
      return start(parts, { question, here, runs });
    },
    async finish(returned, cookie) {
      requireOn();
      await finish(parts, runs, { returned, cookie });
    },
    findRun: (cookie) => (isOn ? runs.findByCookie(cookie) : undefined),
    findSession,
    async begin(id, proof, channel) {
      await findSession(id, proof);
      return wallet.begin(id, proof, channel);
    },
    async readLink(asked) {
      requireOn();
      return readLink(phone, asked);
    },
    async answerLink(asked, choice, proof) {
      requireOn();
      const { session } = await wallet.land(asked.requestId);
      const end = await noted(session.id, answerLink(phone, asked, choice));
      const isOwn = await sessions.findOwn(session.id, proof).then(
        () => true,
        () => false,
      );
      return { end, sessionId: isOwn ? session.id : undefined };
    },
    async answerDcApi({ id, proof, way }, choice) {
      const session = await findSession(id, proof);
      return noted(id, answerDcApi(phone, { session, proof, way }, choice));
    },
    async checkGate(shown, here) {
      requireOn();
      await register(parts, originOf(here));
      return parts.forward.check(ADULTS_POLICY, { cookie: shown.cookie, authorization: shown.authorization });
    },
  };
}

export function phonePath(requestId: string, way: 'haip' | 'eu'): `/${string}` {
  return `${TRY_PATH}/phone/${requestId}?way=${way}`;
}

export function walletPath(sessionId: string, way: Way): `/${string}` {
  return `${TRY_PATH}/wallet/${sessionId}?way=${way}`;
}

const OFFERED = [
  { channel: 'redirect', way: 'haip', title: 'Use the simulated wallet on this device', hint: 'As if a link had opened it.' },
  { channel: 'qr', way: 'qr', title: 'Use the simulated wallet on another device', hint: 'As if its camera had read the QR code.' },
  { channel: 'dc_api', way: 'org-iso-mdoc', title: 'Use the simulated wallet through the browser', hint: 'As if the Digital Credentials API had asked it.' },
] as const;

function offerWays(session: Parameters<DemoWays['offer']>[0]): ReturnType<DemoWays['offer']> {
  if (session.service !== DEMO_SERVICE) return [];
  return OFFERED.filter(({ channel }) => isOffered(session, channel)).map(({ way, title, hint }) => ({
    id: `demo-${way}`,
    title,
    hint,
    href: walletPath(session.id, way),
  }));
}

function offerPhone(requestId: string): ReturnType<DemoWays['offerPhone']> {
  const hint = 'A simulated wallet, for links that no browser can open.';
  return [{ id: 'demo-phone', title: 'Open in the pretend phone', hint, href: phonePath(requestId, 'haip') }];
}

/** The frame has let the name in Host pass: it is one of ours. */
function originOf({ host, isSecure }: Here): string {
  return new URL(`${isSecure ? 'https' : 'http'}://${host ?? ''}`).origin;
}

/** `localhost` and `127.0.0.1` are two hosts to a browser, and the way back from a wallet leads to the public URL. */
function findOwnAddress(publicUrl: string, here: Here): string | undefined {
  const [own, asked] = [new URL(publicUrl), new URL(originOf(here))];
  const isSameMachine = isLoopback(own.hostname) && isLoopback(asked.hostname) && own.port === asked.port;
  return isSameMachine && own.hostname !== asked.hostname ? `${own.origin}${TRY_PATH}` : undefined;
}

const ORIGINS_MAX = 5;

/** The service is there once somebody needs it. People come back to the address at which they began, `localhost` or `127.0.0.1`. */
async function register({ context, services }: DemoParts, origin: string): Promise<void> {
  const before = (await services.list()).find(({ id }) => id === DEMO_SERVICE)?.returnOrigins ?? [];
  if (before.includes(origin)) return;
  const own = new URL(context.publicUrl()).origin;
  const returnOrigins = [...new Set([own, origin, ...before])].slice(0, ORIGINS_MAX);
  await services.add({ id: DEMO_SERVICE, name: DEMO_NAME, returnOrigins });
}

/** Nothing of an earlier check: tokens and passkeys know no demonstration. */
const METHODS = ['wallet', 'wallet_other_device', 'provider', 'declared_under'];

interface Starting {
  readonly question: AgeQuestion;
  readonly here: Here;
  readonly runs: Runs;
}

async function start(parts: DemoParts, { question, here, runs }: Starting): Promise<Started> {
  const origin = originOf(here);
  await register(parts, origin);
  const nonce = randomHex(16);
  const returnUrl = `${origin}${TRY_PATH}/done`;
  const asked = { ...question, service: DEMO_SERVICE, returnUrl, minGrade: 2, methods: METHODS, locale: 'en', nonce };
  const opened = await parts.sessions.open(asked);
  const cookie = runs.open({ sessionId: opened.id, clientToken: opened.clientToken, nonce, question }, { isSecure: here.isSecure });
  runs.note(opened.id, [
    { title: 'The service asks', call: 'POST /v1/age/sessions', sent: toShape(asked), status: 201, got: toShape(opened) },
    { title: 'The service sends the person there; the first browser that comes is the one that counts', call: `GET /age/${opened.id}`, status: 200 },
  ]);
  return { sessionId: opened.id, cookie };
}

interface Finishing {
  readonly returned: { readonly session: string; readonly code: string };
  readonly cookie: string | undefined;
}

/** What every service does when the person comes back. */
async function finish({ sessions, results }: DemoParts, runs: Runs, { returned, cookie }: Finishing): Promise<void> {
  const run = runs.findByCookie(cookie);
  if (run === undefined || run.sessionId !== returned.session)
    throw new GatehouseError('age_other_browser', 'The service takes the answer only from the person whom it asked, in the browser in which it asked.');
  const { state, result } = await sessions.read(run.sessionId, run.clientToken);
  const steps = [
    { title: 'The person comes back', call: `GET ${TRY_PATH}/done?age_session=…&age_return=…`, status: 303 },
    {
      title: 'The service reads the session',
      call: `GET /v1/age/sessions/${run.sessionId}`,
      sent: { 'Gatehouse-Client-Token': '…' },
      status: 200,
      got: toShape({ state, result }),
    },
  ];
  runs.note(run.sessionId, steps);
  if (result === undefined) return runs.close(run.sessionId, { state, result, check: undefined });
  const asked = { result, service: DEMO_SERVICE, session: run.sessionId, nonce: run.nonce, returnCode: returned.code, once: true };
  const check = await results.verify(asked);
  const again = await results.verify(asked);
  const call = 'POST /v1/age/results/verify';
  runs.note(run.sessionId, [
    { title: 'The service checks the result, and uses it up', call, sent: toShape(asked), status: 200, got: toShape(check) },
    { title: 'The same result again', call, sent: toShape(asked), status: 200, got: toShape(again) },
  ]);
  runs.close(run.sessionId, { state, result, check });
}
