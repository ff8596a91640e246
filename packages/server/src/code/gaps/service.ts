/** Open measures with owners and dates. A gap ends when the evidence says so; a plan only says who sees to it until when. */
import type { AppContext } from '../../platform/context.ts';
import { GatehouseError } from '../../platform/errors.ts';
import type { CatalogueService } from '../catalogue/schema.ts';
import type { EvidenceService } from '../evidence/schema.ts';
import { findGaps } from './rules.ts';
import type { GapsService } from './schema.ts';
import * as store from './store.ts';

export interface GapsParts {
  readonly context: AppContext;
  readonly catalogue: CatalogueService;
  readonly evidence: EvidenceService;
}

export function createGapsService({ context, catalogue, evidence }: GapsParts): GapsService {
  const { database, clock, events } = context;
  return {
    async list() {
      const last = await evidence.last();
      if (last === undefined) return [];
      const titles = new Map(catalogue.current().catalogue.groups.flatMap(({ controls }) => controls.map(({ id, title }) => [id, title] as const)));
      return findGaps({
        measures: last.evaluation.measures,
        titles,
        plans: await store.listPlans(database.sql),
        since: await evidence.stateSince(),
        today: clock.now().toISOString().slice(0, 10),
      });
    },
    history: (control) => store.listPlansOf(database.sql, control),
    async plan(plan, actor) {
      if (catalogue.current().control(plan.control) === undefined) throw new GatehouseError('not_found', `The catalogue has no measure ${plan.control}.`);
      await database.transact(async (tx) => {
        await store.insertPlan(tx, { ...plan, setBy: actor, setAt: clock.now() });
        await events.emit('code.changed', { change: 'gap_planned', subject: plan.control, actor }, tx);
      });
    },
  };
}
