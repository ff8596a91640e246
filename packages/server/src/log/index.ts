/** What happened, for outsiders to check: a transparency log of every decision, change and look. See README.md. */
import { defineDomain } from '../platform/domain.ts';
import { checks } from './checks.ts';
import { commands } from './commands.ts';
import { jobs } from './jobs.ts';
import { migrations } from './migrations.ts';
import { pages } from './pages.tsx';
import { routes } from './routes.ts';
import { createLogService, type LogService } from './service.ts';

export type { LogService } from './service.ts';

export const logDomain = defineDomain<'log', LogService, object>({
  name: 'log',
  migrations,
  async create(context) {
    const service = await createLogService(context);
    return { service, start: async () => service.start(), stop: () => service.stop() };
  },
  routes,
  pages,
  jobs,
  checks,
  commands,
  metrics(service, { metrics }) {
    metrics.gauge({ name: 'gatehouse_log_entries', help: 'Entries of the transparency log that have a place.' }, async () => (await service.head()).size);
  },
});
