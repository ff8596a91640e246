/** What happened, for outsiders to check: a transparency log of every decision, change and look. See README.md. */
import { parseVerifierKey } from '@gatehouse/tlog';
import { defineDomain } from '../platform/domain.ts';
import type { LogState } from '../platform/log-source.ts';
import { checks } from './checks.ts';
import { commands } from './commands.ts';
import { measureLog } from './evidence-sources.ts';
import { jobs } from './jobs.ts';
import { migrations } from './migrations.ts';
import { pages } from './pages.tsx';
import { routes } from './routes.ts';
import { createLogService, type LogService } from './service.ts';
import { logSources } from './store-log.ts';

export { toCanonicalText } from './rules.ts';
export type { LogProof } from './schema.ts';
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
  logSources: () => logSources,
  async logStates(service) {
    // Without its name: another address is no other key.
    const toState = (purpose: string, verifierKey: string): LogState => ({
      kind: 'key.changed',
      purpose,
      value: Buffer.from(parseVerifierKey(verifierKey).publicKey).toString('hex'),
    });
    const witness = await service.outside.witness.describe();
    return [toState('log', (await service.status()).verifierKey), ...(witness.verifierKey === null ? [] : [toState('log-witness', witness.verifierKey)])];
  },
  commands,
  metrics(service, context) {
    const { metrics } = context;
    measureLog(service, context);
    metrics.gauge(
      { name: 'gatehouse_log_anchored_entries', help: 'Entries that a witness or a time stamp stands for.' },
      async () => (await service.anchors()).anchoredUpTo,
    );
    metrics.gauge(
      { name: 'gatehouse_log_self_check_ok', help: '1 when the last whole check of the tree found no fault, 0 when it did, -1 before the first.' },
      async () => toGauge((await service.checks.tree.last())?.isOk),
    );
    metrics.gauge(
      { name: 'gatehouse_log_self_check_timestamp_seconds', help: 'When the last whole check of the tree ended, in seconds since 1970; 0 before the first.' },
      async () => ((await service.checks.tree.last())?.at.getTime() ?? 0) / 1000,
    );
    metrics.gauge(
      { name: 'gatehouse_log_complete', help: '1 when the last comparison of the log with the tables found no gap, 0 when it did, -1 before the first.' },
      async () => toGauge((await service.checks.completeness.last())?.isComplete),
    );
    metrics.gauge({ name: 'gatehouse_log_entries', help: 'Entries of the transparency log that have a place.' }, async () => (await service.head()).size);
  },
});

function toGauge(isOk: boolean | undefined): number {
  return isOk === undefined ? -1 : Number(isOk);
}
