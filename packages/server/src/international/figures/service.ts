/** Figures about notices and hosting. */
import type { AppContext } from '../../platform/context.ts';
import { GatehouseError } from '../../platform/errors.ts';
import type { NoticesService } from '../notices/schema.ts';
import { TAKEN_BACK, type ProfilesService } from '../profiles/schema.ts';
import { readShipped } from '../profiles/shipped.ts';
import { findMoves, findPublishedMoves, MONTHS_BEFORE } from './displacement-rules.ts';
import { makeTable, OTHERS, toSecondTable, UNKNOWN } from './figure-rules.ts';
import { readLayer } from './layers.ts';
import { listMonths, listQuarters, startOfMonth, type Quarter } from './period-rules.ts';
import type { FigureGroup, Figures, FiguresService, FigureTable, Period, PublicFigures, ReportRow, SharePoint } from './schema.ts';
import { makeShares } from './share-rules.ts';
import { countMonths, keepDisplacement, listDisplacements, listPublishedShares, readReports } from './store.ts';

export interface FiguresParts {
  readonly context: AppContext;
  readonly notices: NoticesService;
  readonly profiles: ProfilesService;
}

/** Quarters that everybody may see: as far back as records must be kept elsewhere here, and a little. */
const QUARTERS_SHOWN = 16;

export async function createFiguresService({ context, profiles }: FiguresParts): Promise<FiguresService> {
  const { config, database, clock } = context;
  const k = config.internationalSmallCount;
  const { places, capabilities } = await readShipped();
  const read = async (period: Period): Promise<Figures> => {
    const until = clock.now();
    const rows = await readReports(database.sql, period);
    return { period: { from: period.from.toISOString(), to: period.to.toISOString(), until: until.toISOString() }, ...makeTables(rows, { k, until }) };
  };
  const quarters = (): Quarter[] => listQuarters(clock.now(), QUARTERS_SHOWN);
  const cache = createQuarterCache(async (quarter) => makeTables(await readReports(database.sql, quarter), { k, until: quarter.until }));
  return {
    isPublic: config.internationalPublic,
    read,
    async byCountry(period) {
      return (await read(period)).countries.groups
        .filter(({ key }) => key !== UNKNOWN && key !== OTHERS)
        .map(({ key, ...figure }) => ({ country: key, ...figure }));
    },
    async byScope(period) {
      return (await read(period)).recipients.groups.map(({ key, share: _share, ...figure }) => ({ scope: key, ...figure }));
    },
    async shares(months) {
      const to = startOfMonth(clock.now());
      const from = startOfMonth(to, -months);
      return makeShares(await countMonths(database.sql, { from, to }), { months: listMonths(from, to), k });
    },
    displacements: () => listDisplacements(database.sql),
    findDisplacements: (actor) => findDisplacements(context, actor),
    async readPublic(name) {
      if (!config.internationalPublic) throw new GatehouseError('not_found', 'Figures are not public here (setting internationalPublic).');
      return readPublic({ quarters: quarters(), tablesOf: cache, k }, name);
    },
    quarters: () => quarters().map(({ name }) => name),
    async layer(layer, about) {
      const source = await readLayer(database.sql, layer, about);
      return { ...source, values: source.values.filter(({ value }) => value !== TAKEN_BACK) };
    },
    nameOf: (country) => places.byCode(country)?.name ?? country,
    phaseLabels: () => profiles.phaseLabels(),
    capabilities: capabilities.map(({ n, title }) => ({ number: n, title })),
  };
}

async function findDisplacements({ config, database, clock, events }: AppContext, actor: string): Promise<number> {
  const now = clock.now();
  const to = startOfMonth(now);
  const from = startOfMonth(to, -MONTHS_BEFORE - 1);
  const moves = [
    ...findMoves(await countMonths(database.sql, { from, to }), { months: listMonths(from, to), k: config.internationalSmallCount }),
    ...findPublishedMoves(await listPublishedShares(database.sql)),
  ];
  return database.transact(async (tx) => {
    let kept = 0;
    for (const move of moves) {
      if (!(await keepDisplacement(tx, move, now))) continue;
      kept += 1;
      await events.emit('country.changed', { country: move.country, change: 'share_moved', actor }, tx);
    }
    return kept;
  });
}

interface PublicParts {
  /** Whose figures are due, newest first. */
  readonly quarters: readonly Quarter[];
  readonly tablesOf: QuarterCache;
  readonly k: number;
}

async function readPublic({ quarters, tablesOf, k }: PublicParts, name: string | undefined): Promise<PublicFigures> {
  const index = name === undefined ? 0 : quarters.findIndex((one) => one.name === name);
  const [quarter] = index === -1 ? [] : quarters.slice(index);
  if (quarter === undefined) throw new GatehouseError('not_found', 'There are no figures for that quarter, or they are not due yet.');
  const before: { name: string; countries: FigureTable }[] = [];
  // One after the other: they are read once, and must not take all connections of the database.
  for (const one of quarters.slice(index)) before.push({ name: one.name, countries: (await tablesOf(one)).countries });
  const { countries, recipients } = await tablesOf(quarter);
  return {
    quarter: quarter.name,
    madeFor: quarter.until.toISOString(),
    notes: describePublic(k),
    countries,
    recipients: toSecondTable(recipients, countries),
    shares: toShares(before.toReversed()),
  };
}

interface Tables {
  readonly countries: FigureTable;
  readonly recipients: FigureTable;
  readonly networks: FigureTable;
}

function makeTables(rows: readonly ReportRow[], options: { readonly k: number; readonly until: Date }): Tables {
  const isTold = ({ firstSentAt }: ReportRow): boolean => firstSentAt !== null && firstSentAt <= options.until;
  return {
    countries: makeTable(rows, { ...options, keyOf: ({ country }) => country }),
    recipients: makeTable(rows, { ...options, keyOf: (row) => (isTold(row) ? row.scope : undefined) }),
    networks: makeTable(rows, { ...options, keyOf: ({ network }) => network }),
  };
}

type QuarterCache = (quarter: Quarter) => Promise<Tables>;

/** Everybody may ask for them, and they do not change: read once. Bounded by the quarters that are shown. */
function createQuarterCache(make: QuarterCache): QuarterCache {
  const kept = new Map<string, Promise<Tables>>();
  return (quarter) => {
    const known = kept.get(quarter.name);
    if (known !== undefined) return known;
    const made = make(quarter);
    kept.set(quarter.name, made);
    made.catch(() => kept.delete(quarter.name));
    for (const name of [...kept.keys()].toSorted().slice(0, Math.max(0, kept.size - QUARTERS_SHOWN))) kept.delete(name);
    return made;
  };
}

/** From the tables that are public anyway: shares by month could be put together to what is withheld by quarter. */
function toShares(quarters: readonly { readonly name: string; readonly countries: FigureTable }[]): SharePoint[] {
  const isCountry = ({ key }: FigureGroup): boolean => key !== UNKNOWN;
  const countries = [...new Set(quarters.flatMap((quarter) => quarter.countries.groups.filter(isCountry).map(({ key }) => key)))].toSorted();
  return quarters.flatMap(({ name, countries: table }) =>
    countries.map((country) => ({ month: name, country, share: table.groups.find(({ key }) => key === country)?.share ?? null, of: table.overall.reports })),
  );
}

function describePublic(k: number): string[] {
  return [
    'Reports that were made here, not all that there are. A country with many reports is one where we were told of many addresses, not one with much abuse.',
    'Where something is hosted is what registries and datasets say of its address, never a certainty.',
    'Reports of one quarter, as they stood at the end of the next one. Duplicates are not counted.',
    'Times run from the first notice. Reports that are still open, were never answered or moved elsewhere count as not removed; they are in the median.',
    `Withheld: counts below ${k}, and counts from which such a one could be worked out.`,
  ];
}
