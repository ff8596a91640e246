/** Watches the parts of the domain by their faces: nothing in them knows that they are counted. */
import { isGatehouseError } from '../../platform/errors.ts';
import { DEMO_PROVIDER } from '../demo/schema.ts';
import type { GateVerdict } from '../gate/schema.ts';
import type { EnforcementService } from '../gate/service.ts';
import type { ProviderService } from '../providers/flow.ts';
import { DEMO_SERVICE, PROBE_SERVICE, type AgeSessions, type BrowserProof } from '../sessions/schema.ts';
import type { PasskeyService } from '../passkeys/service.ts';
import type { TokenService } from '../tokens/service.ts';
import { methodOf } from '../wallet/rules.ts';
import type { WalletFlows } from '../wallet/schema.ts';
import type { WalletCounters } from '../wallet/service.ts';
import type { Counting } from './counting.ts';

export function watchSessions(sessions: AgeSessions, counting: Counting): AgeSessions {
  return {
    ...sessions,
    async enter(id, proof, options) {
      const entry = await sessions.enter(id, proof, options);
      // The demonstration is nobody's check.
      if (entry.kind === 'bound' && entry.session.service !== DEMO_SERVICE) counting.enter(id, proof.header);
      return entry;
    },
    async complete(id, outcome, tx) {
      const isFirst = await sessions.complete(id, outcome, tx);
      // Where an app answers for the person, no page was opened.
      if (isFirst && outcome.method.startsWith('signal')) counting.answerElsewhere(id, outcome.method);
      return isFirst;
    },
    async note(id, notice) {
      if (notice === 'refused') counting.refuse(id);
      await sessions.note(id, notice);
    },
  };
}

export function watchWallet(wallet: WalletFlows, counting: Counting): WalletFlows {
  return {
    ...wallet,
    async begin(sessionId, proof, channel) {
      const begun = await wallet.begin(sessionId, proof, channel);
      counting.begin(sessionId, methodOf(channel));
      return begun;
    },
    async beginDcApi(sessionId, proof, origin) {
      const begun = await wallet.beginDcApi(sessionId, proof, origin);
      counting.begin(sessionId, 'wallet');
      return begun;
    },
  };
}

interface Counters {
  provider(provider: string, outcome: string): void;
  readonly wallet: WalletCounters;
}

export function watchCounters<C extends Counters>(counters: C, counting: Counting): C {
  const { wallet } = counters;
  return {
    ...counters,
    provider(provider, outcome) {
      counters.provider(provider, outcome);
      if (provider !== DEMO_PROVIDER) counting.tally(`provider:${provider}`, `provider_${outcome}`);
    },
    wallet: {
      ...wallet,
      presented(channel, outcome) {
        wallet.presented(channel, outcome);
        counting.tally(methodOf(channel), `presented_${outcome}`);
      },
      refused(code) {
        wallet.refused(code);
        counting.tally('wallet', `refused_${code}`);
      },
    },
  };
}

export function watchProviders(providers: ProviderService<BrowserProof>, counting: Counting): ProviderService<BrowserProof> {
  return {
    providers: providers.providers,
    maxWrongAccept: providers.maxWrongAccept,
    offer: (session) => providers.offer(session),
    async start(sessionId, providerId, proof) {
      const started = await providers.start(sessionId, providerId, proof);
      counting.begin(sessionId, `provider:${providerId}`);
      return started;
    },
    async startForm(request, proof) {
      const started = await providers.startForm(request, proof);
      counting.begin(request.sessionId, `provider:${request.providerId}`);
      return started;
    },
    confirm: (request, proof) => providers.confirm(request, proof),
    finish: (providerId, query, proof) => providers.finish(providerId, query, proof),
    acceptWebhook: (providerId, message) => providers.acceptWebhook(providerId, message),
    checkHealth: () => providers.checkHealth(),
    prune: () => providers.prune(),
  };
}

/** Of the demonstration, and of what we send ourselves, nothing is counted. */
export function watchGate(enforcement: EnforcementService, counting: Counting): EnforcementService {
  const { forward } = enforcement;
  return {
    ...enforcement,
    forward: {
      ...forward,
      async check(policy, shown) {
        const verdict = await forward.check(policy, shown);
        if (policy.service !== DEMO_SERVICE && policy.service !== PROBE_SERVICE) counting.tally('gate', wordOf(verdict));
        return verdict;
      },
    },
  };
}

/** Let through without a pass: there is no way to it in the rules, and this is what would show one. */
function wordOf(verdict: GateVerdict): string {
  if (verdict.kind !== 'passed') return verdict.kind === 'no' ? 'gate_no' : 'gate_asked';
  return verdict.pass.result === 'true' ? 'gate_passed' : 'gate_passed_without';
}

export function watchTokens(tokens: TokenService, counting: Counting): TokenService {
  return {
    ...tokens,
    async redeem(asked, token) {
      const redeemed = await tokens.redeem(asked, token);
      countProof(counting, 'token', redeemed.kind === 'completed' ? undefined : redeemed.reason);
      if (redeemed.kind === 'refused') counting.refuse(asked.sessionId);
      return redeemed;
    },
  };
}

export function watchPasskeys(passkeys: PasskeyService, counting: Counting): PasskeyService {
  return {
    ...passkeys,
    async assert(asked, answer) {
      try {
        await passkeys.assert(asked, answer);
      } catch (error) {
        const reason = isGatehouseError(error) ? error.extras.members?.['reason'] : undefined;
        if (typeof reason === 'string') {
          countProof(counting, 'passkey', reason);
          counting.refuse(asked.sessionId);
        }
        throw error;
      }
      countProof(counting, 'passkey', undefined);
    },
  };
}

/** A token or passkey says the yes of an earlier check. */
function countProof(counting: Counting, method: 'token' | 'passkey', refusal: string | undefined): void {
  counting.tally(method, refusal === undefined ? 'presented_true' : 'presented_refused');
  if (refusal !== undefined) counting.tally(method, `refused_${refusal}`);
}
