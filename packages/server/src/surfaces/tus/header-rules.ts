/** What both protocols read of headers. */
import { GatehouseError } from '../../platform/errors.ts';
import type { ReadHeader } from './protocol.ts';

/** A whole number from 0 to 2^53 - 1, and nothing else that Number() would take. */
export function readCount(header: ReadHeader, name: string): number | undefined {
  const given = header(name);
  if (given === undefined) return undefined;
  const value = /^\d{1,16}$/.test(given) ? Number(given) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw invalid(`${name} must be a whole number.`);
  return value;
}

export function invalid(detail: string): GatehouseError {
  return new GatehouseError('invalid_request', detail);
}
