/** Claims about where something is hosted. */
import type { AppContext } from '../../platform/context.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { toAsn } from './country-rules.ts';
import { createDatasets } from './datasets.ts';
import { readEdges } from './edges.ts';
import { createNames } from './names.ts';
import { createRdap } from './rdap.ts';
import type { HostingRoom } from './schema.ts';
import { parseTarget } from './target-rules.ts';
import { traceTarget } from './tracing.ts';
import { createUpdates } from './updates.ts';

export interface HostingParts {
  readonly context: AppContext;
  /** Tests hold the reserved addresses for public ones. */
  readonly isPublic?: (address: string) => boolean;
}

/** Resolvers and registries have this long; what they did not say by then is missing from the claim, which says so. */
const CLAIM_TIMEOUT_MS = 25_000;
const CLAIMS_MAX = 16;

export async function createHostingService({ context, isPublic }: HostingParts): Promise<HostingRoom> {
  const { config, clock } = context;
  const datasets = createDatasets(context);
  const names = createNames(config.hostingResolvers);
  const rdap = createRdap(context);
  const edges = await readEdges(config.hostingEdgeAsns.flatMap((text) => toAsn(text) ?? []));
  let underWay = 0;
  return {
    ...createUpdates(context, datasets),
    async claim(target, signal) {
      const asked = parseTarget(target);
      if (underWay >= CLAIMS_MAX) throw new GatehouseError('busy', `${CLAIMS_MAX} claims are being made already.`, { retryAfterS: 5 });
      underWay += 1;
      try {
        const parts = { names, rdap, edges, datasets: await datasets.list(), now: () => clock.now(), isPublic };
        const limits = [AbortSignal.timeout(CLAIM_TIMEOUT_MS), context.stopping, ...(signal === undefined ? [] : [signal])];
        const traced = await traceTarget(asked, parts, AbortSignal.any(limits));
        return { kind: target.kind, ...traced, madeAt: clock.now().toISOString() };
      } finally {
        underWay -= 1;
      }
    },
    datasets: () => datasets.views(),
    async reload() {
      await datasets.reload();
      return datasets.views();
    },
  };
}
