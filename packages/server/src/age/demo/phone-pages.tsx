/** The pretend phone: how it is reached, what it asks its owner, what comes of the answer. Without JavaScript. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { z } from 'zod';
import type { Clock } from '../../platform/clock.ts';
import { html, seeOther } from '../../platform/http/reply.ts';
import { definePage, type Route } from '../../platform/http/route.ts';
import type { Principal } from '../../platform/http/rights.ts';
import { Button, Form, LinkButton, Radios } from '../../platform/ui/components.tsx';
import { SessionIdSchema, type AgeSession } from '../sessions/schema.ts';
import { isOffered } from '../wallet/rules.ts';
import { RequestIdSchema, type Begun } from '../wallet/schema.ts';
import { Consent, End, headEnd, renderPhone } from './phone-view.tsx';
import { ActSchema, ChoiceSchema, DC_WAYS, LINK_WAYS, TRY_PATH, WAYS, type DcWay, type Way } from './schema.ts';
import { phonePath, type DemoService } from './service.ts';
import { WAY_WORDS } from './words.ts';

const OwnParams = z.object({ id: SessionIdSchema });
const RequestParams = z.object({ rid: RequestIdSchema });
const WayQuery = z.object({ way: z.enum(WAYS).default('haip') });
const LinkQuery = ChoiceSchema.extend({ way: z.enum(LINK_WAYS).default('haip') });
const DcQuery = ChoiceSchema.extend({ way: z.enum(DC_WAYS).default('org-iso-mdoc') });

export function phonePages(demo: DemoService, clock: Pick<Clock, 'now'>): readonly Route[] {
  return [...reachPages(demo), ...linkPages(demo, clock), ...browserPages(demo, clock)];
}

function reachPages(demo: DemoService): readonly Route[] {
  const common = { path: '/age/try/wallet/{id}', right: 'public', params: OwnParams } as const;
  return [
    definePage({
      ...common,
      method: 'get',
      summary: 'Demonstration: how to reach the pretend phone',
      query: WayQuery,
      async handle({ params, query, header, principal }) {
        const session = await demo.findSession(params.id, { header });
        return html(renderPhone('How the wallet is reached', <Reach session={session} way={query.way} principal={principal} />));
      },
    }),
    definePage({
      ...common,
      method: 'post',
      summary: 'Demonstration: make a request to the pretend phone',
      body: WayQuery,
      async handle({ params, body: { way }, header }) {
        if (isDcWay(way)) return seeOther(`${TRY_PATH}/browser/${params.id}?way=${way}`);
        const begun = await demo.begin(params.id, { header }, way === 'qr' ? 'qr' : 'redirect');
        if (way !== 'qr') return seeOther(phonePath(begun.requestId, way));
        return html(renderPhone('Another device', <OtherDevice begun={begun} />));
      },
    }),
  ];
}

function isDcWay(way: Way): way is DcWay {
  return (DC_WAYS as readonly Way[]).includes(way);
}

const CHANNEL = { haip: 'redirect', eu: 'redirect', qr: 'qr' } as const;

function Reach({ session, way, principal }: { readonly session: AgeSession; readonly way: Way; readonly principal: Principal }): JSX.Element {
  const offered = WAYS.filter((one) => isOffered(session, isDcWay(one) ? 'dc_api' : CHANNEL[one]));
  return (
    <>
      <h1>How is the wallet reached?</h1>
      <p>A real page opens a wallet by a link, a QR code or the browser. No browser can open this phone, so choose here what it would have done.</p>
      <Form action={`${TRY_PATH}/wallet/${session.id}`} principal={principal}>
        <Radios name="way" label="Way" choices={offered.map((value) => ({ value, text: WAY_WORDS[value].title, hint: WAY_WORDS[value].about }))} value={way} />
        <Button>Open the pretend phone</Button>
      </Form>
      <p>
        <a href={`/age/${session.id}`}>Back to the check</a>
      </p>
    </>
  );
}

function OtherDevice({ begun }: { readonly begun: Begun }): JSX.Element {
  return (
    <>
      <h1>Another device</h1>
      <p>
        The screen shows a QR code and the number <strong>{begun.matchCode}</strong>. The code leads to this address, which any other browser may open:
      </p>
      <p>
        <a href={begun.landingUrl}>The page on the other device</a>
      </p>
      <p>It must show the same number. Its links open a wallet on a real phone; here:</p>
      <LinkButton href={phonePath(begun.requestId, 'haip')}>Open its wallet</LinkButton>
    </>
  );
}

function linkPages(demo: DemoService, clock: Pick<Clock, 'now'>): readonly Route[] {
  const common = { path: '/age/try/phone/{rid}', right: 'public', params: RequestParams, query: LinkQuery } as const;
  return [
    definePage({
      ...common,
      method: 'get',
      summary: 'Demonstration: the pretend phone asks its owner',
      async handle({ params, query: { way, ...choice }, principal }) {
        const { landing, request } = await demo.readLink({ requestId: params.rid, way });
        const view = { question: landing.question, way, choice, now: clock.now(), address: phonePath(params.rid, way), request, principal };
        return html(renderPhone('A request', <Consent {...view} />));
      },
    }),
    definePage({
      ...common,
      method: 'post',
      summary: 'Demonstration: the pretend phone answers',
      body: ActSchema,
      async handle({ params, query: { way, ...choice }, body, header }) {
        const { end, sessionId } = await demo.answerLink({ requestId: params.rid, way }, { ...choice, act: body.act }, { header });
        return html(renderPhone(headEnd(end), <End end={end} sessionId={sessionId} />));
      },
    }),
  ];
}

function browserPages(demo: DemoService, clock: Pick<Clock, 'now'>): readonly Route[] {
  const common = { path: '/age/try/browser/{id}', right: 'public', params: OwnParams, query: DcQuery } as const;
  return [
    definePage({
      ...common,
      method: 'get',
      summary: 'Demonstration: the browser asks the pretend phone',
      async handle({ params, query: { way, ...choice }, header, principal }) {
        const question = await demo.findSession(params.id, { header });
        const address = `${TRY_PATH}/browser/${params.id}?way=${way}`;
        return html(renderPhone('A request', <Consent {...{ question, way, choice, now: clock.now(), address, request: undefined, principal }} />));
      },
    }),
    definePage({
      ...common,
      method: 'post',
      summary: 'Demonstration: the pretend phone answers through the browser',
      body: ActSchema,
      async handle({ params, query: { way, ...choice }, body, header }) {
        const end = await demo.answerDcApi({ id: params.id, proof: { header }, way }, { ...choice, act: body.act });
        return html(renderPhone(headEnd(end), <End end={end} sessionId={params.id} />));
      },
    }),
  ];
}
