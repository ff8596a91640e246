/** What the readers of shapes have in common. */
import { z } from 'zod';

/** `163,120`; an empty cell is no figure, and not 0. */
export const CountCell = z
  .string()
  .regex(/^(\d{1,3}(,\d{3})+|\d+)?$/, 'must be a count')
  .transform((text) => (text === '' ? null : Number(text.replaceAll(',', ''))));

export const PercentCell = z
  .string()
  .regex(/^(\d{1,3}(\.\d+)?)?$/, 'must be a percentage')
  .transform((text) => (text === '' ? null : Number(text)))
  .refine((value) => value === null || value <= 100, 'must be a percentage');

export const YearCell = z.string().regex(/^(19|20)\d\d$/, 'must be a year');

const KEY_CHARS_MAX = 60;

/** A key out of words of a table: `iwf_share_2018_europe_region`. */
export function toKey(...parts: readonly string[]): string {
  const words = parts.map((part) =>
    part
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '_')
      .replaceAll(/^_+|_+$/g, ''),
  );
  return words
    .filter((word) => word !== '')
    .join('_')
    .slice(0, KEY_CHARS_MAX)
    .replace(/_+$/, '');
}

/** The address in a cell that may say more, and what it says besides. */
export function splitAddress(cell: string): { readonly url: string | null; readonly rest: string } {
  const url = /https?:\/\/[^\s"';]+/.exec(cell)?.[0] ?? null;
  return { url, rest: (url === null ? cell : cell.replace(url, '')).trim() };
}

export function endOfYear(year: string): string {
  return `${year}-12-31`;
}

export function formatCount(value: number): string {
  return value.toLocaleString('en-GB');
}
