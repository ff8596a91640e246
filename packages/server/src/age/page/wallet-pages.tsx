/** Wallets by link: on this device, or by a QR code on another one, with what that device shows. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { z } from 'zod';
import type { AppContext } from '../../platform/context.ts';
import { html, type Reply } from '../../platform/http/reply.ts';
import { definePage, type Route } from '../../platform/http/route.ts';
import type { DemoWay, DemoWays } from '../demo/schema.ts';
import { SessionIdSchema, type AgeSessions } from '../sessions/schema.ts';
import { RequestIdSchema, type Begun, type Landing, type WalletFlows } from '../wallet/schema.ts';
import { LangQuerySchema, readLanguage, renderAge } from './layout.tsx';
import { DemoLinks, QrCode, sayQuestion, WalletLinks, type Spoken } from './parts.tsx';
import { orProblem } from './problems.tsx';
import { findOwn, languageOf } from './session-language.ts';

const COMMON = { right: 'public', ignoresCredentials: true } as const;

export interface WalletPageParts {
  readonly sessions: AgeSessions;
  readonly wallet: WalletFlows;
  readonly demo: Pick<DemoWays, 'offerPhone'>;
}

export function pages(parts: WalletPageParts, { clock }: Pick<AppContext, 'clock'>): readonly Route[] {
  return [donePage(), landingPage(parts), beginPage(parts, clock)];
}

function beginPage({ sessions, wallet, demo }: WalletPageParts, clock: AppContext['clock']): Route {
  return definePage({
    ...COMMON,
    method: 'post',
    path: '/age/{id}/wallet',
    summary: 'A request to a wallet, as links or as a QR code',
    params: z.object({ id: SessionIdSchema }),
    body: z.object({ channel: z.enum(['redirect', 'qr']) }),
    async handle({ params: { id }, body, header }) {
      const session = await findOwn(sessions, id, { header });
      const language = languageOf(session, { header });
      return orProblem({ language, sessionId: id }, async () => {
        const begun = await wallet.begin(id, { header }, body.channel);
        const common = { language, id, begun, phone: demo.offerPhone(session?.service ?? '', begun.requestId) };
        if (body.channel === 'redirect') return showLinks(common);
        const seconds = Math.max(0, Math.floor((begun.expiresAt.getTime() - clock.now().getTime()) / 1000));
        return showCode({ ...common, seconds, version: session?.version ?? 0 });
      });
    },
  });
}

interface BegunProps extends Spoken {
  readonly id: string;
  readonly begun: Begun;
  readonly phone: readonly DemoWay[];
}

function showLinks({ language, id, begun, phone }: BegunProps): Reply {
  const { say } = language;
  return html(
    renderAge(language, {
      title: say('openWallet'),
      islands: ['age-live'],
      children: (
        <div data-age-live="look" data-session={id}>
          <h1>{say('openWallet')}</h1>
          <WalletLinks language={language} links={begun.links} />
          <DemoLinks ways={phone} />
          <p>
            <a href={`/age/${id}`}>{say('otherWay')}</a>
          </p>
        </div>
      ),
    }),
  );
}

interface CodeProps extends BegunProps {
  readonly seconds: number;
  /** Of the session when the code was made: what came before is no news. */
  readonly version: number;
}

function showCode(props: CodeProps): Reply {
  return html(renderAge(props.language, { title: props.language.say('qrTitle'), islands: ['age-live'], children: <CodeView {...props} /> }));
}

/** Without JavaScript: the seconds as they were at first, a link for "done" and a button for the next code. */
function CodeView({ language: { say, code }, id, begun, phone, seconds, version }: CodeProps): JSX.Element {
  return (
    <div
      data-age-live="watch"
      data-session={id}
      data-version={version}
      data-seconds={seconds}
      data-text-left={say('qrLeft')}
      data-text-expired={say('qrExpired')}
    >
      <h1>{say('qrTitle')}</h1>
      <ol>
        <li>{say('qrScan')}</li>
        <li>
          {say('qrNumber')} <strong class="match">{begun.matchCode}</strong>
        </li>
        <li>
          {say('qrAnswer')}{' '}
          <span data-live-only hidden>
            {say('qrFollows')}
          </span>
        </li>
      </ol>
      <div class="code" data-code>
        <QrCode text={`${begun.landingUrl}?lang=${code}`} label={say('qrLabel')} />
      </div>
      <DemoLinks ways={phone} />
      <p data-left>{say('qrLeft', { seconds })}</p>
      <p class="status" role="status"></p>
      <p>
        <a class="button" href={`/age/${id}`}>
          {say('qrDone')}
        </a>
      </p>
      <form method="post" action={`/age/${id}/wallet`}>
        <input type="hidden" name="channel" value="qr" />
        <button class="button button-secondary" type="submit">
          {say('qrNew')}
        </button>
      </form>
      <p>
        <a href={`/age/${id}`}>{say('otherWay')}</a>
      </p>
    </div>
  );
}

const LandingQuerySchema = LangQuerySchema.extend({ same: z.enum(['yes', 'no']).optional() });

function landingPage({ wallet, demo }: WalletPageParts): Route {
  return definePage({
    ...COMMON,
    method: 'get',
    path: '/age/w/{rid}',
    summary: 'What the other device shows after the QR code: first whether the numbers agree, then the wallets',
    params: z.object({ rid: RequestIdSchema }),
    query: LandingQuerySchema,
    handle({ params: { rid }, query, header }) {
      const language = readLanguage(header, query.lang);
      const { say } = language;
      const here = `/age/w/${rid}${query.same === undefined ? '' : `?same=${query.same}`}`;
      return orProblem({ language, here }, async () => {
        if (query.same === 'no') return html(renderAge(language, { title: say('stopTitle'), here, children: <StopView language={language} /> }));
        const landing = await wallet.land(rid);
        if (query.same === 'yes') {
          const title = sayQuestion(language, landing.question);
          const phone = demo.offerPhone(landing.session.service, rid);
          return html(renderAge(language, { title, here, children: <AnswerView language={language} landing={landing} phone={phone} /> }));
        }
        return html(renderAge(language, { title: say('landingAsk'), here, children: <CompareView language={language} rid={rid} landing={landing} /> }));
      });
    },
  });
}

/** Whoever was sent the code by somebody else does not see that other screen. */
function CompareView({ language: { say, code }, rid, landing }: Spoken & { readonly rid: string; readonly landing: Landing }): JSX.Element {
  const to = (same: string): string => `/age/w/${rid}?same=${same}&lang=${code}`;
  return (
    <>
      <h1>{say('landingAsk')}</h1>
      <p>
        <strong class="match">{landing.matchCode}</strong>
      </p>
      <p>
        <a class="choice" href={to('yes')}>
          {say('landingYes')}
        </a>
      </p>
      <p>
        <a class="choice" href={to('no')}>
          {say('landingNo')}
        </a>
      </p>
    </>
  );
}

function AnswerView({ language, landing, phone }: Spoken & { readonly landing: Landing; readonly phone: readonly DemoWay[] }): JSX.Element {
  const { say } = language;
  return (
    <>
      <h1>{sayQuestion(language, landing.question)}</h1>
      <p class="lead">{say('asks', { service: landing.serviceName })}</p>
      <WalletLinks language={language} links={landing.links} isElsewhere />
      <DemoLinks ways={phone} />
    </>
  );
}

function StopView({ language: { say } }: Spoken): JSX.Element {
  return (
    <>
      <h1>{say('stopTitle')}</h1>
      <p class="lead">{say('stopText')}</p>
    </>
  );
}

function donePage(): Route {
  return definePage({
    ...COMMON,
    method: 'get',
    path: '/age/done',
    summary: 'The end on the other device',
    query: LangQuerySchema,
    async handle({ query, header }) {
      const language = readLanguage(header, query.lang);
      const { say } = language;
      return html(
        renderAge(language, {
          title: say('sentTitle'),
          here: '/age/done',
          children: (
            <>
              <h1>{say('sentTitle')}</h1>
              <p class="lead">{say('sentText')}</p>
            </>
          ),
        }),
      );
    },
  });
}
