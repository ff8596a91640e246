/** Age: a service asks, a person answers once, the service gets a signed result and nothing else. See README.md. */
import { defineDomain, type AppContext } from '../platform/domain.ts';
import { composeAge, type AgeNeeds, type AgeService } from './composition.ts';
import { commands as clientCommands } from './gate/commands.ts';
import { migrations as gateMigrations } from './gate/migrations.ts';
import { openIdPages, openIdRoutes } from './gate/openid-routes.ts';
import { pages as gatePages } from './gate/pages.tsx';
import { clientRoutes, routes as gateRoutes } from './gate/routes.ts';
import { pages as hostedPages } from './page/pages.tsx';
import { pages as providerPages } from './page/provider-pages.tsx';
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
import { checks as tokenChecks } from './tokens/checks.ts';
import { jobs as tokenJobs } from './tokens/jobs.ts';
import { migrations as tokenMigrations } from './tokens/migrations.ts';
import { routes as tokenRoutes } from './tokens/routes.ts';
import { checks as trustChecks } from './trust/checks.ts';
import { commands as trustCommands } from './trust/commands.ts';
import { migrations as trustMigrations } from './trust/migrations.ts';
import { routes as trustRoutes } from './trust/routes.ts';
import { checks as walletChecks } from './wallet/checks.ts';
import { routes as walletRoutes } from './wallet/routes.ts';

export type { AgeService } from './composition.ts';
export type { AgeOutcome, AgeQuestion, AgeSession, AgeSessions, Grade } from './sessions/schema.ts';
export { verifyAgeResultOffline } from './results/signer.ts';

export const ageDomain = defineDomain({
  name: 'age',
  transient: ['session', 'result', 'callback', 'wallet_request', 'wallet_answer', 'provider_flow', 'provider_attempt', 'openid_flow'],
  migrations: [...sessionMigrations, ...trustMigrations, ...providerMigrations, ...tokenMigrations, ...passkeyMigrations, ...gateMigrations],
  async create(context: AppContext, needs: AgeNeeds) {
    return { service: await composeAge(context, needs) };
  },
  routes: (service: AgeService, context) => [
    ...sessionRoutes(service.sessions, service.streams.services),
    ...serviceRoutes(service.services),
    ...resultRoutes(service.results),
    ...walletRoutes(service.wallet, context.publicUrl),
    ...trustRoutes(service.trust),
    ...providerRoutes(service.providers),
    ...tokenRoutes(service.tokens, context),
    ...passkeyRoutes(service.passkeys, context),
    ...gateRoutes(service.enforcement.forward),
    ...openIdRoutes(service.enforcement.openid),
    ...clientRoutes(service.enforcement.clients),
  ],
  // Before the hosted page: `/age/oidc` and `/age/gate` are no sessions.
  pages: (service: AgeService) => [
    ...gatePages(service.enforcement.forward),
    ...openIdPages(service.enforcement.openid),
    ...hostedPages(service),
    ...providerPages(service),
    ...browserRoutes(service.sessions, service.streams.browsers),
  ],
  jobs: (service: AgeService) => [...sessionJobs(service.announcer, service), ...tokenJobs(service.tokens), ...passkeyJobs(service.passkeys)],
  checks: (service: AgeService, context) => [
    ...trustChecks(service.trust, context),
    ...providerChecks(service.providers),
    ...walletChecks(service.verifierKey),
    ...tokenChecks(service.tokens),
    ...passkeyChecks(service.passkeys),
  ],
  commands: [...sessionCommands, ...clientCommands, ...trustCommands],
  metrics(service: AgeService, { metrics }: AppContext) {
    metrics.gauge({ name: 'gatehouse_age_sessions_open', help: 'Age checks that are open.' }, () => service.countOpen());
  },
});
