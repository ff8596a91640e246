/** The codes as data: which measures bind this service, and what shows that each is kept. See README.md. */
import { defineDomain, type AppContext } from '../platform/domain.ts';
import { commands as catalogueCommands } from './catalogue/commands.ts';
import { measureRegister } from './catalogue/measures.ts';
import { migrations as catalogueMigrations } from './catalogue/migrations.ts';
import { routes as catalogueRoutes } from './catalogue/routes.ts';
import { composeCode, type CodeNeeds, type CodeService } from './composition.ts';
import { checks as evidenceChecks } from './evidence/checks.ts';
import { commands as evidenceCommands } from './evidence/commands.ts';
import { jobs as evidenceJobs } from './evidence/jobs.ts';
import { migrations as evidenceMigrations } from './evidence/migrations.ts';
import { measureProbes } from './evidence/probes.ts';
import { routes as evidenceRoutes } from './evidence/routes.ts';
import { logSources as evidenceLogSources } from './evidence/store-log.ts';
import { commands as exportsCommands } from './exports/commands.ts';
import { measureStatements } from './exports/dsa.ts';
import { migrations as exportsMigrations } from './exports/migrations.ts';
import { pages as exportsPages } from './exports/pages.tsx';
import { routes as exportsRoutes } from './exports/routes.ts';
import { commands as factsCommands } from './facts/commands.ts';
import { migrations as factsMigrations } from './facts/migrations.ts';
import { pages as factsPages } from './facts/pages.tsx';
import { routes as factsRoutes } from './facts/routes.ts';
import { logSources as factsLogSources } from './facts/store.ts';
import { commands as gapsCommands } from './gaps/commands.ts';
import { migrations as gapsMigrations } from './gaps/migrations.ts';
import { routes as gapsRoutes } from './gaps/routes.ts';
import { pages as measurePages, statementRoutes } from './pages/pages.tsx';
import { commands as recordsCommands } from './records/commands.ts';
import { measureRecords } from './records/evidence-sources.ts';
import { migrations as recordsMigrations } from './records/migrations.ts';
import { pages as recordsPages } from './records/pages.tsx';
import { routes as recordsRoutes } from './records/routes.ts';
import { logSources as recordsLogSources } from './records/store-log.ts';

export type { CodeService } from './composition.ts';

export const codeDomain = defineDomain<'code', CodeService, CodeNeeds>({
  name: 'code',
  migrations: [...catalogueMigrations, ...factsMigrations, ...recordsMigrations, ...evidenceMigrations, ...gapsMigrations, ...exportsMigrations],
  async create(context: AppContext, needs: CodeNeeds) {
    const service = await composeCode(context, needs);
    return { service, start: () => service.facts.start() };
  },
  routes: (service, context) => [
    ...catalogueRoutes(service.catalogue, service.amendments),
    ...factsRoutes(service, context),
    ...evidenceRoutes(service, context),
    ...gapsRoutes(service.gaps),
    ...recordsRoutes(service.records),
    ...exportsRoutes(service.exports),
    ...statementRoutes(service),
  ],
  pages: (service, context) => [...measurePages(service, context), ...factsPages(service), ...recordsPages(service, context), ...exportsPages(service.exports)],
  jobs: (service) => [...evidenceJobs(service)],
  checks: (service, context) => [...evidenceChecks(service, context)],
  logSources: () => [...evidenceLogSources, ...factsLogSources, ...recordsLogSources],
  metrics(service, context) {
    const { evidence } = context;
    measureProbes({ context, services: service.probes.services });
    measureRegister(service.catalogue, evidence);
    measureRecords(service, evidence);
    measureStatements(service.exports.statements, evidence);
  },
  commands: [...catalogueCommands, ...factsCommands, ...evidenceCommands, ...gapsCommands, ...recordsCommands, ...exportsCommands],
});
