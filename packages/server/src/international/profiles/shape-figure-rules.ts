/** Figures: reports that NCMEC counted, hosting that the IWF found, aggregates of INHOPE and ICMEC. */
import { z } from 'zod';
import { NO_COUNTRY, type Places } from './place-rules.ts';
import type { Place } from './schema.ts';
import { CountCell, endOfYear, formatCount, PercentCell, splitAddress, toKey, YearCell } from './shape-part-rules.ts';
import { defineShape, type RowContext, type RowSayings, type Saying, type Shape } from './shape-schema.ts';

const NCMEC_YEARS = ['2019', '2020', '2021', '2022', '2023'] as const;

const ncmecReports: Shape = defineShape({
  name: 'ncmec_reports',
  about: 'CyberTipline reports by country and year, one row for each country, one column for each year',
  caveat:
    'Follows where something was uploaded from, is moved by proxies, and is not a measure of how much abuse there is in a country (NCMEC). Not comparable with figures that count referrals only.',
  row: z.object({
    country: z.string().min(1),
    iso3: z.string(),
    '2019': CountCell,
    '2020': CountCell,
    '2021': CountCell,
    '2022': CountCell,
    '2023': CountCell,
  }),
  read({ country: name, iso3, ...counts }, { places }) {
    // NCMEC's own line for reports without a country; without it the years do not add up to its totals.
    const place = iso3 === '' && name === 'No Country Listed' ? places.byCode(NO_COUNTRY) : places.byAlpha3(iso3);
    if (place === undefined) return { sayings: [], fault: `the country ${name} (${iso3}) is not known` };
    const sayings = NCMEC_YEARS.flatMap((year): Saying[] => {
      const value = counts[year];
      if (value === null) return [];
      const text = `NCMEC counted ${formatCount(value)} CyberTipline reports in ${year} under "${name}".`;
      return [
        { country: place.code, topic: 'figure', key: `ncmec_reports_${year}`, value, text, asOf: endOfYear(year), caveat: ncmecReports.caveat, isAdded: true },
      ];
    });
    return { sayings };
  },
});

const IWF_CAVEAT = 'What one hotline found and traced, not a census. (c) Internet Watch Foundation.';

const IwfRow = z.object({
  country: z.string().min(1),
  iso2: z.string(),
  reports_2024: CountCell,
  pct_2024_rounded: PercentCell,
  pct_2023_rounded: PercentCell,
  source: z.string(),
});

const iwfHosting2024: Shape = defineShape({
  name: 'iwf_hosting_2024',
  about: 'Addresses that the IWF traced in 2024, by hosting country, with shares of 2024 and 2023 rounded to whole percent',
  caveat: `${IWF_CAVEAT} The table that was read ends before the smallest hosts. Shares are rounded: 0 is less than one half percent.`,
  row: IwfRow,
  read(row, context) {
    const caveat = iwfHosting2024.caveat;
    return readHosting(
      [
        { ...row, caveat, year: '2024', urls: row.reports_2024, pct: row.pct_2024_rounded },
        { ...row, caveat, year: '2023', urls: null, pct: row.pct_2023_rounded },
      ],
      context,
    );
  },
});

const iwfHosting: Shape = defineShape({
  name: 'iwf_hosting',
  about: 'Single figures of the IWF about hosting: year, country, addresses, percent, source',
  caveat: `${IWF_CAVEAT} Single figures from different reports and reports about them.`,
  row: z.object({ year: YearCell, country: z.string().min(1), iso2: z.string(), urls: CountCell, pct: PercentCell, source: z.string() }),
  read: (row, context) => readHosting([{ ...row, caveat: iwfHosting.caveat }], context),
});

interface Hosting {
  readonly year: string;
  readonly country: string;
  readonly iso2: string;
  readonly urls: number | null;
  readonly pct: number | null;
  readonly source: string;
  readonly caveat: string;
}

function readHosting(rows: readonly Hosting[], { places }: RowContext): RowSayings {
  const [first] = rows;
  const place = first === undefined ? undefined : findHostingPlace(first, places);
  if (place === undefined) return { sayings: [], fault: `the country ${first?.country ?? ''} (${first?.iso2 ?? ''}) is not known` };
  const sayings = rows.flatMap(({ year, country, urls, pct, source, caveat }): Saying[] => {
    // Regions, totals and onion services are no country: kept apart, each under a name of its own.
    const own = place.code === NO_COUNTRY ? country : '';
    const about = { country: place.code, topic: 'figure' as const, asOf: endOfYear(year), caveat, url: splitAddress(source).url };
    return [
      ...(urls === null
        ? []
        : [
            {
              ...about,
              key: toKey(`iwf_hosting_${year}`, own),
              value: urls,
              text: `The IWF traced ${formatCount(urls)} addresses to "${country}" in ${year}.`,
            },
          ]),
      ...(pct === null
        ? []
        : [
            {
              ...about,
              key: toKey(`iwf_share_${year}`, own),
              value: pct,
              text: `Of the addresses that the IWF traced in ${year}, ${pct}% were hosted in "${country}".`,
            },
          ]),
    ];
  });
  return { sayings };
}

const NOT_COUNTRIES = /^(ALL|\.onion \(no country\)|.+ \(region\))$/;

function findHostingPlace({ country, iso2 }: Hosting, places: Places): Place | undefined {
  return iso2 === '' && NOT_COUNTRIES.test(country) ? places.byCode(NO_COUNTRY) : places.byCode(iso2);
}

const inhopeNetwork: Shape = defineShape({
  name: 'inhope_network',
  about: 'Figures about the network of hotlines as a whole: year, measure, value, unit, source',
  caveat: 'About the network as a whole, from different years and publications; measures changed between them.',
  row: z.object({
    year: z.string().regex(/^\d{4}(H[12]| [a-z]+)?$/, 'must be a year'),
    measure: z.string().min(1),
    value: z.coerce.number(),
    unit: z.string(),
    source: z.string().min(1),
  }),
  read({ year, measure, value, unit, source }) {
    const { url, rest } = splitAddress(source);
    const shown = unit === 'count' ? formatCount(value) : `${value}${unit === '%' ? '%' : ` ${unit}`}`;
    // The day is known only where the figure is for a whole year.
    const asOf = /^\d{4}$/.test(year) ? endOfYear(year) : null;
    const text = `INHOPE, ${year}: ${measure}: ${shown}.${rest === '' ? '' : ` Read ${rest}.`}`;
    return { sayings: [{ country: NO_COUNTRY, topic: 'figure', key: toKey('inhope', year, measure), value, text, asOf, caveat: inhopeNetwork.caveat, url }] };
  },
});

const icmecAggregates: Shape = defineShape({
  name: 'icmec_aggregates',
  about: 'Figures over all countries from ICMEC’s global review of laws: edition, year, measure, value, source',
  caveat:
    'Over all countries reviewed. The table of single countries was not obtained, and whether a law counts as sufficient is ICMEC’s judgement by its five criteria.',
  row: z.object({ edition: z.string().min(1), year: YearCell, measure: z.string().min(1), value: CountCell, source: z.string() }),
  read({ edition, year, measure, value, source }, { before }) {
    const { url } = splitAddress(source === 'same' ? (before?.['source'] ?? '') : source);
    const text = `ICMEC global review, ${edition} edition (${year}): ${measure}${value === null ? '' : `: ${formatCount(value)}`}.`;
    const key = toKey('icmec', edition, measure);
    return {
      sayings: [{ country: NO_COUNTRY, topic: 'figure', key, value: value ?? measure, text, asOf: endOfYear(year), caveat: icmecAggregates.caveat, url }],
    };
  },
});

export const FIGURE_SHAPES: readonly Shape[] = [ncmecReports, iwfHosting2024, iwfHosting, inhopeNetwork, icmecAggregates];
