/** Public figures: times to removal with denominators, shares over time, displacement. Small counts are withheld; no public figure names an address or a network. */
import { z } from 'zod';
import type { NoticeOutcome } from '../notices/schema.ts';
import type { Scope } from '../hosting/schema.ts';

/** What figures know of a report: nothing of its address. */
export interface ReportRow {
  /** Null: unknown, behind a delivery network, disputed. */
  readonly country: string | null;
  /** `AS64496 Example`, or null. */
  readonly network: string | null;
  /** Whom the first notice that went out was for. */
  readonly scope: Scope | null;
  readonly reportedAt: Date;
  /** Handed over counts as sent. */
  readonly firstSentAt: Date | null;
  readonly closedAt: Date | null;
  readonly outcome: NoticeOutcome | null;
}

const Count = z.number().int().nullable();

export const FigureGroupSchema = z.object({
  key: z.string().describe('Country (ISO 3166-1), recipient or network; `unknown`: nobody could tell; `all`.'),
  reports: Count,
  removed: Count.describe('Removed or unavailable. Null: withheld.'),
  closed: Count.describe('With any outcome, removal among them.'),
  open: Count,
  followed: Count.describe('Reports about which somebody was told: what the times are about.'),
  medianHours: Count.describe('Hours from the first notice until half of all followed were removed, open ones included. Null: withheld, or not reached.'),
  p90Hours: Count.describe('The same for nine tenths.'),
  share: z.number().nullable().describe('Of all reports of the table, those of unknown place among them.'),
  isWithheld: z.boolean(),
});
export type FigureGroup = z.output<typeof FigureGroupSchema>;

export const FigureTableSchema = z.object({
  k: z.number().int(),
  groups: z.array(FigureGroupSchema),
  others: z
    .object({ reports: Count })
    .nullable()
    .describe('Groups that are too small, together; and one that is not, where the small one could be worked out.'),
  overall: FigureGroupSchema,
});
export type FigureTable = z.output<typeof FigureTableSchema>;

export const SharePointSchema = z.object({
  month: z.string().describe('`2026-11`; public: `2026-Q3`'),
  country: z.string(),
  share: z.number().nullable(),
  of: Count,
});
export type SharePoint = z.output<typeof SharePointSchema>;

const End = z.object({ month: z.string(), share: z.number() });
export const DisplacementSchema = z
  .object({
    basis: z.enum(['notices', 'published']).describe('`notices`: reports made here; `published`: yearly shares that somebody else published.'),
    country: z.string(),
    from: End,
    to: End,
    /** After correction for the number of countries; null where there is no test. */
    pValue: z.number().nullable(),
    reason: z.string(),
    foundAt: z.iso.datetime(),
  })
  .meta({ id: 'HostingDisplacement' });
export type Displacement = z.output<typeof DisplacementSchema>;

export const FiguresSchema = z
  .object({
    period: z.object({ from: z.iso.datetime(), to: z.iso.datetime(), until: z.iso.datetime() }),
    countries: FigureTableSchema,
    recipients: FigureTableSchema,
    networks: FigureTableSchema,
  })
  .meta({ id: 'InternationalFigures' });
export type Figures = z.output<typeof FiguresSchema>;

export const PublicFiguresSchema = z
  .object({
    quarter: z.string(),
    madeFor: z.iso.datetime().describe('What came to be known later is not in them.'),
    notes: z.array(z.string()),
    countries: FigureTableSchema,
    recipients: FigureTableSchema,
    shares: z.array(SharePointSchema),
  })
  .meta({ id: 'InternationalPublicFigures' });
export type PublicFigures = z.output<typeof PublicFiguresSchema>;

export interface Period {
  readonly from: Date;
  readonly to: Date;
}

/** As before for other rooms and domains: countries that may be shown. */
export type CountryFigure = Omit<FigureGroup, 'key'> & { readonly country: string };

export const LAYERS = ['share', 'reports', 'median', 'published', 'hotline', 'treaty', 'mnr'] as const;
export type Layer = (typeof LAYERS)[number];

/** Statements that a layer of the map needs, by country. */
export interface StatedValue {
  readonly country: string;
  readonly value: string | number | boolean;
  readonly asOf: string | null;
  readonly caveat: string | null;
}

export interface LayerSource {
  readonly values: readonly StatedValue[];
  /** The year, treaty or capability that they are about. */
  readonly about: string;
}

export interface FiguresService {
  readonly isPublic: boolean;
  /** Of reports made in the period, as they stand now. Empty where there is nothing. */
  read(period: Period): Promise<Figures>;
  byCountry(period: Period): Promise<readonly CountryFigure[]>;
  byScope(period: Period): Promise<readonly (Omit<FigureGroup, 'key' | 'share'> & { readonly scope: string })[]>;
  shares(months: number): Promise<readonly SharePoint[]>;
  displacements(): Promise<readonly Displacement[]>;
  /** Looks at the last whole month, and at what was published; keeps what moved. Twice is once. @returns how many are new */
  findDisplacements(actor: string): Promise<number>;
  /** @throws {GatehouseError} `not_found`: not public, or no quarter whose figures are due */
  readPublic(quarter: string | undefined): Promise<PublicFigures>;
  /** Names of quarters whose figures are due, newest first. */
  quarters(): readonly string[];
  /** What a layer shows besides our own reports. */
  layer(layer: Layer, about: string | undefined): Promise<LayerSource>;
  nameOf(country: string): string;
  phaseLabels(): readonly string[];
  readonly capabilities: readonly { readonly number: number; readonly title: string }[];
}
