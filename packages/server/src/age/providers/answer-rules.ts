/** From fields of a provider's answer to what it says about the question. Pure. */
import { z } from 'zod';
import { readPath } from './json-rules.ts';
import { ProviderFault, type AgeQuestion, type ProviderAnswer } from './schema.ts';

/**
 * How an answer is read. `flag`: a boolean at a path in which `{threshold}` stands for the number. `years`: a number of years, whole or
 * estimated. `birthdate`: YYYY-MM-DD, or YYYY; read, compared and forgotten; only where the provider gives nothing less.
 */
export const AnswerFieldSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('flag'), path: z.string().min(1).max(200) }),
  z.strictObject({ kind: z.literal('years'), path: z.string().min(1).max(200) }),
  z.strictObject({ kind: z.literal('birthdate'), path: z.string().min(1).max(200) }),
]);
export type AnswerField = z.output<typeof AnswerFieldSchema>;

export interface ReadOptions {
  readonly question: AgeQuestion;
  readonly basis: 'verifies' | 'estimates';
  readonly now: Date;
}

/** @throws {ProviderFault} `answer_not_understood` when the field is there with another type; `inconclusive` when it is not there */
export function readAnswer(body: unknown, field: AnswerField, options: ReadOptions): ProviderAnswer {
  const value = readPath(body, field.path.replaceAll('{threshold}', String(options.question.threshold)));
  if (value === undefined || value === null) return { outcome: 'inconclusive' };
  if (field.kind === 'flag') {
    if (typeof value !== 'boolean') throw misread(field);
    return { outcome: 'verified', isOver: value };
  }
  if (field.kind === 'years') {
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0 || value > 130) throw misread(field);
    return options.basis === 'estimates' ? { outcome: 'estimated', years: value } : { outcome: 'verified', isOver: value >= options.question.threshold };
  }
  if (typeof value !== 'string') throw misread(field);
  return { outcome: 'verified', isOver: isOldEnough(value, options) };
}

/** With a year alone, the person counts as born on its last day: nobody is taken for older than they may be. */
function isOldEnough(birthdate: string, { question, now }: ReadOptions): boolean {
  const [, year, month = '12', day = '31'] = /^(\d{4})(?:-(\d{2})-(\d{2}))?$/.exec(birthdate) ?? [];
  if (year === undefined || Number(year) < 1880 || !isCalendarDate(Number(year), Number(month), Number(day)))
    throw new ProviderFault('answer_not_understood', 'The provider gave a date of birth that is none.');
  const had = [Number(year) + question.threshold, Number(month), Number(day)] as const;
  const today = [now.getUTCFullYear(), now.getUTCMonth() + 1, now.getUTCDate()] as const;
  // 29 February is reached on 1 March in other years: later, never earlier.
  for (const [i, part] of today.entries()) if (part !== had[i]) return part > (had[i] ?? 0);
  return true;
}

function isCalendarDate(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function misread({ kind }: AnswerField): ProviderFault {
  return new ProviderFault(
    'answer_not_understood',
    `The field that should hold the answer is not a ${kind === 'flag' ? 'boolean' : kind === 'years' ? 'number of years' : 'date'}.`,
  );
}
