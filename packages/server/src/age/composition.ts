/** Makes the services of the domain out of each other. One folder is a few lines here and a few in index.ts. */
import { decodeCbor } from '@gatehouse/credential';
import type { AppContext } from '../platform/context.ts';
import { inDataDir, type Config } from '../platform/config.ts';
import { createWaiters } from '../platform/waiters.ts';
import { toProviderSessions, toReuseSessions } from './adapters.ts';
import { isDemoOn } from './demo/availability.ts';
import type { DemoIssuers } from './demo/people.ts';
import { addDemoProvider } from './demo/provider.ts';
import { createDemoService, type DemoService } from './demo/service.ts';
import { chooseCircle, createDemoTrust } from './demo/trust.ts';
import { NO_PROVIDERS, readProviders } from './providers/configuration.ts';
import type { ProviderService } from './providers/flow.ts';
import { createProviderService } from './providers/service.ts';
import { createPasskeyService, type PasskeyService } from './passkeys/service.ts';
import { createAgeResults, type AgeResults } from './results/service.ts';
import { openResultSigner } from './results/signer.ts';
import { createAnnouncer, type Announcer } from './sessions/announce.ts';
import { createEventStreams, type EventStreams } from './sessions/event-stream.ts';
import { createCounting, type Counting } from './evidence/counting.ts';
import { watchCounters, watchGate, watchPasskeys, watchProviders, watchSessions, watchTokens, watchWallet } from './evidence/observe.ts';
import { createEvidence, type EvidenceService } from './evidence/service.ts';
import { LANGUAGES } from './page/messages/languages.ts';
import type { AgeServices, AgeSessions, BrowserProof } from './sessions/schema.ts';
import { createAgeSessions } from './sessions/service.ts';
import { createAgeServices } from './sessions/services.ts';
import { countOpen, prune as pruneSessions } from './sessions/store.ts';
import type { SignalService } from './signals/schema.ts';
import { createSignalService } from './signals/service.ts';
import { createStatusCounters } from './status/instruments.ts';
import type { StatusService } from './status/schema.ts';
import { createStatusService } from './status/service.ts';
import { openKeyVault } from './tokens/key-vault.ts';
import type { ReuseSessions } from './tokens/schema.ts';
import { createTokenService, type TokenService } from './tokens/service.ts';
import { createTrustService, type TrustService } from './trust/service.ts';
import { createEnforcement, type EnforcementService } from './gate/service.ts';
import { createGate } from './wallet/gate.ts';
import { createWalletProtocol } from './wallet/protocol.ts';
import type { WalletFlows, WalletProtocol, WalletTrust } from './wallet/schema.ts';
import { createWalletFlows, type WalletCounters } from './wallet/service.ts';
import { prune as pruneWallet } from './wallet/store.ts';
import { openVerifierKey, type VerifierKey } from './wallet/verifier-key.ts';

export interface AgeNeeds {
  /** One secret for the callbacks of the whole installation: receivers keep one. */
  readonly intake: { callbackSecret(): Promise<string> };
}

export interface AgeService {
  readonly sessions: AgeSessions;
  readonly services: AgeServices;
  readonly results: AgeResults;
  readonly wallet: WalletFlows;
  /** With which requests to wallets are signed. */
  readonly verifierKey: VerifierKey;
  readonly trust: TrustService;
  readonly status: StatusService;
  readonly signals: SignalService;
  readonly providers: ProviderService<BrowserProof>;
  readonly tokens: TokenService;
  readonly passkeys: PasskeyService;
  /** The sessions as tokens and passkeys see them. */
  readonly reuse: ReuseSessions;
  readonly enforcement: EnforcementService;
  readonly demo: DemoService;
  readonly counting: Counting;
  readonly evidence: EvidenceService;
  /** Apart, so that browsers cannot take the places of services. */
  readonly streams: { readonly services: EventStreams; readonly browsers: EventStreams };
  readonly announcer: Announcer;
  countOpen(): Promise<number>;
  prune(): Promise<void>;
}

/** What tests put in place of the real ones. */
export interface AgeOverrides {
  readonly protocol?: WalletProtocol;
  readonly trust?: WalletTrust;
  readonly demoIssuers?: DemoIssuers;
}

const MINUTE_MS = 60_000;

export async function composeAge(context: AppContext, needs: AgeNeeds, overrides: AgeOverrides = {}): Promise<AgeService> {
  const { config, clock, database, stopping, publicUrl } = context;
  const trustService = createTrustService(context, (issuers) => status.current(issuers));
  const status = createStatusService({ context, trust: trustService.issuers, counters: createStatusCounters(context) });
  const trust = overrides.trust ?? trustService;
  const signer = await openResultSigner(config.ageKeyFile ?? inDataDir(config, 'keys', 'age.pem'), config.ageKeyFile === undefined);
  const results = createAgeResults({ context, signer, issuer: () => config.issuer ?? publicUrl(), generation: trust.generation });
  const counting = createCounting({ context, languages: Object.keys(LANGUAGES) });
  const counters = watchCounters(createCounters(context), counting);
  const announcer = createAnnouncer({ context, sign: results.sign, secret: needs.intake.callbackSecret, count: counters.called });
  const uncounted = createAgeSessions({
    context,
    waiters: createWaiters(clock, stopping),
    announcer,
    sign: results.sign,
    // Tokens are a convenience: a check is opened without their keys, too.
    prepare: (question) =>
      tokens.prepare(question).catch((error: unknown) => context.log.warn({ reason: nameOf(error) }, 'keys for age tokens could not be made')),
    count: counters.counted,
  });
  const watched = watchSessions(uncounted, counting);
  const signals = createSignalService({ context, sessions: watched });
  const sessions = signals.guard(watched);
  const vault = await openKeyVault(config.ageTokenKeyFile ?? inDataDir(config, 'keys', 'age-token.key'), config.ageTokenKeyFile === undefined);
  const reuse = { context, sessions: toReuseSessions(sessions, trust.generation), trust };
  const tokens = watchTokens(createTokenService({ ...reuse, vault }), counting);
  const passkeys = watchPasskeys(createPasskeyService({ ...reuse, decodeCbor }), counting);
  const providers = watchProviders(await openProviders(context, sessions, counters.provider), counting);
  const verifierKey = await openVerifier(config, clock.now());
  const query = { sdJwtTypes: config.ageSdJwtTypes, allowBirthDate: config.ageAllowBirthDate };
  const common = { signer: verifierKey, lifetimeS: config.ageRequestSeconds };
  const real = { protocol: overrides.protocol ?? createWalletProtocol({ ...common, trust, query }), trust };
  const demoTrust = createDemoTrust({ ...common, isOn: isDemoOn(config), now: clock.now, generation: trust.generation, made: overrides.demoIssuers });
  const flows = createWalletFlows({
    context,
    sessions,
    circleOf: chooseCircle(real, demoTrust.circle),
    gate: createGate(config.ageVerifications),
    counters: counters.wallet,
  });
  const wallet = watchWallet(flows, counting);
  const services = createAgeServices(context);
  const enforcement = watchGate(await createEnforcement({ context, sessions, services, results, generation: trust.generation }), counting);
  const { forward } = enforcement;
  return {
    sessions,
    services,
    results,
    wallet,
    verifierKey,
    trust: trustService,
    status,
    signals,
    providers,
    tokens,
    passkeys,
    reuse: reuse.sessions,
    enforcement,
    demo: createDemoService({ context, sessions, services, results, wallet, forward, issuers: demoTrust.issuers }),
    counting,
    evidence: await createEvidence({ context, counting, languages: Object.keys(LANGUAGES), providers, services, trust: trustService, status, passkeys }),
    announcer,
    streams: { services: createEventStreams(clock, stopping), browsers: createEventStreams(clock, stopping) },
    countOpen: () => countOpen(database.sql, clock.now()),
    prune: () => prune(context, { counting, providers }),
  };
}

async function prune({ config, clock, database }: AppContext, { counting, providers }: Pick<AgeService, 'counting' | 'providers'>): Promise<void> {
  const now = clock.now();
  // First: what ended is counted before it is deleted.
  await counting.collect();
  await pruneWallet(database.sql, now);
  await providers.prune();
  await pruneSessions(database.sql, { now, endedBefore: new Date(now.getTime() - config.ageRetentionMinutes * MINUTE_MS) });
}

async function openProviders(context: AppContext, sessions: AgeSessions, count: Counters['provider']): Promise<ProviderService<BrowserProof>> {
  const { ageProvidersFile } = context.config;
  const tools = { send: context.outbound.send, now: () => context.clock.now() };
  const configured = ageProvidersFile === undefined ? NO_PROVIDERS : await readProviders(ageProvidersFile, tools);
  return createProviderService({ context, configured: addDemoProvider(configured, isDemoOn(context.config)), sessions: toProviderSessions(sessions), count });
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown';
}

/** The host is known before the server listens; the port is not, and no certificate names it. */
function openVerifier(config: Config, now: Date): Promise<VerifierKey> {
  const host = config.publicUrl === undefined ? config.host : new URL(config.publicUrl).hostname;
  const path = config.ageVerifierFile ?? inDataDir(config, 'keys', 'age-verifier.pem');
  return openVerifierKey(path, { isOwn: config.ageVerifierFile === undefined, host: host.replaceAll(/^\[|\]$/g, ''), now });
}

interface Counters {
  counted(event: 'opened' | 'cancelled' | 'completed' | 'other_browser'): void;
  called(outcome: 'delivered' | 'failed' | 'dead'): void;
  provider(provider: string, outcome: string): void;
  readonly wallet: WalletCounters;
}

function createCounters({ metrics }: AppContext): Counters {
  const sessions = metrics.counter({ name: 'gatehouse_age_sessions_total', help: 'Age checks, by what happened.', labels: ['event'] });
  const callbacks = metrics.counter({
    name: 'gatehouse_age_callbacks_total',
    help: 'Attempts to announce a completed age check, by outcome.',
    labels: ['outcome'],
  });
  const presentations = metrics.counter({
    name: 'gatehouse_age_presentations_total',
    help: 'Answers of wallets, by way and outcome.',
    labels: ['channel', 'outcome'],
  });
  const refusals = metrics.counter({ name: 'gatehouse_age_refusals_total', help: 'Proofs of age that were refused, by reason.', labels: ['code'] });
  const providers = metrics.counter({
    name: 'gatehouse_age_provider_checks_total',
    help: 'Age checks at providers, by outcome.',
    labels: ['provider', 'outcome'],
  });
  return {
    counted: (event) => sessions.add({ event }),
    called: (outcome) => callbacks.add({ outcome }),
    provider: (provider, outcome) => providers.add({ provider, outcome }),
    wallet: {
      presented: (channel, outcome) => presentations.add({ channel, outcome }),
      refused: (code) => refusals.add({ code }),
    },
  };
}
