/** Evaluations, the state of each measure, and targets, for programs. */
import { z } from 'zod';
import { GatehouseError } from '../../platform/errors.ts';
import { json } from '../../platform/http/reply.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import type { AppContext } from '../../platform/context.ts';
import type { CatalogueService } from '../catalogue/schema.ts';
import type { ProbeService } from './probes.ts';
import {
  CanaryRunSchema,
  EvaluationSchema,
  EvaluationSummarySchema,
  MeasureDetailSchema,
  MeasureListSchema,
  ProofSchema,
  TargetInputSchema,
  TargetListSchema,
} from './route-schema.ts';
import { STATES, type EvidenceService, type KeptEvaluation, type State, type Target } from './schema.ts';

const LIST_MAX = 500;
const DAYS_MAX = 1100;
const DAY_MS = 86_400_000;

export interface EvidenceSurface {
  readonly evidence: EvidenceService;
  readonly catalogue: Pick<CatalogueService, 'current'>;
  readonly probes: ProbeService;
}

export function routes(service: EvidenceSurface, { clock }: AppContext): readonly Route[] {
  return [...evaluationRoutes(service.evidence), ...measureRoutes(service, () => clock.now()), ...targetRoutes(service), probeRoute(service)];
}

function evaluationRoutes(evidence: EvidenceService): readonly Route[] {
  const IdParams = z.object({ id: z.string().max(60) });
  return [
    defineRoute({
      method: 'get',
      path: '/v1/code/evaluations',
      right: 'code:read',
      tag: 'code',
      summary: 'Evaluations, newest first',
      query: z.object({ before: z.iso.datetime().optional(), limit: z.coerce.number().int().min(1).max(LIST_MAX).default(50) }),
      responses: { 200: { description: 'How many measures were in each state', schema: z.object({ evaluations: z.array(EvaluationSummarySchema) }) } },
      async handle({ query }) {
        const evaluations = await evidence.list({ limit: query.limit, ...(query.before === undefined ? {} : { before: new Date(query.before) }) });
        return json({ evaluations: evaluations.map(({ id, at, counts }) => ({ id, at: at.toISOString(), counts })) });
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/code/evaluations',
      right: 'code:manage',
      tag: 'code',
      summary: 'Read every source and judge every measure now',
      description: 'Done every hour without this. Evaluations take turns.',
      responses: { 201: { description: 'What was found', schema: EvaluationSummarySchema } },
      handle: async ({ signal }) => json(toSummary(await evidence.evaluate(signal)), { status: 201 }),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/code/evaluations/{id}',
      right: 'code:read',
      tag: 'code',
      summary: 'One evaluation, whole',
      description: 'The digest is SHA-256 of the canonical JSON of `evaluation` (members in the order of their names, no spaces), and stands in the log.',
      params: IdParams,
      responses: {
        200: {
          description: 'The evaluation',
          schema: z.object({ evaluation: EvaluationSchema, digest: z.string(), logIndex: z.number().int().nullable() }),
        },
      },
      async handle({ params }) {
        const { evaluation, digest, logIndex } = await evidence.find(params.id);
        return json({ evaluation, digest, logIndex: logIndex ?? null });
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/code/evaluations/{id}/proof',
      right: 'code:read',
      tag: 'code',
      summary: 'A proof that the evaluation is in the log, to hand out',
      params: IdParams,
      responses: { 200: { description: 'Entry and proof', schema: ProofSchema } },
      handle: async ({ params }) => json(await evidence.proof(params.id)),
    }),
  ];
}

function measureRoutes({ evidence, catalogue }: EvidenceSurface, now: () => Date): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/code/measures',
      right: 'code:read',
      tag: 'code',
      summary: 'The state of every measure at the last evaluation',
      responses: { 200: { description: 'In the order of the catalogue; empty before the first evaluation', schema: MeasureListSchema } },
      async handle() {
        const last = await evidence.last();
        const since = await evidence.stateSince();
        const measures = (last?.evaluation.measures ?? []).map(({ items: _items, ...measure }) => ({
          ...measure,
          title: catalogue.current().control(measure.control)?.control.title ?? measure.control,
          since: since.get(measure.control)?.toISOString() ?? null,
        }));
        return json({ evaluation: last === undefined ? null : toSummary(last), measures });
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/code/measures/{control}',
      right: 'code:read',
      tag: 'code',
      summary: 'One measure: state, evidence, history',
      params: z.object({ control: z.string().max(60) }),
      query: z.object({ days: z.coerce.number().int().min(1).max(DAYS_MAX).default(30).describe('How far back the history goes.') }),
      responses: { 200: { description: 'The measure', schema: MeasureDetailSchema } },
      async handle({ params, query }) {
        const last = await evidence.last();
        const measure = last?.evaluation.measures.find(({ control }) => control === params.control);
        if (last === undefined || measure === undefined) throw new GatehouseError('not_found', 'No evaluation knows this measure yet.');
        const found = catalogue.current().control(params.control);
        const history = await evidence.states(params.control, new Date(now().getTime() - query.days * DAY_MS));
        return json({
          measure,
          title: found?.control.title ?? params.control,
          // Unknown to the release in use: nobody has compared it with anything.
          verify: found?.control.verify ?? true,
          evaluation: toSummary(last),
          history: history.map(({ at, state, evaluationId }) => ({ at: at.toISOString(), state, evaluationId })),
        });
      },
    }),
  ];
}

function targetRoutes({ evidence }: EvidenceSurface): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/code/targets',
      right: 'code:read',
      tag: 'code',
      summary: 'Targets that the service set for itself',
      responses: { 200: { description: 'Those in use, and the ids for which none is set', schema: TargetListSchema } },
      handle: async () => json(await listTargets(evidence)),
    }),
    defineRoute({
      method: 'put',
      path: '/v1/code/targets/{id}',
      right: 'code:manage',
      tag: 'code',
      summary: 'Set a target',
      description: 'The value before is kept. It decides from the next evaluation on.',
      params: z.object({ id: z.string().max(60) }),
      body: TargetInputSchema,
      responses: { 200: { description: 'Those in use', schema: TargetListSchema } },
      async handle({ params, body, principal }) {
        await evidence.setTarget({ id: params.id, ...body }, principal.id);
        return json(await listTargets(evidence));
      },
    }),
  ];
}

function probeRoute({ probes }: EvidenceSurface): Route {
  return defineRoute({
    method: 'post',
    path: '/v1/code/probes',
    right: 'code:manage',
    tag: 'code',
    summary: 'Send test pictures and probes now',
    description: 'Done on a schedule without this (codeCanaryMinutes, codeProbeMinutes). Takes up to a minute. What they show is in the next evaluation.',
    responses: { 200: { description: 'The test pictures of the last run', schema: CanaryRunSchema } },
    async handle({ signal }) {
      await probes.runAll(signal);
      const last = await probes.canaries.last();
      return json({ at: last?.at.toISOString() ?? null, canaries: last?.results ?? [] });
    },
  });
}

async function listTargets(evidence: EvidenceService): Promise<z.output<typeof TargetListSchema>> {
  const targets = await evidence.targets();
  const set = new Set(targets.map(({ id }) => id));
  return { targets: targets.map(toTargetView), missing: evidence.targetIds().filter((id) => !set.has(id)) };
}

function toTargetView({ setAt, ...target }: Target): z.output<typeof TargetListSchema>['targets'][number] {
  return { ...target, setAt: setAt.toISOString() };
}

function toSummary({ evaluation, digest, logIndex }: KeptEvaluation): z.output<typeof EvaluationSummarySchema> {
  const { id, at, catalogueVersion, measures } = evaluation;
  const count = (state: State): number => measures.filter((measure) => measure.state === state).length;
  return {
    id,
    at,
    catalogueVersion,
    digest,
    logIndex: logIndex ?? null,
    // One for each state: a closed set.
    counts: Object.fromEntries(STATES.map((state) => [state, count(state)])) as Record<State, number>,
  };
}
