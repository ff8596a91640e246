/** What settings are made of. */
import { z } from 'zod';

export interface Setting<Schema extends z.ZodType = z.ZodType> {
  readonly schema: Schema;
  readonly about: string;
  /** Never shown, only "set" or "not set". */
  readonly isSecret?: true;
}

export const text = z.string().trim().min(1);
export const words = z
  .union([z.array(text), z.string()])
  .transform((value) => (typeof value === 'string' ? value.split(',').map((word) => word.trim()) : value).filter((word) => word !== ''));
/** Digits or a JSON number, nothing that JavaScript would turn into one: `null`, `true` and `0x10` are mistakes, not limits. */
export const whole = (min: number, max: number): z.ZodType<number> => {
  const fault = `must be a whole number from ${min} to ${max}`;
  return z.preprocess(
    (value) => (typeof value === 'string' && /^\s*\d+\s*$/.test(value) ? Number(value) : value),
    z.number(fault).int(fault).min(min, fault).max(max, fault),
  );
};
export const flag = z
  .union([z.boolean(), z.enum(['true', 'false', '1', '0', 'yes', 'no'])])
  .transform((value) => value === true || value === 'true' || value === '1' || value === 'yes');
