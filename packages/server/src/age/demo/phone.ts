/**
 * The pretend phone: a wallet in this process that answers requests of the demonstration with the bytes that a real one would post. It speaks to the
 * flows of this server and calls nobody.
 */
import { decodeJwt } from 'jose';
import type { Clock } from '../../platform/clock.ts';
import { GatehouseError, isGatehouseError, PROBLEMS, toProblem } from '../../platform/errors.ts';
import { DEMO_SERVICE, type AgeSession, type BrowserProof } from '../sessions/schema.ts';
import type { DcRequests, Landing, WalletFlows } from '../wallet/schema.ts';
import { openPretendWallet, type DemoIssuers } from './people.ts';
import type { Act, Choice, DcWay, LinkWay, PhoneEnd, Shape, Step, Trick } from './schema.ts';
import { hideSecrets, toShape } from './shapes.ts';

export interface PhoneParts {
  readonly flows: WalletFlows;
  readonly issuers: () => DemoIssuers;
  readonly clock: Clock;
  /** As the browser writes it: answers over the Digital Credentials API are bound to it. */
  readonly origin: () => string;
}

export interface PhoneRequest {
  readonly landing: Landing;
  /** As the wallet sees it, without secrets. */
  readonly request: Shape;
}

export interface LinkRequest {
  readonly requestId: string;
  readonly way: LinkWay;
}

type Json = Record<string, unknown>;

const FORM = 'application/x-www-form-urlencoded';

/** @throws {GatehouseError} `not_found` for requests of real services: this wallet has nothing for them */
export async function readLink(parts: PhoneParts, { requestId, way }: LinkRequest): Promise<PhoneRequest> {
  const landing = await land(parts, requestId);
  const request = way === 'haip' ? decodeJwt(await parts.flows.readRequest(requestId, undefined)) : readLinkParameters(landing.links.eu);
  return { landing, request: toShape(request) };
}

async function land({ flows }: PhoneParts, requestId: string): Promise<Landing> {
  const landing = await flows.land(requestId);
  if (landing.session.service !== DEMO_SERVICE) throw new GatehouseError('not_found', 'The pretend phone answers the demonstration and nobody else.');
  return landing;
}

function readLinkParameters(link: string): Json {
  return Object.fromEntries([...new URL(link).searchParams].map(([name, value]) => [name, value.startsWith('{') ? (JSON.parse(value) as unknown) : value]));
}

/** The person has chosen: the wallet fetches the request where there is something to fetch, and posts its answer. */
export async function answerLink(parts: PhoneParts, asked: LinkRequest, { act, ...choice }: Choice & { readonly act: Act }): Promise<PhoneEnd> {
  const { flows, clock } = parts;
  const landing = await land(parts, asked.requestId);
  const steps: Step[] = [];
  const post = { title: 'The wallet answers', call: 'POST /age/wallet/response/…' };
  if (act === 'decline') {
    const { redirectUri } = await flows.answer(asked.requestId, { kind: 'declined' });
    steps.push({ ...post, sent: { error: 'access_denied' }, status: 200, got: toReply(redirectUri) });
    return { kind: 'declined', to: redirectUri, steps };
  }
  const wallet = openPretendWallet(parts.issuers(), { ...choice, threshold: landing.question.threshold, now: clock.now(), trick: toTrick(act) });
  const form = await wallet
    .answerLink(asked.way === 'haip' ? landing.links.haip : landing.links.eu, async (_url, walletNonce) => {
      const token = await flows.readRequest(asked.requestId, walletNonce);
      steps.push({
        title: 'The wallet fetches the signed request',
        call: 'POST /age/wallet/request/…',
        sent: { 'content-type': FORM, wallet_nonce: '…' },
        status: 200,
        got: toShape(decodeJwt(token)),
      });
      return token;
    })
    .then((answered) => answered.form, holdsNothing);
  if (form === undefined) return { kind: 'nothing', steps };
  const sent = { 'content-type': FORM, ...(toShape(form) as Readonly<Record<string, Shape>>) };
  return settle({ ...post, sent }, steps, async () => {
    const { response, vp_token: vpToken = '', state } = form;
    const answer = response === undefined ? ({ kind: 'direct_post', vpToken, state } as const) : ({ kind: 'direct_post.jwt', response } as const);
    const { redirectUri } = await flows.answer(asked.requestId, answer);
    return { to: redirectUri, got: toReply(redirectUri), isInconclusive: false };
  });
}

function toTrick(act: Act): Trick | undefined {
  return act === 'share' || act === 'decline' ? undefined : act;
}

function toReply(redirectUri: string | undefined): Shape {
  return redirectUri === undefined ? {} : { redirect_uri: hideSecrets(redirectUri) };
}

/** The wallet's own words for it; every other fault is one of ours. */
function holdsNothing(error: unknown): undefined {
  if (error instanceof Error && /nothing that was asked for|no protocol that this wallet speaks/.test(error.message)) return undefined;
  throw error;
}

interface Settled {
  readonly to: string | undefined;
  readonly got: Shape;
  readonly isInconclusive: boolean;
}

/** What the gate says to an answer: taken, or refused with its problem. Faults of other kinds are not an answer. */
async function settle(call: Omit<Step, 'status' | 'got'>, steps: readonly Step[], send: () => Promise<Settled>): Promise<PhoneEnd> {
  try {
    const { to, got, isInconclusive } = await send();
    return { kind: isInconclusive ? 'inconclusive' : 'taken', to, steps: [...steps, { ...call, status: 200, got }] };
  } catch (error) {
    if (!isGatehouseError(error) || error.status >= 500) throw error;
    const step = { ...call, status: error.status, got: toShape(toProblem(error)) };
    return { kind: 'refused', status: error.status, title: PROBLEMS[error.code].title, detail: error.message, steps: [...steps, step] };
  }
}

export interface DcAsked {
  readonly session: AgeSession;
  readonly proof: BrowserProof;
  readonly way: DcWay;
}

/** What browser and wallet do together when a page calls `navigator.credentials.get()`. */
export async function answerDcApi(parts: PhoneParts, { session, proof, way }: DcAsked, { act, ...choice }: Choice & { readonly act: Act }): Promise<PhoneEnd> {
  const { flows, clock, origin } = parts;
  const begin = (): Promise<DcRequests> => flows.beginDcApi(session.id, proof, origin());
  const old = act === 'old' ? await begin() : undefined;
  const asked = await begin();
  const offered = (old ?? asked).requests.filter(({ protocol }) => protocol === way);
  const steps: Step[] = [
    {
      title: 'The page fetches requests',
      call: `POST /age/${session.id}/dc/request`,
      status: 200,
      got: toShape({ ...asked, requests: asked.requests.map(decodeRequest) }),
    },
  ];
  // The browser throws NotAllowedError, and the page has nothing to send.
  if (act === 'decline') return { kind: 'declined', to: undefined, steps };
  const wallet = openPretendWallet(parts.issuers(), { ...choice, threshold: session.threshold, now: clock.now(), trick: toTrick(act) });
  const answer = await wallet.answerDcApi(offered, origin()).catch(holdsNothing);
  if (answer === undefined) return { kind: 'nothing', steps };
  const post = {
    title: 'The page hands in what the browser gave it',
    call: `POST /age/${session.id}/dc/response`,
    sent: toShape({ request: asked.request, ...answer }),
  };
  return settle(post, steps, async () => {
    const status = await flows.answerDcApi(session.id, proof, { request: asked.request, ...answer });
    return { to: undefined, got: { status }, isInconclusive: status === 'inconclusive' };
  });
}

/** A signed one is a token: shown as what it says. */
function decodeRequest({ protocol, data }: DcRequests['requests'][number]): Json {
  const token = data['request'];
  return { protocol, data: typeof token === 'string' ? { signed: true, says: decodeJwt(token) } : data };
}
