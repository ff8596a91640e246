/** Signals as people type them. */
import { SIGNAL_BYTES, SIGNAL_TYPES, type SignalType } from '../lists/index.ts';
import type { Signal } from './look-up-schema.ts';

export type SignalLine = { readonly ok: true; readonly signal: Signal } | { readonly ok: false; readonly problem: string };

/**
 * `pdq:<hex>`, `pdq:<hex>:<quality>`, `md5:<hex>` or `<hex>` alone, as people type it and `gatehouse hash` prints it.
 * @param fallback the type of 64 digits without a type; other lengths say it themselves
 * @returns a problem that never repeats the value
 */
export function readSignalLine(text: string, fallback?: SignalType): SignalLine {
  const [first = '', ...more] = text.trim().split(':');
  const named = SIGNAL_TYPES.find((type) => type === first.trim().toLowerCase());
  const [digits = '', quality, ...rest] = named === undefined ? [first, ...more] : more;
  const value = digits.trim().toLowerCase();
  if (rest.length > 0 || !/^[0-9a-f]+$/.test(value)) return fail('is not a type, a colon and hexadecimal digits, such as md5:0123…');
  const type = named ?? findType(value.length, fallback);
  if (type === undefined) return fail('does not say its type: write pdq: or sha256: before 64 digits, md5: before 32, sha1: before 40');
  if (value.length !== SIGNAL_BYTES[type] * 2) return fail(`needs ${SIGNAL_BYTES[type] * 2} hexadecimal digits and has ${value.length}`);
  return quality === undefined ? { ok: true, signal: { type, value } } : withQuality({ type, value }, quality.trim());
}

function withQuality({ type, value }: Signal, text: string): SignalLine {
  if (type !== 'pdq' || !/^\d{1,3}$/.test(text) || Number(text) > 100) return fail('has a quality that is not one: from 0 to 100, and for PDQ only');
  return { ok: true, signal: { type, value, quality: Number(text) } };
}

function findType(digits: number, fallback: SignalType | undefined): SignalType | undefined {
  if (fallback !== undefined && SIGNAL_BYTES[fallback] * 2 === digits) return fallback;
  const fitting = SIGNAL_TYPES.filter((type) => SIGNAL_BYTES[type] * 2 === digits);
  return fitting.length === 1 ? fitting[0] : undefined;
}

function fail(problem: string): SignalLine {
  return { ok: false, problem };
}
