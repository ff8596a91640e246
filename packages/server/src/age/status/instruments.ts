/** Metrics of status lists. Neither a list nor an address is a label: `gatehouse age status list` tells which list it is. */
import type { AppContext } from '../../platform/domain.ts';
import type { LookUp } from './node-lists.ts';
import type { StatusService } from './schema.ts';

export interface StatusCounters {
  looked(outcome: LookUp): void;
  /** `kept`, or the word for what failed. */
  fetched(outcome: string): void;
}

export function createStatusCounters({ metrics }: Pick<AppContext, 'metrics'>): StatusCounters {
  const looked = metrics.counter({
    name: 'gatehouse_age_status_lookups_total',
    help: 'Credentials that name a status list, by what was found there.',
    labels: ['outcome'],
  });
  const fetched = metrics.counter({ name: 'gatehouse_age_status_fetches_total', help: 'Status lists that were fetched, by outcome.', labels: ['outcome'] });
  return { looked: (outcome) => looked.add({ outcome }), fetched: (outcome) => fetched.add({ outcome }) };
}

export function meter(service: StatusService, { metrics }: AppContext): void {
  metrics.gauge({ name: 'gatehouse_age_status_list_age_seconds', help: 'Time since the status list that was fetched longest ago was fetched.' }, async () =>
    Math.max(0, ...(await service.list()).map(({ ageSeconds }) => ageSeconds ?? 0)),
  );
  metrics.gauge(
    { name: 'gatehouse_age_status_lists_refused', help: 'Status lists that are missing or too old: their credentials are refused.' },
    async () => (await service.list()).filter(({ state }) => state === 'stale' || state === 'missing').length,
  );
}
