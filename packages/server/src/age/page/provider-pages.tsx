/** The way to a provider and back. Before anybody leaves, the page says who comes next, what they take and how long they keep it. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { z } from 'zod';
import { GatehouseError } from '../../platform/errors.ts';
import { html, seeOther } from '../../platform/http/reply.ts';
import { definePage, type Route } from '../../platform/http/route.ts';
import type { Ending, OfferedProvider, ProviderService } from '../providers/flow.ts';
import { SANDBOX_CHOICES, SANDBOX_PATH, signChoice } from '../providers/sandbox-provider.ts';
import { SessionIdSchema, type AgeSessions, type BrowserProof } from '../sessions/schema.ts';
import { renderAge } from './pages.tsx';

const ProviderIdSchema = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/);
const COMMON = { right: 'public', ignoresCredentials: true } as const;

export interface ProviderPageParts {
  readonly sessions: AgeSessions;
  readonly providers: ProviderService<BrowserProof>;
}

export function pages({ sessions, providers }: ProviderPageParts): readonly Route[] {
  return [aboutPage(sessions, providers), startPage(providers), confirmPage(providers), callbackPage(providers), sandboxPage(), sandboxAnswer()];
}

const OwnParams = z.object({ id: SessionIdSchema, provider: ProviderIdSchema });

async function findOffered(
  sessions: AgeSessions,
  providers: ProviderService<BrowserProof>,
  wanted: { readonly id: string; readonly provider: string; readonly proof: BrowserProof },
): Promise<OfferedProvider> {
  const session = await sessions.findOwnOpen(wanted.id, wanted.proof);
  const offered = (await providers.offer({ ...session, question: session })).find(({ id }) => id === wanted.provider);
  if (offered === undefined) throw new GatehouseError('conflict', 'This way is not offered for this age check. Choose another one.');
  return offered;
}

function aboutPage(sessions: AgeSessions, providers: ProviderService<BrowserProof>): Route {
  return definePage({
    ...COMMON,
    method: 'get',
    path: '/age/{id}/provider/{provider}',
    summary: 'What a provider does, before it is asked',
    params: OwnParams,
    async handle({ params, header }) {
      const offered = await findOffered(sessions, providers, { id: params.id, provider: params.provider, proof: { header } });
      return html(renderAge(offered.declaration.title, <AboutBody id={params.id} offered={offered} />));
    },
  });
}

function startPage(providers: ProviderService<BrowserProof>): Route {
  return definePage({
    ...COMMON,
    method: 'post',
    path: '/age/{id}/provider/{provider}',
    summary: 'Begin a check at a provider',
    params: OwnParams,
    body: z.object({ value: z.string().trim().max(254).optional() }),
    async handle({ params, body, header }) {
      const proof = { header };
      if (body.value !== undefined) {
        const { state } = await providers.startForm({ sessionId: params.id, providerId: params.provider, value: body.value }, proof);
        return html(renderAge('Enter the code', <CodeBody provider={params.provider} state={state} />));
      }
      const { redirectUrl } = await providers.start(params.id, params.provider, proof);
      // A link and not a redirect: our policy for forms leads nowhere else, and people see where they go.
      return html(renderAge('Continue', <LeaveBody url={redirectUrl} />));
    },
  });
}

function confirmPage(providers: ProviderService<BrowserProof>): Route {
  return definePage({
    ...COMMON,
    method: 'post',
    path: '/age/provider/{provider}/confirm',
    summary: 'The code that a provider sent',
    params: z.object({ provider: ProviderIdSchema }),
    body: z.object({ state: z.string().max(128), code: z.string().trim().max(32) }),
    async handle({ params, body, header }) {
      const { ending, sessionId } = await providers.confirm({ providerId: params.provider, state: body.state, code: body.code }, { header });
      return html(renderAge('Age check', <EndBody ending={ending} sessionId={sessionId} />));
    },
  });
}

function callbackPage(providers: ProviderService<BrowserProof>): Route {
  return definePage({
    ...COMMON,
    method: 'get',
    path: '/age/provider/{provider}/callback',
    summary: 'Back from a provider',
    params: z.object({ provider: ProviderIdSchema }),
    async handle({ params, query: _query, header, incoming }) {
      const query = new URL(incoming.url ?? '/', 'http://localhost').searchParams;
      const { ending, sessionId } = await providers.finish(params.provider, query, { header });
      if (ending === 'completed' && sessionId !== undefined) return seeOther(`/age/${sessionId}`);
      return html(renderAge('Age check', <EndBody ending={ending} sessionId={sessionId} />));
    },
  });
}

const SandboxQuery = z.object({ provider: ProviderIdSchema, state: z.string().regex(/^[0-9a-f]{64}$/) });

function sandboxPage(): Route {
  return definePage({
    ...COMMON,
    method: 'get',
    path: SANDBOX_PATH,
    summary: 'The provider for trials: choose its answer',
    query: SandboxQuery,
    handle: async ({ query }) => html(renderAge('Sandbox', <SandboxBody {...query} />)),
  });
}

function sandboxAnswer(): Route {
  return definePage({
    ...COMMON,
    method: 'post',
    path: SANDBOX_PATH,
    summary: 'The answer of the provider for trials',
    body: SandboxQuery.extend({ choice: z.enum(SANDBOX_CHOICES), years: z.string().max(8).default('') }),
    async handle({ body }) {
      const { provider, state, choice, years } = body;
      const query = new URLSearchParams({ state, choice, years, signature: signChoice(state, `${choice}:${years}`) });
      return seeOther(`/age/provider/${provider}/callback?${query.toString()}`);
    },
  });
}

function AboutBody({ id, offered }: { readonly id: string; readonly offered: OfferedProvider }): JSX.Element {
  const { declaration, field } = offered;
  return (
    <>
      <h1>{declaration.title}</h1>
      <p>
        {field === undefined
          ? 'You go to another service, which checks your age and tells us yes or no.'
          : 'You get a code, and another service tells us yes or no.'}
      </p>
      <dl>
        <dt>It takes</dt>
        <dd>{declaration.data.length === 0 ? 'not stated' : declaration.data.join(', ')}</dd>
        <dt>It keeps them</dt>
        <dd>{declaration.retention}</dd>
      </dl>
      <form method="post" action={`/age/${id}/provider/${offered.id}`}>
        {field === undefined ? null : (
          <p>
            <label for="value">{field === 'email' ? 'Your e-mail address' : 'Your mobile number, with country code'}</label>
            <input id="value" name="value" type={field === 'email' ? 'email' : 'tel'} autocomplete={field === 'email' ? 'email' : 'tel'} required />
          </p>
        )}
        <button type="submit">Continue</button>
      </form>
      <p>
        <a href={`/age/${id}`}>Choose another way</a>
      </p>
    </>
  );
}

function LeaveBody({ url }: { readonly url: string }): JSX.Element {
  return (
    <>
      <h1>Continue at the provider</h1>
      <p>
        <a href={url}>Go to {new URL(url).host}</a>
      </p>
    </>
  );
}

function CodeBody({ provider, state }: { readonly provider: string; readonly state: string }): JSX.Element {
  return (
    <>
      <h1>Enter the code that was sent to you</h1>
      <form method="post" action={`/age/provider/${provider}/confirm`}>
        <input type="hidden" name="state" value={state} />
        <label for="code">Code</label>
        <input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" required />
        <button type="submit">Continue</button>
      </form>
    </>
  );
}

const ENDINGS: Readonly<Record<Ending, string>> = {
  completed: 'Your age was checked.',
  waiting: 'The provider has not finished yet. Go back to the check in a moment.',
  next: 'This way gave no clear answer. Choose another one.',
  declined: 'You stopped. Nothing was sent.',
  failed: 'The provider did not answer as it should. Nothing was decided; choose another way, or try again later.',
  gone: 'This answer was used before, has expired or belongs to another check.',
};

function EndBody({ ending, sessionId }: { readonly ending: Ending; readonly sessionId: string | undefined }): JSX.Element {
  return (
    <>
      <h1>Age check</h1>
      <p role="status">{ENDINGS[ending]}</p>
      {sessionId === undefined ? null : (
        <p>
          <a href={`/age/${sessionId}`}>Back to the check</a>
        </p>
      )}
    </>
  );
}

function SandboxBody({ provider, state }: { readonly provider: string; readonly state: string }): JSX.Element {
  return (
    <>
      <h1>Provider for trials</h1>
      <p>Nothing is checked here. Choose what the provider says.</p>
      <form method="post" action={SANDBOX_PATH}>
        <input type="hidden" name="provider" value={provider} />
        <input type="hidden" name="state" value={state} />
        <fieldset>
          <legend>Answer</legend>
          {SANDBOX_CHOICES.map((choice, at) => (
            <p>
              <input type="radio" id={choice} name="choice" value={choice} checked={at === 0} />
              <label for={choice}>{choice}</label>
            </p>
          ))}
        </fieldset>
        <p>
          <label for="years">Estimated age in years, for "estimate"</label>
          <input id="years" name="years" inputmode="decimal" />
        </p>
        <button type="submit">Answer</button>
      </form>
    </>
  );
}
