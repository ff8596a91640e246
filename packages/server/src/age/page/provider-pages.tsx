/** The way to a provider and back, and the provider for trials. */
import { z } from 'zod';
import { GatehouseError } from '../../platform/errors.ts';
import { html, seeOther, type Answer } from '../../platform/http/reply.ts';
import { definePage, type Route } from '../../platform/http/route.ts';
import type { Ended, OfferedProvider, ProviderService } from '../providers/flow.ts';
import { SANDBOX_CHOICES, SANDBOX_PATH, signChoice } from '../providers/sandbox-provider.ts';
import { SessionIdSchema, type AgeSessions, type BrowserProof } from '../sessions/schema.ts';
import { LangQuerySchema, readLanguage, renderAge } from './layout.tsx';
import type { Language } from './messages/languages.ts';
import { orProblem } from './problems.tsx';
import { AboutView, CodeView, LeaveView, ProviderEndView, SandboxView, type AboutProps, type CodeProps } from './provider-views.tsx';
import { readContact } from './rules.ts';
import { findLanguage, settleLanguage } from './session-language.ts';

const ProviderIdSchema = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/);
const COMMON = { right: 'public', ignoresCredentials: true } as const;

export interface ProviderPageParts {
  readonly sessions: AgeSessions;
  readonly providers: ProviderService<BrowserProof>;
}

export function pages(parts: ProviderPageParts): readonly Route[] {
  // `/age/provider/…` first: a provider may be called `provider`.
  return [confirmPage(parts), callbackPage(parts), aboutPage(parts), startPage(parts), sandboxPage(), sandboxAnswer()];
}

const OwnParams = z.object({ id: SessionIdSchema, provider: ProviderIdSchema });

interface Wanted {
  readonly id: string;
  readonly provider: string;
  readonly proof: BrowserProof;
  /** The person's choice of language. */
  readonly chosen?: string | undefined;
}

async function findOffered(
  { sessions, providers }: ProviderPageParts,
  { id, provider, proof, chosen }: Wanted,
): Promise<{ language: Language; offered: OfferedProvider }> {
  const session = await sessions.findOwnOpen(id, proof);
  const language = await settleLanguage(sessions, session, { chosen, proof });
  const offered = (await providers.offer({ ...session, question: session })).find((one) => one.id === provider);
  if (offered === undefined) throw new GatehouseError('conflict', 'This way is not offered for this age check. Choose another one.');
  return { language, offered };
}

function showAbout(props: AboutProps): Answer {
  const { language, offered, id, error } = props;
  const title = offered.declaration.title;
  const text = renderAge(language, {
    title: error === undefined ? title : `${language.say('errorPrefix')}: ${title}`,
    here: `/age/${id}/provider/${offered.id}`,
    children: <AboutView {...props} />,
  });
  return html(text, { status: error === undefined ? 200 : 400 });
}

function aboutPage(parts: ProviderPageParts): Route {
  return definePage({
    ...COMMON,
    method: 'get',
    path: '/age/{id}/provider/{provider}',
    summary: 'What a provider does, before it is asked',
    params: OwnParams,
    query: LangQuerySchema,
    handle: async ({ params, query, header }) =>
      orProblem({ language: await findLanguage(parts.sessions, params.id, { header }), sessionId: params.id }, async () =>
        showAbout({ id: params.id, ...(await findOffered(parts, { ...params, proof: { header }, chosen: query.lang })) }),
      ),
  });
}

function startPage(parts: ProviderPageParts): Route {
  const { sessions, providers } = parts;
  return definePage({
    ...COMMON,
    method: 'post',
    path: '/age/{id}/provider/{provider}',
    summary: 'Begin a check at a provider',
    params: OwnParams,
    body: z.object({ value: z.string().max(254).optional() }),
    handle: async ({ params: { id, provider }, body, header }) =>
      orProblem({ language: await findLanguage(sessions, id, { header }), sessionId: id }, async () => {
        const proof = { header };
        const { language, offered } = await findOffered(parts, { id, provider, proof });
        if (offered.field !== undefined) {
          const typed = body.value ?? '';
          const value = readContact(offered.field, typed);
          const wrong = offered.field === 'email' ? 'emailWrong' : 'phoneWrong';
          if (value === undefined) return showAbout({ language, id, offered, typed, error: language.say(wrong) });
          const { state } = await providers.startForm({ sessionId: id, providerId: provider, value }, proof);
          return showCode({ language, provider, state, id });
        }
        const { redirectUrl } = await providers.start(id, provider, proof);
        // A link and not a redirect: our policy for forms leads nowhere else, and people see where they go.
        return html(renderAge(language, { title: language.say('leaveTitle'), children: <LeaveView language={language} id={id} url={redirectUrl} /> }));
      }),
  });
}

function showCode(props: CodeProps): Answer {
  const { say } = props.language;
  const title = say('codeTitle');
  const text = renderAge(props.language, {
    title: props.error === undefined ? title : `${say('errorPrefix')}: ${title}`,
    children: <CodeView {...props} />,
  });
  return html(text, { status: props.error === undefined ? 200 : 400 });
}

function confirmPage({ sessions, providers }: ProviderPageParts): Route {
  return definePage({
    ...COMMON,
    method: 'post',
    path: '/age/provider/{provider}/confirm',
    summary: 'The code that a provider sent',
    params: z.object({ provider: ProviderIdSchema }),
    body: z.object({ state: z.string().max(128), code: z.string().trim().max(32), session: SessionIdSchema.optional() }),
    async handle({ params: { provider }, body: { state, code, session }, header }) {
      const language = await findLanguage(sessions, session, { header });
      return orProblem({ language, ...(session === undefined ? {} : { sessionId: session }) }, async () => {
        // There is one try: it is not for nothing.
        if (code === '') return showCode({ language, provider, state, id: session, error: language.say('codeMissing') });
        return showEnd(language, await providers.confirm({ providerId: provider, state, code }, { header }));
      });
    },
  });
}

function showEnd(language: Language, { ending, sessionId }: Ended): Answer {
  if (ending === 'completed' && sessionId !== undefined) return seeOther(`/age/${sessionId}`);
  return html(renderAge(language, { title: language.say('title'), children: <ProviderEndView language={language} ending={ending} sessionId={sessionId} /> }));
}

function callbackPage({ sessions, providers }: ProviderPageParts): Route {
  return definePage({
    ...COMMON,
    method: 'get',
    path: '/age/provider/{provider}/callback',
    summary: 'Back from a provider',
    params: z.object({ provider: ProviderIdSchema }),
    handle: async ({ params, header, incoming }) =>
      orProblem({ language: readLanguage(header) }, async () => {
        const query = new URL(incoming.url ?? '/', 'http://localhost').searchParams;
        const ended = await providers.finish(params.provider, query, { header });
        return showEnd(await findLanguage(sessions, ended.sessionId, { header }), ended);
      }),
  });
}

const SandboxQuery = z.object({ provider: ProviderIdSchema, state: z.string().regex(/^[0-9a-f]{64}$/) });

function sandboxPage(): Route {
  return definePage({
    ...COMMON,
    method: 'get',
    path: SANDBOX_PATH,
    summary: 'The provider for trials: choose its answer',
    query: SandboxQuery.extend(LangQuerySchema.shape),
    async handle({ query: { lang, provider, state }, header }) {
      const language = readLanguage(header, lang);
      const here = `${SANDBOX_PATH}?${new URLSearchParams({ provider, state }).toString()}`;
      return html(
        renderAge(language, { title: language.say('sandboxTitle'), here, children: <SandboxView language={language} provider={provider} state={state} /> }),
      );
    },
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
