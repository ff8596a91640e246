/** A plain hosted page, so that the flow can be walked. Without JavaScript. */
import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { encode } from 'uqr';
import { z } from 'zod';
import { GatehouseError } from '../../platform/errors.ts';
import { html, seeOther } from '../../platform/http/reply.ts';
import { definePage, type Route } from '../../platform/http/route.ts';
import { assetUrl } from '../../platform/ui/assets.ts';
import { renderFragment } from '../../platform/ui/page.tsx';
import type { OfferedProvider, ProviderService } from '../providers/flow.ts';
import { admitsMethod } from '../sessions/rules.ts';
import { SessionIdSchema, type AgeQuestion, type AgeSession, type AgeSessions, type BrowserProof, type Notice } from '../sessions/schema.ts';
import { isOffered } from '../wallet/rules.ts';
import { RequestIdSchema, type Begun, type Landing, type WalletFlows } from '../wallet/schema.ts';

const ParamsSchema = z.object({ id: SessionIdSchema });
const COMMON = { right: 'public', ignoresCredentials: true } as const;

export interface PageParts {
  readonly sessions: AgeSessions;
  readonly providers: Pick<ProviderService<BrowserProof>, 'offer'>;
  readonly wallet: WalletFlows;
}

export function pages(parts: PageParts): readonly Route[] {
  return [donePage(), landingPage(parts), sessionPage(parts), backPage(parts), walletPage(parts), underPage(parts)];
}

function sessionPage({ sessions, providers }: PageParts): Route {
  return definePage({
    ...COMMON,
    method: 'get',
    path: '/age/{id}',
    summary: 'The page of an age check',
    params: ParamsSchema,
    async handle({ params, header, incoming, isSecure }) {
      // A browser that only looks ahead, or asks for the head alone, is not the person.
      const mayBind = incoming.method === 'GET' && header('sec-purpose') === undefined && header('purpose') === undefined;
      const entry = await sessions.enter(params.id, { header }, { isSecure, mayBind });
      if (entry.kind === 'other_browser') throw new GatehouseError('age_other_browser', 'For your protection it cannot be continued here.');
      const headers = new Headers({ 'content-type': 'text/html; charset=utf-8' });
      for (const cookie of entry.kind === 'bound' ? entry.cookies : []) headers.append('set-cookie', cookie);
      const { session } = entry;
      const offered = session.state === 'open' ? await providers.offer({ ...session, question: session }) : [];
      return new Response(renderAge('Age check', <SessionBody session={session} offered={offered} />), { headers });
    },
  });
}

function backPage({ wallet }: PageParts): Route {
  return definePage({
    ...COMMON,
    method: 'get',
    path: '/age/{id}/back',
    summary: 'Back from a wallet on the same device',
    params: ParamsSchema,
    query: z.object({ response_code: z.string().max(128) }),
    async handle({ params, query, header }) {
      await wallet.comeBack(params.id, { header }, query.response_code).catch((error: unknown) => {
        if (error instanceof GatehouseError && error.code === 'not_found')
          throw new GatehouseError('age_other_browser', 'Your answer was not used: it belongs to a check that was begun elsewhere.');
        throw error;
      });
      return seeOther(`/age/${params.id}`);
    },
  });
}

function walletPage({ wallet }: PageParts): Route {
  return definePage({
    ...COMMON,
    method: 'post',
    path: '/age/{id}/wallet',
    summary: 'A request to a wallet, as links or as a QR code',
    params: ParamsSchema,
    body: z.object({ channel: z.enum(['redirect', 'qr']) }),
    async handle({ params, body, header }) {
      const begun = await wallet.begin(params.id, { header }, body.channel);
      const content = body.channel === 'qr' ? <QrBody id={params.id} begun={begun} /> : <LinksBody links={begun.links} />;
      return html(renderAge('Use your wallet', content));
    },
  });
}

function underPage({ sessions }: PageParts): Route {
  return definePage({
    ...COMMON,
    method: 'post',
    path: '/age/{id}/under',
    summary: 'The person says that they are too young',
    params: ParamsSchema,
    body: z.object({}),
    async handle({ params, header }) {
      const session = await sessions.findOwnOpen(params.id, { header });
      if (!admitsMethod(session.methods, 'declared_under')) throw new GatehouseError('conflict', 'This way is not offered for this age check.');
      const result = session.direction === 'over' ? 'false' : 'true';
      await sessions.complete(session.id, { result, grade: 0, method: 'declared_under', kind: 'declared' });
      return seeOther(`/age/${params.id}`);
    },
  });
}

function landingPage({ wallet }: PageParts): Route {
  return definePage({
    ...COMMON,
    method: 'get',
    path: '/age/w/{rid}',
    summary: 'What the other device shows after the QR code',
    params: z.object({ rid: RequestIdSchema }),
    handle: async ({ params }) => html(renderAge('Use your wallet', <LandingBody landing={await wallet.land(params.rid)} />)),
  });
}

function donePage(): Route {
  return definePage({
    ...COMMON,
    method: 'get',
    path: '/age/done',
    summary: 'The end on the other device',
    handle: async () =>
      html(
        renderAge(
          'Sent',
          <>
            <h1>Your answer was sent</h1>
            <p>Go back to the device on which you began. You can close this page.</p>
          </>,
        ),
      ),
  });
}

export function renderAge(title: string, children: Child): string {
  return `<!DOCTYPE html>\n${renderFragment(
    <html lang="en-GB">
      <head>
        <meta charset="utf-8" />
        <title>{title}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <link rel="stylesheet" href={assetUrl('console.css')} />
      </head>
      <body>
        <main class="width">{children}</main>
      </body>
    </html>,
  )}`;
}

function ask({ threshold, direction }: AgeQuestion): string {
  return direction === 'over' ? `Are you ${threshold} or older?` : `Are you under ${threshold}?`;
}

const NOTICES: Readonly<Record<Notice, string>> = {
  refused: 'Your proof was not accepted. Try again, or choose another way.',
  declined: 'You stopped in your wallet. Nothing was sent.',
  inconclusive: 'Your wallet could not answer this question. Choose another way.',
};

function SessionBody({ session, offered }: { readonly session: AgeSession; readonly offered: readonly OfferedProvider[] }): JSX.Element {
  if (session.state !== 'open')
    return (
      <>
        <h1>{session.state === 'completed' ? 'Thank you' : 'This age check has ended'}</h1>
        <p>
          <a href={`/age/${session.id}/return`}>Continue to {session.serviceName}</a>
        </p>
      </>
    );
  return (
    <>
      <h1>{ask(session)}</h1>
      <p>{session.serviceName} asks. It learns yes or no, and nothing else.</p>
      {session.notice === undefined ? null : <p role="alert">{NOTICES[session.notice]}</p>}
      {isOffered(session, 'redirect') ? <WalletForm id={session.id} channel="redirect" text="Use a wallet on this device" /> : null}
      {isOffered(session, 'qr') ? <WalletForm id={session.id} channel="qr" text="Use a wallet on another device" /> : null}
      {offered.map(({ id, declaration }) => (
        <p>
          <a href={`/age/${session.id}/provider/${id}`}>{declaration.title}</a>
        </p>
      ))}
      {admitsMethod(session.methods, 'declared_under') ? (
        <form method="post" action={`/age/${session.id}/under`}>
          <button type="submit">I am under {session.threshold}</button>
        </form>
      ) : null}
      <p>
        <a href={`/age/${session.id}/return`}>Go back to {session.serviceName} without an answer</a>
      </p>
    </>
  );
}

function WalletForm({ id, channel, text }: { readonly id: string; readonly channel: 'redirect' | 'qr'; readonly text: string }): JSX.Element {
  return (
    <form method="post" action={`/age/${id}/wallet`}>
      <input type="hidden" name="channel" value={channel} />
      <button type="submit">{text}</button>
    </form>
  );
}

function LinksBody({ links }: { readonly links: Begun['links'] }): JSX.Element {
  return (
    <>
      <h1>Open your wallet</h1>
      <ul>
        <li>
          <a href={links.eu}>European age verification app</a>
        </li>
        <li>
          <a href={links.haip}>Another wallet</a>
        </li>
      </ul>
    </>
  );
}

function QrBody({ id, begun }: { readonly id: string; readonly begun: Begun }): JSX.Element {
  return (
    <>
      <h1>Scan this code with the other device</h1>
      <QrCode text={begun.landingUrl} />
      <p>
        The other device shows a number. It must be <strong>{begun.matchCode}</strong>. The code works until {begun.expiresAt.toISOString().slice(11, 19)} UTC.
      </p>
      <p>
        <a href={`/age/${id}`}>I have answered on the other device</a>
      </p>
    </>
  );
}

function QrCode({ text }: { readonly text: string }): JSX.Element {
  const { data, size } = encode(text, { border: 4 });
  const path = data.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
  return (
    <svg viewBox={`0 0 ${size} ${size}`} width="280" height="280" role="img" aria-label="QR code for the other device">
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}

function LandingBody({ landing }: { readonly landing: Landing }): JSX.Element {
  return (
    <>
      <p>{landing.serviceName} asks</p>
      <h1>{ask(landing.question)}</h1>
      <p>
        Does the screen on which you began show the number <strong>{landing.matchCode}</strong>? If not, or if somebody sent you this code, close this page.
      </p>
      <LinksBody links={landing.links} />
    </>
  );
}
