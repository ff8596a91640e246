/** Checks at providers: offer, start, return, webhook. The session is somebody else's; this part only answers it. */
import { createHash } from 'node:crypto';
import type { Database } from '../../platform/db/database.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { randomHex } from '../../platform/ids.ts';
import type { ConfirmForm, Ended, Ending, OfferedProvider, OpenForProvider, ProviderParts, ProviderService, StartForm } from './flow.ts';
import { offerProvider, settle, type Attempt } from './rules.ts';
import { ProviderFault, type AgeProvider, type ProviderAnswer, type ProviderStart, type WebhookMessage } from './schema.ts';
import * as store from './store.ts';

/** Longer than any check takes, shorter than the keeping of results. */
const FLOW_TTL_MS = 30 * 60_000;
const ATTEMPT_TTL_MS = 24 * 3_600_000;

export function createProviderService<Proof>(parts: ProviderParts<Proof>): ProviderService<Proof> {
  return new Providers(parts);
}

type RedirectProvider = Extract<AgeProvider, { readonly mode: 'redirect' }>;
type FormProvider = Extract<AgeProvider, { readonly mode: 'form' }>;

interface OwnFlow {
  readonly flow: store.Flow;
  readonly session: OpenForProvider;
}

class Providers<Proof> implements ProviderService<Proof> {
  readonly providers: readonly AgeProvider[];
  readonly maxWrongAccept: number;
  readonly #parts: ProviderParts<Proof>;

  constructor(parts: ProviderParts<Proof>) {
    this.#parts = parts;
    this.providers = parts.configured.providers;
    this.maxWrongAccept = parts.configured.maxWrongAccept;
  }

  async offer(session: OpenForProvider): Promise<OfferedProvider[]> {
    const attempts = await store.listAttempts(this.#sql, session.id);
    return this.providers
      .filter((provider) => offerProvider(provider, { ...session, attempts, maxWrongAccept: this.maxWrongAccept }).isOffered)
      .map((provider) => ({
        id: provider.id,
        declaration: provider.declaration,
        mode: provider.mode,
        ...(provider.mode === 'form' ? { field: provider.field } : {}),
      }));
  }

  async start(sessionId: string, providerId: string, proof: Proof): Promise<{ readonly redirectUrl: string }> {
    const provider = this.#findRedirect(providerId);
    const session = await this.#parts.sessions.findOpen(sessionId, proof);
    const start = await this.#begin(provider, session);
    const { redirectUrl, reference } = await this.#call(session, provider, () => provider.start(start));
    await this.#keep(start, { session, provider, reference });
    return { redirectUrl };
  }

  async startForm({ sessionId, providerId, value }: StartForm, proof: Proof): Promise<{ readonly state: string }> {
    const provider = this.#findForm(providerId);
    const session = await this.#parts.sessions.findOpen(sessionId, proof);
    const start = await this.#begin(provider, session);
    const { reference } = await this.#call(session, provider, () => provider.start(start, value));
    await this.#keep(start, { session, provider, reference });
    return { state: start.state };
  }

  /** One code for each form: a second try needs a new one. */
  async confirm({ providerId, state, code }: ConfirmForm, proof: Proof): Promise<Ended> {
    const provider = this.#findForm(providerId);
    const own = await this.#findOwn(providerId, state, proof);
    const reference = own?.flow.reference ?? undefined;
    if (own === undefined || reference === undefined || !(await store.takeFlow(this.#sql, hashState(state))))
      return { ending: 'gone', sessionId: own?.session.id };
    const ending = await this.#orFault(own.session, provider, async () =>
      this.#conclude(own.session, provider, await provider.confirm({ reference, code, start: this.#toStart(own, provider, state) })),
    );
    return { ending, sessionId: own.session.id };
  }

  async finish(providerId: string, query: URLSearchParams, proof: Proof): Promise<Ended> {
    const provider = this.#findRedirect(providerId);
    const state = query.get('state') ?? '';
    const own = await this.#findOwn(providerId, state, proof);
    if (own === undefined) return { ending: 'gone', sessionId: undefined };
    // A flow that may wait for its webhook is used up with its answer; any other before anything is looked at.
    const mayWait = provider.readWebhook !== undefined;
    const take = (): Promise<boolean> => store.takeFlow(this.#sql, hashState(state));
    if (!mayWait && !(await take())) return { ending: 'gone', sessionId: own.session.id };
    const ending = await this.#orFault(own.session, provider, async () => {
      const answer = await provider.finish({ query, start: this.#toStart(own, provider, state), reference: own.flow.reference ?? undefined });
      if (mayWait && answer.outcome !== 'pending' && !(await take())) return 'gone';
      return this.#conclude(own.session, provider, answer);
    });
    return { ending, sessionId: own.session.id };
  }

  async acceptWebhook(providerId: string, message: WebhookMessage): Promise<void> {
    const provider = this.#findRedirect(providerId);
    if (provider.readWebhook === undefined) throw new GatehouseError('not_found', 'This provider sends no webhooks.');
    const told = await provider.readWebhook(message).catch((cause: unknown) => {
      if (!(cause instanceof ProviderFault)) throw cause;
      this.#parts.count(provider.id, 'webhook_refused');
      throw new GatehouseError('unauthenticated', 'The webhook was refused. Nothing was changed.', { cause });
    });
    const flow = await store.findFlowByReference(this.#sql, { provider: provider.id, reference: told.reference, now: this.#parts.context.clock.now() });
    const session = flow === undefined ? undefined : await this.#parts.sessions.isOpen(flow.session_id);
    if (flow === undefined || session === undefined) return;
    await this.#orFault(session, provider, async () => {
      const start = this.#toStart({ flow, session }, provider, '');
      const answer = told.answer ?? (await provider.finish({ query: new URLSearchParams(), start, reference: told.reference }));
      if (answer.outcome === 'pending' || !(await store.takeFlow(this.#sql, flow.state_hash))) return 'waiting';
      return this.#conclude(session, provider, answer);
    });
  }

  async checkHealth(): Promise<ReadonlyMap<string, boolean>> {
    const real = this.providers.filter(({ isForDemo }) => isForDemo !== true);
    return new Map(await Promise.all(real.map(async (provider) => [provider.id, await provider.checkHealth().catch(() => false)] as const)));
  }

  prune(): Promise<void> {
    return store.prune(this.#sql, this.#parts.context.clock.now());
  }

  get #sql(): Database['sql'] {
    return this.#parts.context.database.sql;
  }

  #findRedirect(id: string): RedirectProvider {
    const provider = this.providers.find((one) => one.id === id);
    if (provider?.mode !== 'redirect') throw new GatehouseError('not_found', 'There is no such age provider with pages of its own.');
    return provider;
  }

  #findForm(id: string): FormProvider {
    const provider = this.providers.find((one) => one.id === id);
    if (provider?.mode !== 'form') throw new GatehouseError('not_found', 'There is no such age provider that is asked with a form.');
    return provider;
  }

  async #begin(provider: AgeProvider, session: OpenForProvider): Promise<ProviderStart> {
    const attempts = await store.listAttempts(this.#sql, session.id);
    const offer = offerProvider(provider, { ...session, attempts, maxWrongAccept: this.maxWrongAccept });
    if (!offer.isOffered) throw new GatehouseError('conflict', 'This method is not offered for this check. Choose another one.');
    return makeStart(this.#parts.context.publicUrl(), { provider, session, challengeAge: offer.challengeAge });
  }

  async #keep(
    start: ProviderStart,
    flow: { readonly session: OpenForProvider; readonly provider: AgeProvider; readonly reference: string | undefined },
  ): Promise<void> {
    const now = this.#parts.context.clock.now();
    await store.insertFlow(this.#sql, {
      state_hash: hashState(start.state),
      session_id: flow.session.id,
      provider: flow.provider.id,
      nonce: start.nonce,
      code_verifier: start.codeVerifier,
      reference: flow.reference ?? null,
      challenge_age: start.challengeAge,
      created_at: now,
      expires_at: new Date(now.getTime() + FLOW_TTL_MS),
    });
  }

  /** The flow of a return in the browser: of this provider, and of the person whose session it is. */
  async #findOwn(providerId: string, state: string, proof: Proof): Promise<OwnFlow | undefined> {
    const flow = await store.findFlow(this.#sql, hashState(state), this.#parts.context.clock.now());
    if (flow?.provider !== providerId) return undefined;
    return { flow, session: await this.#parts.sessions.findOpen(flow.session_id, proof) };
  }

  #toStart({ flow, session }: OwnFlow, provider: AgeProvider, state: string): ProviderStart {
    const start = makeStart(this.#parts.context.publicUrl(), { provider, session, challengeAge: flow.challenge_age });
    return { ...start, state, nonce: flow.nonce, codeVerifier: flow.code_verifier };
  }

  /** The one place where an answer becomes a result. */
  async #conclude(session: OpenForProvider, provider: AgeProvider, answer: ProviderAnswer): Promise<Ending> {
    if (answer.outcome === 'pending') return 'waiting';
    await this.#note(session.id, provider, answer.outcome);
    const settled = settle(answer, provider.declaration, { question: session.question, maxWrongAccept: this.maxWrongAccept });
    if (settled === undefined) return answer.outcome === 'declined' ? 'declined' : 'next';
    const done = await this.#parts.sessions.complete(session.id, { ...settled, method: `provider:${provider.id}`, provider: provider.id });
    return done === 'held_back' ? 'next' : done;
  }

  async #note(sessionId: string, provider: AgeProvider, outcome: Attempt['outcome']): Promise<void> {
    const at = this.#parts.context.clock.now();
    this.#parts.count(provider.id, outcome);
    const expiresAt = new Date(at.getTime() + ATTEMPT_TTL_MS);
    await store.insertAttempt(this.#sql, {
      session_id: sessionId,
      provider: provider.id,
      basis: provider.declaration.basis,
      outcome,
      at,
      expires_at: expiresAt,
    });
  }

  async #noteFault(session: OpenForProvider, provider: AgeProvider, fault: ProviderFault): Promise<void> {
    this.#parts.context.log.warn({ provider: provider.id, code: fault.code, reason: fault.message }, 'an age provider failed');
    await this.#note(session.id, provider, 'failed');
  }

  /** A provider's fault is noted and shown as one; it is never an answer. */
  async #orFault(session: OpenForProvider, provider: AgeProvider, work: () => Promise<Ending>): Promise<Ending> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ProviderFault)) throw error;
      await this.#noteFault(session, provider, error);
      return 'failed';
    }
  }

  async #call<T>(session: OpenForProvider, provider: AgeProvider, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ProviderFault)) throw error;
      await this.#noteFault(session, provider, error);
      throw new GatehouseError('provider_failed', 'The provider of this method did not answer as it should. Nothing was decided.', { cause: error });
    }
  }
}

function makeStart(
  publicUrl: string,
  { provider, session, challengeAge }: { readonly provider: AgeProvider; readonly session: OpenForProvider; readonly challengeAge: number },
): ProviderStart {
  const base = `${publicUrl}/age/provider/${provider.id}`;
  return {
    question: session.question,
    challengeAge,
    state: randomHex(32),
    nonce: randomHex(16),
    codeVerifier: randomHex(32),
    callbackUrl: `${base}/callback`,
    webhookUrl: `${base}/webhook`,
    locale: session.locale,
  };
}

function hashState(state: string): Buffer {
  return createHash('sha256').update(state).digest();
}
