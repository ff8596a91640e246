/** The register: changes, and the state that they give. */
import { GatehouseError } from '../../platform/errors.ts';
import type { AppContext } from '../../platform/context.ts';
import { createEditing } from './editing.ts';
import { compareNumbers, compareText } from './order-rules.ts';
import { matchesFilter } from './filter-rules.ts';
import type { ChecksService } from '../checks/schema.ts';
import type { CheckView, RecommendationView, RegisterService } from './schema.ts';
import { foldChanges, type RegisterState } from './state-rules.ts';
import { loadSeed } from './seed.ts';
import * as store from './store.ts';
import { toView } from './view-rules.ts';

export interface RegisterParts {
  readonly context: AppContext;
  readonly checks: Pick<ChecksService, 'all'>;
}

export async function createRegisterService({ context, checks }: RegisterParts): Promise<RegisterService> {
  const { clock, database } = context;
  const readState = createStateReader(context);
  const viewAll = async (): Promise<RecommendationView[]> => {
    const state = await readState();
    const known = new Map((await checks.all()).map((check) => [check.name, check]));
    return toViews(state, known, clock.now().toISOString().slice(0, 10));
  };
  return {
    start: () => loadSeed(context),
    ...createEditing(context),
    async registers() {
      const { registers, recommendations } = await readState();
      const counts = [...recommendations.values()];
      return [...registers.values()]
        .map(({ body }) => ({ ...body, recommendations: counts.filter((one) => one.body.register === body.id).length }))
        .toSorted((a, b) => compareText(a.id, b.id));
    },
    list: async (filter = {}) => (await viewAll()).filter((view) => matchesFilter(view, filter)),
    async find(id) {
      const found = (await viewAll()).find((view) => view.id === id);
      if (found === undefined) throw new GatehouseError('not_found', `The register has no recommendation ${id}.`);
      return found;
    },
    timeline: (id) => store.listTimeline(database.sql, id),
    drafts: () => store.listOpen(database.sql),
    async change(id) {
      const found = (await store.findChanges(database.sql, id)).find((one) => one.id === id);
      return found ?? refuseUnknown(id);
    },
    async changesOf(id) {
      const found = await store.findChanges(database.sql, id);
      return found.length === 0 ? refuseUnknown(id) : found;
    },
  };
}

function refuseUnknown(id: string): never {
  throw new GatehouseError('not_found', `There is no change ${id}.`);
}

/** The state is worked out again only after something was published, by whatever node. */
function createStateReader({ database }: AppContext): () => Promise<RegisterState> {
  const kept: { version: string | undefined; state: RegisterState } = { version: undefined, state: foldChanges([]) };
  return async () => {
    const version = await store.readVersion(database.sql);
    // Read after the version: what was published between the two is read again next time.
    if (version !== kept.version) Object.assign(kept, { state: foldChanges(await store.listPublished(database.sql)), version });
    return kept.state;
  };
}

/** By register, then by number. */
function toViews(state: RegisterState, checks: ReadonlyMap<string, CheckView>, today: string): RecommendationView[] {
  return [...state.recommendations.values()]
    .toSorted((a, b) => compareText(a.body.register, b.body.register) || compareNumbers(a.body.number, b.body.number))
    .map((one) => toView(one, { responseDueAt: state.registers.get(one.body.register)?.body.responseDueAt ?? null, checks, today }));
}
