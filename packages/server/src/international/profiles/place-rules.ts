/** Which places there are, and how tables of others name them. */
import { z } from 'zod';
import type { Place } from './schema.ts';
import { parseCsv } from '../../platform/csv-rules.ts';

export interface Places {
  /** ISO 3166-1 in the order of codes, then the four that are not in it. */
  readonly all: readonly Place[];
  byCode(code: string): Place | undefined;
  byAlpha3(alpha3: string): Place | undefined;
}

/** For figures about networks of many countries, and for reports without one. */
export const NO_COUNTRY = 'ZZ';

/** Codes of ISO 3166-3 that tables still carry, where exactly one place took over: East Timor is Timor-Leste since 2002. */
const FORMER: Readonly<Record<string, string>> = { TP: 'TL' };
const NOT_ISO: ReadonlySet<string> = new Set(['AN', 'EU', 'XK', NO_COUNTRY]);

const PlaceRow = z.object({ code: z.string().length(2), alpha3: z.string(), name: z.string().min(1), region: z.string(), note: z.string() });

/** @param text `data/countries.csv` */
export function readPlaces(text: string): Places {
  const all = parseCsv(text).rows.map(({ cells }) => {
    const { code, alpha3, name, region, note } = PlaceRow.parse(cells);
    return {
      code,
      name,
      alpha3: alpha3 === '' ? null : alpha3,
      region: region === '' ? null : region,
      note: note === '' ? null : note,
      isIso: !NOT_ISO.has(code),
    };
  });
  const byCode = new Map<string, Place>(all.map((place) => [place.code, place]));
  const byAlpha3 = new Map<string, Place>(all.flatMap((place) => (place.alpha3 === null ? [] : [[place.alpha3, place] as const])));
  return { all, byCode: (code) => byCode.get(FORMER[code] ?? code), byAlpha3: (alpha3) => byAlpha3.get(alpha3) };
}
