/** Reads what is public of the register. */
import type { LogProof, LogService } from '../../log/index.ts';
import type { AppContext } from '../../platform/context.ts';
import { GatehouseError } from '../../platform/errors.ts';
import type { ChecksService, CheckState } from '../checks/schema.ts';
import type { ExchangeService, LinkView } from '../exchange/schema.ts';
import { writeOneJsonLd } from '../exchange/jsonld-write-rules.ts';
import { listPublished } from '../model/store.ts';
import type { RecommendationView, RegisterService as ModelService } from '../model/schema.ts';
import { compareHappenings, describeChange, describeCheckChange } from './happening-rules.ts';
import { addChecks, hidePersons } from './data-rules.ts';
import { listChoices, orderViews } from './order-rules.ts';
import type { Dated, Entry, Filter, Happening, Listing, RegisterRow } from './schema.ts';

export interface Publication {
  /** @param register undefined: all of them. @throws {GatehouseError} `not_found`, also when the operator publishes nothing */
  list(register: string | undefined, filter: Filter): Promise<Dated<Listing>>;
  /** @throws {GatehouseError} `not_found` */
  entry(register: string, number: string): Promise<Dated<Entry>>;
  /** A whole register. */
  file(register: string, format: 'csv' | 'json' | 'jsonld'): Promise<Dated<{ readonly text: string; readonly contentType: string }>>;
  /** One recommendation as JSON-LD, with its checks. */
  linkedData(register: string, number: string): Promise<Dated<object>>;
  /** What happened lately, newest first. */
  happenings(): Promise<readonly Happening[]>;
  checks(): Promise<readonly CheckState[]>;
  /** The exact text of a run. */
  run(id: string): Promise<string>;
  proof(id: string): Promise<LogProof>;
}

export interface PublicationParts {
  readonly context: AppContext;
  readonly log: Pick<LogService, 'status' | 'find' | 'prove'>;
  readonly model: Pick<ModelService, 'registers' | 'list' | 'find' | 'timeline'>;
  readonly exchange: Pick<ExchangeService, 'export' | 'links'>;
  readonly checks: Pick<ChecksService, 'all' | 'changes' | 'file'>;
}

const DAY_MS = 86_400_000;
const HAPPENINGS_MAX = 100;
/** Results of checks are many; what is older stands in the log. */
const CHECK_DAYS = 90;

export function createPublication(parts: PublicationParts): Publication {
  const { context, model, exchange, checks } = parts;
  const startedAt = context.clock.now();
  const assertPublic = (): void => {
    if (!context.config.registerPublic) throw new GatehouseError('not_found', 'The register is not published here.');
  };
  const readDated = async <Value>(value: Value, shown: readonly CheckState[], links: readonly LinkView[] = []): Promise<Dated<Value>> => ({
    value,
    changedAt: findChange(parts, { startedAt, shown, links, changes: await listPublished(context.database.sql) }),
  });
  const entry = async (register: string, number: string): Promise<Dated<Entry>> => {
    assertPublic();
    const own = requireRegister(await model.registers(), register);
    const view = await model.find(`${register}/${number}`);
    const names = new Set(view.checks.map(({ name }) => name));
    const shown = (await checks.all()).filter(({ name }) => names.has(name));
    const siblings = await model.list({ register });
    const at = siblings.findIndex(({ id }) => id === view.id);
    const timeline = await readTimeline(parts, view, shown);
    const links = (await exchange.links()).filter(({ usedBy }) => usedBy.includes(view.id) || usedBy.includes(register));
    const [previous = null, next = null] = [siblings[at - 1]?.id, siblings[at + 1]?.id];
    return readDated({ register: own, view, checks: shown, links, timeline, previous, next }, shown, links);
  };
  return {
    async list(register, filter) {
      assertPublic();
      const registers = await model.registers();
      const own = register === undefined ? null : requireRegister(registers, register);
      const all = await model.list({ register });
      const { order, direction, ...wanted } = filter;
      const views = orderViews(await model.list({ register, ...wanted }), { order, direction });
      return readDated({ register: own, registers, views, total: all.length, choices: listChoices(all) }, await checks.all());
    },
    entry,
    async file(register, format) {
      assertPublic();
      const { text, contentType } = await exchange.export(register, format);
      return readDated({ text: format === 'json' ? hidePersons(text) : text, contentType }, await checks.all());
    },
    async linkedData(register, number) {
      const { value, changedAt } = await entry(register, number);
      const { recommendations: _count, ...own } = value.register;
      return { value: addChecks(writeOneJsonLd(context.publicUrl(), own, value.view), value.checks, context.publicUrl()), changedAt };
    },
    async happenings() {
      assertPublic();
      const changes = (await listPublished(context.database.sql)).map(describeChange);
      const flips = await readFlips(parts, await model.list());
      return [...changes, ...flips].toSorted(compareHappenings).slice(0, HAPPENINGS_MAX);
    },
    async checks() {
      assertPublic();
      return checks.all();
    },
    async run(id) {
      assertPublic();
      return (await checks.file(id)).text;
    },
    async proof(id) {
      assertPublic();
      return proveRun(parts, id);
    },
  };
}

/** Nobody from outside makes the log sign: a checkpoint comes every minute in which something happened. */
async function proveRun({ context, log, checks }: PublicationParts, id: string): Promise<LogProof> {
  if (!context.config.logPublic) throw new GatehouseError('not_found', 'The log is not published here.');
  await checks.file(id);
  const index = await log.find('register.checked', id);
  const { checkpoint } = await log.status();
  if (index === undefined || checkpoint === null || checkpoint.size <= index)
    throw new GatehouseError('not_found', 'No checkpoint of the log stands for this run yet. One is signed within two minutes.');
  return log.prove(index);
}

function requireRegister(registers: readonly RegisterRow[], id: string): RegisterRow {
  const found = registers.find((register) => register.id === id);
  if (found === undefined) throw new GatehouseError('not_found', `There is no register ${id}.`);
  return found;
}

async function readTimeline({ context, model, checks }: PublicationParts, view: RecommendationView, shown: readonly CheckState[]): Promise<Happening[]> {
  const titles = new Map(shown.map(({ name, title }) => [name, title]));
  const since = new Date(context.clock.now().getTime() - CHECK_DAYS * DAY_MS);
  const flips = (await checks.changes(since)).flatMap((flip) => {
    const title = titles.get(flip.name);
    return title === undefined ? [] : [describeCheckChange(flip, view.id, title)];
  });
  return [...(await model.timeline(view.id)).map(describeChange), ...flips].toSorted((a, b) => compareHappenings(b, a));
}

/** One for each recommendation that rests on the check. */
async function readFlips({ context, checks }: PublicationParts, views: readonly RecommendationView[]): Promise<Happening[]> {
  const since = new Date(context.clock.now().getTime() - CHECK_DAYS * DAY_MS);
  return (await checks.changes(since)).flatMap((flip) =>
    views.flatMap((view) => {
      const check = view.checks.find(({ name }) => name === flip.name);
      return check === undefined ? [] : [describeCheckChange(flip, view.id, check.title)];
    }),
  );
}

interface Changing {
  readonly links: readonly LinkView[];
  readonly startedAt: Date;
  readonly shown: readonly CheckState[];
  readonly changes: readonly { readonly publishedAt: Date | null }[];
}

/**
 * The newest of: the last change, the last run of a check, midnight (lateness is counted in days), the start (a new version may write differently).
 * Undefined while a check is out of date: when that came to be is not an event.
 */
function findChange({ context }: PublicationParts, { startedAt, shown, links, changes }: Changing): Date | undefined {
  if (shown.some(({ result }) => result === 'stale')) return undefined;
  const midnight = new Date(`${context.clock.now().toISOString().slice(0, 10)}T00:00:00.000Z`);
  const times = [
    startedAt,
    midnight,
    ...shown.map(({ lastRunAt }) => lastRunAt),
    ...links.map(({ checkedAt }) => checkedAt),
    ...changes.map(({ publishedAt }) => publishedAt),
  ];
  return new Date(Math.max(...times.map((at) => at?.getTime() ?? 0)));
}
