/** The hosted page of an age check. Works without JavaScript; `web/age-*.ts` add what only a script can do. */
import { z } from 'zod';
import type { AppContext } from '../../platform/context.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { html, seeOther } from '../../platform/http/reply.ts';
import { definePage, type Route } from '../../platform/http/route.ts';
import type { DemoWays } from '../demo/schema.ts';
import type { PasskeyService } from '../passkeys/service.ts';
import type { ProviderService } from '../providers/flow.ts';
import { SessionIdSchema, type AgeSession, type AgeSessions, type BrowserProof } from '../sessions/schema.ts';
import type { ReuseSessions } from '../tokens/schema.ts';
import type { TokenService } from '../tokens/service.ts';
import type { WalletFlows } from '../wallet/schema.ts';
import { LangQuerySchema, readLanguage, renderAge } from './layout.tsx';
import type { Language } from './messages/languages.ts';
import { sayQuestion } from './parts.tsx';
import { orProblem } from './problems.tsx';
import { admitsDeclaration, earnsPasskey, findWays } from './rules.ts';
import { findLanguage, settleLanguage } from './session-language.ts';
import { EndView, OpenView, UnderView } from './session-views.tsx';

const ParamsSchema = z.object({ id: SessionIdSchema });
const COMMON = { right: 'public', ignoresCredentials: true } as const;

export interface PageParts {
  readonly sessions: AgeSessions;
  readonly providers: Pick<ProviderService<BrowserProof>, 'offer'>;
  readonly wallet: WalletFlows;
  readonly tokens: Pick<TokenService, 'offerFor'>;
  readonly passkeys: Pick<PasskeyService, 'isAvailable'>;
  readonly reuse: Pick<ReuseSessions, 'findVerdict'>;
  readonly demo: Pick<DemoWays, 'offer'>;
}

type PageContext = Pick<AppContext, 'config' | 'clock'>;
interface Tools extends PageParts {
  readonly context: PageContext;
}

export function pages(parts: PageParts, context: PageContext): readonly Route[] {
  const tools = { ...parts, context };
  return [sessionPage(tools), backPage(tools), underPage(tools), underAnswer(tools)];
}

function sessionPage(tools: Tools): Route {
  const { sessions } = tools;
  return definePage({
    ...COMMON,
    method: 'get',
    path: '/age/{id}',
    summary: 'The page of an age check',
    params: ParamsSchema,
    query: LangQuerySchema,
    handle: ({ params, query, header, incoming, isSecure }) =>
      orProblem({ language: readLanguage(header, query.lang), here: `/age/${params.id}` }, async () => {
        // A browser that only looks ahead, or asks for the head alone, is not the person.
        const mayBind = incoming.method === 'GET' && header('sec-purpose') === undefined && header('purpose') === undefined;
        const entry = await sessions.enter(params.id, { header }, { isSecure, mayBind });
        if (entry.kind === 'other_browser') throw new GatehouseError('age_other_browser', 'For your protection it cannot be continued here.');
        const headers = new Headers({ 'content-type': 'text/html; charset=utf-8' });
        for (const cookie of entry.kind === 'bound' ? entry.cookies : []) headers.append('set-cookie', cookie);
        const { session } = entry;
        const language = await settleLanguage(sessions, session, { chosen: query.lang, proof: { header } });
        const page = session.state === 'open' ? renderOpen(tools, session, language) : renderEnd(tools, { session, proof: { header } }, language);
        return new Response(await page, { headers });
      }),
  });
}

async function renderOpen({ providers, passkeys, demo, context }: Tools, session: AgeSession, language: Language): Promise<string> {
  const { ageAttempts, ageRequestSeconds } = context.config;
  const offered = await providers.offer({ ...session, question: session });
  const ways = findWays(session, { attemptsMax: ageAttempts, canUsePasskeys: passkeys.isAvailable() });
  const question = sayQuestion(language, session);
  const hasReuse = ways.hasPasskey || ways.tokenBand !== undefined;
  return renderAge(language, {
    title: session.notice === undefined ? question : `${language.say('noticeTitle')}: ${question}`,
    here: `/age/${session.id}`,
    islands: ['age-live', ...(ways.wallets.includes('dc_api') ? (['age-dc'] as const) : []), ...(hasReuse ? (['age-reuse'] as const) : [])],
    children: <OpenView language={language} session={session} ways={ways} offered={offered} demo={demo.offer(session)} requestSeconds={ageRequestSeconds} />,
  });
}

interface Ended {
  readonly session: AgeSession;
  readonly proof: BrowserProof;
}

async function renderEnd({ sessions, reuse, tokens, passkeys, context }: Tools, { session, proof }: Ended, language: Language): Promise<string> {
  const result = await reuse.findVerdict(session.id, proof);
  const keep = {
    tokenBand: result === undefined ? undefined : await tokens.offerFor(result),
    hasPasskey: result !== undefined && passkeys.isAvailable() && earnsPasskey(result, context.clock.now()),
  };
  return renderAge(language, {
    title: language.say(session.state === 'completed' ? 'thanks' : 'ended'),
    here: `/age/${session.id}`,
    islands: keep.hasPasskey || keep.tokenBand !== undefined ? ['age-reuse'] : [],
    // Of the demonstration nothing is kept; it is told all the same.
    children: <EndView language={language} session={session} result={result ?? (await sessions.findResult(session.id))} keep={keep} />,
  });
}

function backPage({ sessions, wallet }: Tools): Route {
  return definePage({
    ...COMMON,
    method: 'get',
    path: '/age/{id}/back',
    summary: 'Back from a wallet on the same device',
    params: ParamsSchema,
    query: z.object({ response_code: z.string().max(128) }),
    handle: async ({ params, query, header }) =>
      orProblem({ language: await findLanguage(sessions, params.id, { header }), sessionId: params.id }, async () => {
        await wallet.comeBack(params.id, { header }, query.response_code).catch((error: unknown) => {
          if (error instanceof GatehouseError && error.code === 'not_found')
            throw new GatehouseError('age_other_browser', 'Your answer was not used: it belongs to a check that was begun elsewhere.');
          throw error;
        });
        return seeOther(`/age/${params.id}`);
      }),
  });
}

/** Only for a session that is open and admits the person's own word. */
async function findUnder(sessions: AgeSessions, id: string, proof: BrowserProof): Promise<AgeSession> {
  const session = await sessions.findOwnOpen(id, proof);
  if (!admitsDeclaration(session)) throw new GatehouseError('conflict', 'This way is not offered for this age check.');
  return session;
}

function underPage({ sessions }: Tools): Route {
  return definePage({
    ...COMMON,
    method: 'get',
    path: '/age/{id}/under',
    summary: 'Asks once whether the person is too young',
    params: ParamsSchema,
    query: LangQuerySchema,
    handle: async ({ params, query, header }) =>
      orProblem({ language: await findLanguage(sessions, params.id, { header }), sessionId: params.id }, async () => {
        const session = await findUnder(sessions, params.id, { header });
        const language = await settleLanguage(sessions, session, { chosen: query.lang, proof: { header } });
        const title = language.say('underAsk', { age: session.threshold });
        return html(renderAge(language, { title, here: `/age/${session.id}/under`, children: <UnderView language={language} session={session} /> }));
      }),
  });
}

function underAnswer({ sessions }: Tools): Route {
  return definePage({
    ...COMMON,
    method: 'post',
    path: '/age/{id}/under',
    summary: 'The person says that they are too young',
    params: ParamsSchema,
    body: z.object({}),
    handle: async ({ params, header }) =>
      orProblem({ language: await findLanguage(sessions, params.id, { header }), sessionId: params.id }, async () => {
        const session = await findUnder(sessions, params.id, { header });
        const result = session.direction === 'over' ? 'false' : 'true';
        await sessions.complete(session.id, { result, grade: 0, method: 'declared_under', kind: 'declared' });
        return seeOther(`/age/${params.id}`);
      }),
  });
}
