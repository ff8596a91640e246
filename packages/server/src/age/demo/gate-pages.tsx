/** A page behind the real gate, and what a client gets that wants in without an answer. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { html } from '../../platform/http/reply.ts';
import { definePage, type Route } from '../../platform/http/route.ts';
import type { Principal } from '../../platform/http/rights.ts';
import { ButtonGroup, LinkButton, Table, Tag, Title } from '../../platform/ui/components.tsx';
import { renderPage } from '../../platform/ui/page.tsx';
import { passName } from '../gate/cookies.ts';
import { startPath } from '../gate/gate-rules.ts';
import type { GateVerdict } from '../gate/schema.ts';
import { ADULTS_POLICY, type DemoService } from './service.ts';
import { TRY_PATH } from './schema.ts';

const STATUS: Readonly<Record<GateVerdict['kind'], number>> = { passed: 200, no: 403, ask: 401 };

export function gatePages(demo: DemoService): readonly Route[] {
  return [
    definePage({
      method: 'get',
      path: '/age/try/adults',
      right: 'public',
      summary: 'Demonstration: a page for adults, behind the gate',
      async handle({ header, isSecure, principal }) {
        const here = { host: header('host'), isSecure };
        const { kind } = await demo.checkGate({ cookie: header('cookie'), authorization: header('authorization') }, here);
        return html(renderAdults(kind, principal), { status: STATUS[kind] });
      },
    }),
    definePage({
      method: 'get',
      path: '/age/try/skip',
      right: 'public',
      summary: 'Demonstration: what a hostile client tries',
      async handle({ header, isSecure, principal }) {
        const rows = [];
        for (const { title, shown } of ATTEMPTS) {
          const { kind } = await demo.checkGate(shown, { host: header('host'), isSecure });
          rows.push({ title, kind });
        }
        return html(renderSkip(rows, principal));
      },
    }),
  ];
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const YES = { service: ADULTS_POLICY.service, question: ADULTS_POLICY.question, result: 'true', grade: 4, expiresS: 4_102_444_800 };
const CLAIMS = { iss: 'https://evil.example', aud: ADULTS_POLICY.service, over: 18, result: 'true', grade: 4, method: 'wallet', iat: 0, exp: 4_102_444_800 };
const MADE_UP = 'A'.repeat(43);

/** Nothing of it is a secret: anybody can write this. */
const ATTEMPTS = [
  { title: 'Goes straight to the page', shown: { cookie: undefined } },
  { title: 'Writes the cookie itself', shown: { cookie: `${passName(YES.service, YES.question)}=${encode(YES)}.${MADE_UP}` } },
  { title: 'Writes a result without a signature', shown: { cookie: undefined, authorization: `Bearer ${encode({ alg: 'none' })}.${encode(CLAIMS)}.AA` } },
  {
    title: 'Writes a result and makes a signature up',
    shown: {
      cookie: undefined,
      authorization: `Bearer ${encode({ alg: 'EdDSA', typ: 'gatehouse-age+jwt', kid: 'mine' })}.${encode(CLAIMS)}.${MADE_UP.repeat(2)}`,
    },
  },
] as const;

const CRUMBS = [{ text: 'Try an age check', href: TRY_PATH }];

function renderAdults(kind: GateVerdict['kind'], principal: Principal): string {
  const title = kind === 'passed' ? 'The page for adults' : 'Nothing here without an answer';
  return renderPage({ title, principal, breadcrumbs: CRUMBS, children: <AdultsBody kind={kind} title={title} /> });
}

function AdultsBody({ kind, title }: { readonly kind: GateVerdict['kind']; readonly title: string }): JSX.Element {
  return (
    <>
      <Title caption="Demonstration">{title}</Title>
      <p class="lead">
        <Tag colour={kind === 'passed' ? 'green' : 'red'}>{STATUS[kind]}</Tag> {ADULTS_WORDS[kind]}
      </p>
      {kind === 'ask' ? (
        <ButtonGroup>
          <LinkButton href={startPath(ADULTS_POLICY, `${TRY_PATH}/adults`)}>Begin the age check</LinkButton>
        </ButtonGroup>
      ) : null}
      <p>
        The decision is the one of <code>GET /v1/age/check</code>, which a reverse proxy asks before every request. It is made on the server; a page that is
        skipped changes nothing.
      </p>
    </>
  );
}

const ADULTS_WORDS: Readonly<Record<GateVerdict['kind'], string>> = {
  passed: 'The browser showed the cookie that a result gave it. You are in, for as long as the cookie counts.',
  no: 'The answer to the age check was no. A real service shows what it has for younger people.',
  ask: 'The browser showed no answer, so the page was not given out.',
};

interface Tried {
  readonly title: string;
  readonly kind: GateVerdict['kind'];
}

function renderSkip(rows: readonly Tried[], principal: Principal): string {
  return renderPage({
    title: 'What a hostile client gets',
    principal,
    breadcrumbs: CRUMBS,
    children: (
      <>
        <Title caption="Demonstration">What a hostile client gets</Title>
        <p class="lead">Each of these was sent to the gate just now.</p>
        <Table
          caption="What the client did, and the answer"
          columns={[
            { heading: 'The client', isRowHeading: true, cell: ({ title }: Tried) => title },
            { heading: 'Answer', cell: ({ kind }: Tried) => <Tag colour={kind === 'passed' ? 'green' : 'red'}>{STATUS[kind]}</Tag> },
          ]}
          rows={rows}
          empty="Nothing was tried."
        />
        <LinkButton href={`${TRY_PATH}/adults`}>Open the page for adults</LinkButton>
      </>
    ),
  });
}
