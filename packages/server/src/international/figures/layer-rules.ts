/** What one layer of the map says of each country. One thing at a time: nothing is blended, and no country has a rank. */
import type { FigureTable, Layer, LayerSource, StatedValue } from './schema.ts';
import { UNKNOWN } from './figure-rules.ts';

/** `c1` to `c5`: less to more. `none`: looked at, and nothing or too little. `unknown`: nobody said anything. */
export const CLASSES = ['c1', 'c2', 'c3', 'c4', 'c5', 'none', 'unknown'] as const;
export type MapClass = (typeof CLASSES)[number];

export interface Mark {
  readonly mapClass: MapClass;
  /** The value in words, for the table and for whoever points at the place. */
  readonly text: string;
  /** For sorting. */
  readonly order: number;
}

export interface LayerView {
  readonly layer: Layer;
  readonly about: string;
  readonly title: string;
  readonly note: string;
  /** In the order of the legend. */
  readonly legend: readonly { readonly mapClass: MapClass; readonly text: string; readonly countries: number | null }[];
  readonly marks: ReadonlyMap<string, Mark>;
  /** What is said of every other country. */
  readonly rest: { readonly mapClass: MapClass; readonly text: string };
  /** Of the statements behind it, without repetition. */
  readonly caveats: readonly string[];
  /** Whether it is about our own reports, which the table has columns for anyway. */
  readonly isOwn: boolean;
}

export interface LayerWords {
  readonly phaseLabels: readonly string[];
  readonly capabilities: readonly { readonly number: number; readonly title: string }[];
}

interface Scheme {
  readonly title: string;
  readonly note: string;
  readonly legend: readonly (readonly [MapClass, string])[];
  readonly rest: { readonly mapClass: MapClass; readonly text: string };
}

const SHADES: readonly MapClass[] = ['c1', 'c2', 'c3', 'c4', 'c5'];
const SHARE_BREAKS = [0.01, 0.05, 0.1, 0.25];
const REPORT_BREAKS = [50, 100, 500, 1000];
const DAY_H = 24;
const MEDIAN_BREAKS = [DAY_H, 3 * DAY_H, 7 * DAY_H, 28 * DAY_H];
const NOT_ASSESSED = { mapClass: 'unknown' as const, text: 'not assessed' };

export const TREATIES: Readonly<Record<string, string>> = {
  opsc: 'Optional Protocol on the sale of children, child prostitution and child pornography',
  crc: 'Convention on the Rights of the Child',
  op_ic: 'Optional Protocol on a communications procedure',
  lanzarote: 'Lanzarote Convention (CETS 201)',
  budapest: 'Budapest Convention (CETS 185)',
};

export function viewLayer(layer: Layer, parts: { readonly table: FigureTable; readonly source: LayerSource; readonly words: LayerWords }): LayerView {
  const { source, table } = parts;
  const isOwn = layer === 'share' || layer === 'reports' || layer === 'median';
  const scheme = describeLayer(layer, parts);
  const marks = isOwn ? markOwn(layer, table) : markStated(layer, source.values, parts.words);
  const legend = scheme.legend.map(([mapClass, text]) => ({
    mapClass,
    text,
    countries: [...marks.values()].filter((mark) => mark.mapClass === mapClass).length,
  }));
  return {
    layer,
    about: source.about,
    title: scheme.title,
    note: scheme.note,
    legend: [...legend, { ...scheme.rest, countries: null }],
    marks,
    rest: scheme.rest,
    caveats: [...new Set(source.values.flatMap(({ caveat }) => caveat ?? []))],
    isOwn,
  };
}

function describeLayer(
  layer: Layer,
  { table: { k }, source: { about }, words }: { readonly table: FigureTable; readonly source: LayerSource; readonly words: LayerWords },
): Scheme {
  const few = { mapClass: 'none' as const, text: `fewer than ${k} reports, or none; or withheld` };
  switch (layer) {
    case 'share':
      return {
        title: 'Share of the reports made here',
        note: 'Of all reports, those of unknown place among them.',
        legend: steps(['below 1%', '1% to 5%', '5% to 10%', '10% to 25%', '25% and more']),
        rest: few,
      };
    case 'reports':
      return {
        title: 'Reports made here',
        note: 'Addresses, without duplicates.',
        legend: steps(['below 50', '50 to 99', '100 to 499', '500 to 999', '1,000 and more']),
        rest: few,
      };
    case 'median':
      return {
        title: 'Time until half were removed',
        note: 'From the first notice, with open reports counted as not removed.',
        legend: steps(['within a day', '1 to 3 days', '3 to 7 days', '7 to 28 days', '28 days and more']),
        rest: { mapClass: 'none', text: 'too few reports, or half of them not removed yet' },
      };
    case 'published':
      return {
        title: about === '' ? 'Published shares of hosting' : `Share of hosting that the IWF published for ${about}`,
        note: 'What one hotline found and traced; rounded to whole percent.',
        legend: steps(['below 1%', '1% to 4%', '5% to 9%', '10% to 24%', '25% and more']),
        rest: { ...NOT_ASSESSED, text: 'not in what was read' },
      };
    case 'hotline':
      return {
        title: 'Hotline of its own',
        note: 'For reports from the public, as far as somebody said.',
        legend: [
          ['c4', 'yes'],
          ['c1', 'no: somebody looked'],
        ],
        rest: { mapClass: 'unknown', text: 'not known' },
      };
    case 'treaty':
      return {
        title: `Party of: ${TREATIES[about] ?? about}`,
        note: 'A treaty says what a state promised, not what happens to a report.',
        legend: [
          ['c5', 'party'],
          ['c3', 'signed'],
          ['none', 'neither'],
        ],
        rest: { mapClass: 'unknown', text: 'not known' },
      };
    case 'mnr':
      return {
        title: `Model National Response, capability ${about}: ${words.capabilities.find(({ number }) => String(number) === about)?.title ?? ''}`,
        note: 'Published assessments of this one capability. There is no total over capabilities.',
        legend: [['none', '0: looked at, nothing found'], ...[1, 2, 3, 4].map((phase) => [SHADES[phase] ?? 'c5', labelPhase(phase, words)] as const)],
        rest: NOT_ASSESSED,
      };
  }
}

function steps(texts: readonly string[]): (readonly [MapClass, string])[] {
  return texts.map((text, index) => [SHADES[index] ?? 'c5', text] as const);
}

function labelPhase(phase: number, { phaseLabels }: LayerWords): string {
  return phase === 0 ? '0: looked at, nothing found' : (phaseLabels[phase] ?? `phase ${phase}`);
}

function markOwn(layer: 'share' | 'reports' | 'median', { groups }: FigureTable): ReadonlyMap<string, Mark> {
  return new Map(
    groups
      .filter(({ key }) => key !== UNKNOWN)
      .flatMap(({ key, share, reports, medianHours }): (readonly [string, Mark])[] => {
        if (layer === 'share') return share === null ? [] : [[key, shade(share, SHARE_BREAKS, `${formatShare(share)} of reports`)]];
        if (layer === 'reports') return reports === null ? [] : [[key, shade(reports, REPORT_BREAKS, `${reports} reports`)]];
        return medianHours === null ? [] : [[key, shade(medianHours, MEDIAN_BREAKS, `half removed after ${formatHours(medianHours)}`)]];
      }),
  );
}

function shade(value: number, breaks: readonly number[], text: string): Mark {
  return { mapClass: SHADES[breaks.filter((limit) => value >= limit).length] ?? 'c5', text, order: value };
}

function markStated(layer: Exclude<Layer, 'share' | 'reports' | 'median'>, values: readonly StatedValue[], words: LayerWords): ReadonlyMap<string, Mark> {
  return new Map(
    values.flatMap((stated) => {
      const mark = markOne(layer, stated, words);
      return mark === undefined ? [] : [[stated.country, mark] as const];
    }),
  );
}

/** @returns undefined for a value that means nothing here: the country then stays one of which nothing is known */
function markOne(layer: Exclude<Layer, 'share' | 'reports' | 'median'>, { value }: StatedValue, words: LayerWords): Mark | undefined {
  switch (layer) {
    case 'published':
      return typeof value === 'number' ? shade(value / 100, SHARE_BREAKS, value === 0 ? 'below 0.5%' : `${value}%`) : undefined;
    case 'hotline':
      return value === false ? { mapClass: 'c1', text: 'no', order: 0 } : { mapClass: 'c4', text: 'yes', order: 1 };
    case 'treaty':
      return TREATY_MARKS[String(value)];
    case 'mnr':
      return markPhase(value, words);
  }
}

function markPhase(phase: StatedValue['value'], words: LayerWords): Mark | undefined {
  if (typeof phase !== 'number' || phase < 0 || phase > 4) return undefined;
  return { mapClass: phase === 0 ? 'none' : (SHADES[phase] ?? 'c5'), text: labelPhase(phase, words), order: phase };
}

const TREATY_MARKS: Readonly<Record<string, Mark>> = {
  party: { mapClass: 'c5', text: 'party', order: 2 },
  signatory: { mapClass: 'c3', text: 'signed', order: 1 },
  none: { mapClass: 'none', text: 'neither', order: 0 },
};

/** `12.5%` */
export function formatShare(share: number): string {
  return `${Number((share * 100).toFixed(1))}%`;
}

const DAYS_FROM_H = 48;

/** `under 1 hour`, `18 hours`, `3.5 days` */
export function formatHours(hours: number): string {
  if (hours < 1) return 'under 1 hour';
  if (hours < DAYS_FROM_H) return `${hours} ${hours === 1 ? 'hour' : 'hours'}`;
  return `${Number((hours / DAY_H).toFixed(1))} days`;
}
