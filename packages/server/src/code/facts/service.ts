/** Facts as they were said, and what follows from them. */
import { createHash } from 'node:crypto';
import { toCanonicalText } from '../../log/index.ts';
import type { AppContext } from '../../platform/context.ts';
import type { Tx } from '../../platform/db/database.ts';
import { GatehouseError } from '../../platform/errors.ts';
import type { Catalogue, CatalogueService, LoadedCatalogue } from '../catalogue/schema.ts';
import { decideApplicability } from './applicability-rules.ts';
import { compileModel } from './condition-rules.ts';
import type { Model } from './condition-schema.ts';
import type { Inspect } from './installation.ts';
import { readAnswers, type GivenAnswer, type ReadAnswers } from './answer-rules.ts';
import { toQuestionnaire, toSaidView } from './questionnaire-rules.ts';
import type { Actor, Applicability, FactsState, QuestionsService, SaidFact } from './schema.ts';
import { insertFacts, listHistory, listNewest, lockFacts } from './store.ts';
import { FINDER, listFound, type Installation } from './system-rules.ts';
import { deriveValues } from './truth-rules.ts';

export interface FactsParts {
  readonly context: AppContext;
  readonly catalogue: Pick<CatalogueService, 'current'>;
  /** What this installation does; without it Gatehouse says nothing of itself. */
  readonly inspect?: Inspect | undefined;
}

/** The facts at one time, with the catalogue that gives them a meaning. */
interface State extends FactsState {
  readonly loaded: LoadedCatalogue;
  readonly model: Model;
  readonly bySaid: ReadonlyMap<string, SaidFact>;
  /** What people said last, and what Gatehouse found, whether it counts or not. */
  readonly byPeople: ReadonlyMap<string, SaidFact>;
  readonly found: readonly SaidFact[];
  /** Of the last row. */
  readonly sequence: number;
}

/** Days whose result is kept: today, and the days before and after amendments. */
const KEPT_MAX = 32;

export async function createFactsService(parts: FactsParts): Promise<QuestionsService> {
  const desk = openDesk(parts);
  return { ...createReading(desk), ...createAnswering(desk), ...createAsking(desk) };
}

/** What the parts of this file share. */
interface Desk extends FactsParts {
  load(at?: Date): Promise<State>;
  /** @throws {GatehouseError} `fact_invalid` */
  accept(given: readonly GivenAnswer[], kept: string): ReadAnswers['answers'];
  decide(state: State, at: Date): readonly Applicability[];
}

function openDesk(parts: FactsParts): Desk {
  const models = new WeakMap<Catalogue, Model>();
  const results = new Map<string, readonly Applicability[]>();
  const modelOf = ({ catalogue }: LoadedCatalogue): Model => {
    const model = models.get(catalogue) ?? compileModel(catalogue);
    models.set(catalogue, model);
    return model;
  };
  return {
    ...parts,
    async load(at) {
      const loaded = parts.catalogue.current();
      return toState(await listNewest(parts.context.database.sql, at), loaded, modelOf(loaded));
    },
    accept: (given, kept) => accept(modelOf(parts.catalogue.current()), given, kept),
    decide(state, at) {
      const day = toDay(at);
      const key = `${state.loaded.digest} ${state.sequence} ${day}`;
      const known = results.get(key);
      if (known !== undefined) return known;
      const { loaded, model, values, bySaid } = state;
      const decided = decideApplicability({ catalogue: loaded.catalogue, model, values, said: bySaid, day });
      const [oldest] = results.keys();
      if (results.size >= KEPT_MAX && oldest !== undefined) results.delete(oldest);
      results.set(key, decided);
      return decided;
    },
  };
}

function createReading({ context: { clock, database }, load, decide }: Desk): Pick<QuestionsService, 'read' | 'history' | 'applicability'> {
  return {
    async read(at) {
      const { said, values, digest } = await load(at);
      return { said, values, digest };
    },
    history: async (fact) => (await listHistory(database.sql, fact)).map(toSaid),
    applicability: async (at) => decide(await load(), at ?? clock.now()),
  };
}

function createAnswering(desk: Desk): Pick<QuestionsService, 'answer' | 'set' | 'start'> {
  const { context, accept: read, inspect } = desk;
  const { database, events } = context;
  const keep = async (facts: readonly Omit<SaidFact, 'saidAt'>[], tx: Tx): Promise<void> => {
    await lockFacts(tx);
    await append(context, facts, tx);
  };
  return {
    async answer(answers, actor) {
      const facts = read(answers, 'Nothing was kept.').map((one) => ({ ...one, origin: 'answer' as const, ...toNames(actor) }));
      await database.transact((tx) => keep(facts, tx));
    },
    async set(facts, tx) {
      read(facts, 'Nothing was kept.');
      await (tx === undefined ? database.transact((own) => keep(facts, own)) : keep(facts, tx));
    },
    async start() {
      if (inspect === undefined) return;
      const installation = await inspect();
      await database.transact((tx) => noteFound(context, installation, tx));
      events.on('age.service_changed', async (event, tx) => {
        const changed = await inspect(event);
        await (tx === undefined ? database.transact((own) => noteFound(context, changed, own)) : noteFound(context, changed, tx));
      });
    },
  };
}

/** Adds a row for whatever is found otherwise than last time. */
async function noteFound(context: AppContext, installation: Installation, tx: Tx): Promise<void> {
  await lockFacts(tx);
  const before = new Map((await listNewest(tx)).filter(({ origin }) => origin === 'system').map((one) => [one.fact, one]));
  const changed = listFound(installation).filter(({ fact, value, method }) => {
    const last = before.get(fact);
    return last === undefined ? value !== null : last.value !== value || last.method !== method;
  });
  await append(
    context,
    changed.map((one) => ({ ...one, origin: 'system', saidBy: FINDER })),
    tx,
  );
}

function createAsking(desk: Desk): Pick<QuestionsService, 'questionnaire' | 'historyView' | 'whatIf'> {
  const { context, load, decide } = desk;
  return {
    async questionnaire() {
      const state = await load();
      return toQuestionnaire({ ...state, applicability: decide(state, context.clock.now()) });
    },
    async historyView(fact) {
      const definition = (await load()).model.facts.get(fact);
      if (definition === undefined) throw new GatehouseError('not_found', 'The catalogue in use has no such question.');
      return (await listHistory(context.database.sql, fact)).map((row) => toSaidView(definition, row));
    },
    async whatIf(facts, at = context.clock.now()) {
      const state = await load();
      const given = Object.entries(facts).map(([fact, value]) => ({ fact, value }));
      const values = new Map(state.values);
      for (const { fact, value } of desk.accept(given, 'Nothing was worked out.')) {
        if (value === null) values.delete(fact);
        else values.set(fact, value);
      }
      const after = decideApplicability({ catalogue: state.loaded.catalogue, model: state.model, values, day: toDay(at) });
      return compareOutcomes(state.loaded, decide(state, at), after);
    },
  };
}

function toState(rows: Awaited<ReturnType<typeof listNewest>>, loaded: LoadedCatalogue, model: Model): State {
  const found = rows.filter(({ origin }) => origin === 'system').map(toSaid);
  const byPeople = new Map(rows.filter(({ origin }) => origin !== 'system').map((row) => [row.fact, toSaid(row)]));
  const bySaid = new Map(found.map((one) => [one.fact, one]));
  // What a person took back leaves what Gatehouse found, if it found anything.
  for (const [fact, one] of byPeople) if (one.value !== null || !bySaid.has(fact)) bySaid.set(fact, one);
  const known = new Map([...bySaid.values()].flatMap(({ fact, value }) => (value === null ? [] : [[fact, value] as const])));
  const values = deriveValues(model, known);
  const digest = createHash('sha256')
    .update(toCanonicalText(Object.fromEntries(values)))
    .digest('hex');
  return { said: [...bySaid.values()], values, digest, loaded, model, bySaid, byPeople, found, sequence: Math.max(0, ...rows.map(({ sequence }) => sequence)) };
}

function toSaid({ fact, value, origin, saidBy, saidName, saidAt, method }: SaidFact): SaidFact {
  return { fact, value, origin, saidBy, saidName: saidName ?? null, saidAt, method };
}

function accept(model: Model, given: readonly GivenAnswer[], kept: string): ReadAnswers['answers'] {
  const { answers, faults } = readAnswers(model.facts, given);
  if (faults.length === 0) return answers;
  const count = faults.length === 1 ? 'One answer' : `${faults.length} answers`;
  throw new GatehouseError('fact_invalid', `${count} cannot be taken. ${kept}`, { errors: faults });
}

async function append({ events, clock }: AppContext, facts: readonly Omit<SaidFact, 'saidAt'>[], tx: Tx): Promise<void> {
  const saidAt = clock.now();
  await insertFacts(
    tx,
    facts.map((fact) => ({ ...fact, saidAt })),
  );
  for (const { fact, saidBy } of facts) await events.emit('code.changed', { change: 'fact', subject: fact, actor: saidBy }, tx);
}

function toNames(actor: Actor): Pick<SaidFact, 'saidBy' | 'saidName'> {
  return typeof actor === 'string' ? { saidBy: actor, saidName: null } : { saidBy: actor.id, saidName: actor.name };
}

function compareOutcomes(
  loaded: LoadedCatalogue,
  before: readonly Applicability[],
  after: readonly Applicability[],
): Awaited<ReturnType<QuestionsService['whatIf']>> {
  const old = new Map(before.map(({ control, outcome }) => [control, outcome]));
  const differences = after.flatMap(({ control, outcome, reason }) => {
    const was = old.get(control) ?? 'undecided';
    return was === outcome ? [] : [{ control, title: loaded.control(control)?.control.title ?? control, before: was, after: outcome, reason }];
  });
  return { differences, unchanged: after.length - differences.length };
}

/** The law changes at midnight of the day; UTC here, which is an hour late in a British summer. */
function toDay(at: Date): string {
  return at.toISOString().slice(0, 10);
}
