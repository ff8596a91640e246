/** Age: a service asks, a person answers once, the service gets a signed result and nothing else. See README.md. */
import { defineDomain, type AppContext } from '../platform/domain.ts';
import { listKeysInUse } from './keys-in-use.ts';
import { composeAge, type AgeNeeds, type AgeService } from './composition.ts';
import { checks as demoChecks } from './demo/checks.ts';
import { pages as demoPages } from './demo/pages.tsx';
import { checks as evidenceChecks } from './evidence/checks.ts';
import { commands as evidenceCommands } from './evidence/commands.ts';
import { jobs as evidenceJobs } from './evidence/jobs.ts';
import { migrations as evidenceMigrations } from './evidence/migrations.ts';
import { pages as evidencePages } from './evidence/pages.tsx';
import { routes as evidenceRoutes } from './evidence/routes.ts';
import { measureAge } from './evidence/sources.ts';
import { commands as clientCommands } from './gate/commands.ts';
import { migrations as gateMigrations } from './gate/migrations.ts';
import { openIdPages, openIdRoutes } from './gate/openid-routes.ts';
import { pages as gatePages } from './gate/pages.tsx';
import { clientRoutes, routes as gateRoutes } from './gate/routes.ts';
import { pages as hostedPages } from './page/pages.tsx';
import { pages as providerPages } from './page/provider-pages.tsx';
import { pages as walletPages } from './page/wallet-pages.tsx';
import { checks as passkeyChecks } from './passkeys/checks.ts';
import { jobs as passkeyJobs } from './passkeys/jobs.ts';
import { migrations as passkeyMigrations } from './passkeys/migrations.ts';
import { routes as passkeyRoutes } from './passkeys/routes.ts';
import { checks as providerChecks } from './providers/checks.ts';
import { migrations as providerMigrations } from './providers/migrations.ts';
import { routes as providerRoutes } from './providers/routes.ts';
import { routes as resultRoutes } from './results/routes.ts';
import { browserRoutes } from './sessions/browser-routes.ts';
import { commands as sessionCommands } from './sessions/commands.ts';
import { jobs as sessionJobs } from './sessions/jobs.ts';
import { migrations as sessionMigrations } from './sessions/migrations.ts';
import { routes as sessionRoutes, serviceRoutes } from './sessions/routes.ts';
import { commands as signalCommands } from './signals/commands.ts';
import { migrations as signalMigrations } from './signals/migrations.ts';
import { routes as signalRoutes } from './signals/routes.ts';
import { logSources } from './store-log.ts';
import { checks as statusChecks } from './status/checks.ts';
import { commands as statusCommands } from './status/commands.ts';
import { meter as meterStatus } from './status/instruments.ts';
import { jobs as statusJobs } from './status/jobs.ts';
import { migrations as statusMigrations } from './status/migrations.ts';
import { routes as statusRoutes } from './status/routes.ts';
import { checks as tokenChecks } from './tokens/checks.ts';
import { jobs as tokenJobs } from './tokens/jobs.ts';
import { migrations as tokenMigrations } from './tokens/migrations.ts';
import { routes as tokenRoutes } from './tokens/routes.ts';
import { checks as trustChecks } from './trust/checks.ts';
import { commands as trustCommands } from './trust/commands.ts';
import { migrations as trustMigrations } from './trust/migrations.ts';
import { pages as trustPages } from './trust/pages.tsx';
import { routes as trustRoutes } from './trust/routes.ts';
import { checks as walletChecks } from './wallet/checks.ts';
import { routes as walletRoutes } from './wallet/routes.ts';

export type { AgeService } from './composition.ts';
/** For whatever reads evidence about measures: what is measured, and what a reading looks like (`service.evidence.read()`). */
export { CRITERIA, EVIDENCE_METRICS, METRIC_IDS, type MetricDefinition, type MetricId, type MetricState } from './evidence/definition-schema.ts';
export { DISCLAIMER, type EvidenceMetric, type EvidenceView } from './evidence/metric-schema.ts';
export type { GateProbe } from './gate/probes.ts';
export type { AgeOutcome, AgeQuestion, AgeSession, AgeSessions, Grade } from './sessions/schema.ts';
export { DEMO_SERVICE } from './sessions/schema.ts';
export { verifyAgeResultOffline } from './results/signer.ts';

export const ageDomain = defineDomain({
  name: 'age',
  transient: [
    'session',
    'result',
    'callback',
    'wallet_request',
    'wallet_answer',
    'provider_flow',
    'provider_attempt',
    'openid_flow',
    'signal_nonce',
    'signal',
    'evidence_visit',
  ],
  migrations: [
    ...sessionMigrations,
    ...trustMigrations,
    ...providerMigrations,
    ...tokenMigrations,
    ...passkeyMigrations,
    ...gateMigrations,
    ...statusMigrations,
    ...signalMigrations,
    ...evidenceMigrations,
  ],
  async create(context: AppContext, needs: AgeNeeds) {
    const service = await composeAge(context, needs);
    return { service, start: () => service.evidence.start(), stop: () => service.evidence.stop() };
  },
  routes: (service: AgeService, context) => [
    ...sessionRoutes(service.sessions, service.streams.services),
    ...serviceRoutes(service.services),
    ...resultRoutes(service.results),
    ...walletRoutes(service.wallet, context.publicUrl),
    ...trustRoutes(service.trust),
    ...statusRoutes(service.status),
    ...signalRoutes(service.signals),
    ...providerRoutes(service.providers),
    ...tokenRoutes(service.tokens, context),
    ...passkeyRoutes(service.passkeys, context),
    ...gateRoutes(service.enforcement.forward),
    ...openIdRoutes(service.enforcement.openid),
    ...clientRoutes(service.enforcement.clients),
    ...evidenceRoutes(service.evidence),
  ],
  // Before the hosted page: `/age/oidc`, `/age/gate`, `/age/try` and `/age/statement` are no sessions.
  pages: (service: AgeService, context) => [
    ...gatePages(service.enforcement.forward),
    ...openIdPages(service.enforcement.openid),
    ...demoPages(service.demo, context.clock),
    ...evidencePages(service.evidence),
    ...walletPages(service, context),
    ...providerPages(service),
    ...hostedPages(service, context),
    ...browserRoutes(service.sessions, service.streams.browsers),
    ...trustPages({ ...service, clock: context.clock }),
  ],
  jobs: (service: AgeService) => [
    ...sessionJobs(service.announcer, service),
    ...statusJobs(service.status),
    ...tokenJobs(service.tokens),
    ...passkeyJobs(service.passkeys),
    ...evidenceJobs(service.evidence),
  ],
  checks: (service: AgeService, context) => [
    ...trustChecks(service.trust, context),
    ...statusChecks(service.status),
    ...providerChecks(service.providers),
    ...walletChecks(service.verifierKey),
    ...tokenChecks(service.tokens),
    ...passkeyChecks(service.passkeys),
    ...demoChecks(context.config),
    ...evidenceChecks(service.evidence),
  ],
  logSources: () => logSources,
  logStates: (service: AgeService) => listKeysInUse(service),
  commands: [...sessionCommands, ...clientCommands, ...trustCommands, ...statusCommands, ...signalCommands, ...evidenceCommands],
  metrics(service: AgeService, context: AppContext) {
    context.metrics.gauge({ name: 'gatehouse_age_sessions_open', help: 'Age checks that are open.' }, () => service.countOpen());
    meterStatus(service.status, context);
    measureAge(service.evidence, context);
  },
});
