/** Which outcome a file name or a request asks for in stub mode. Pure. */
import { z } from 'zod';
import { ERROR_REASONS, UNSCANNABLE_REASONS, VERDICTS } from '../schema.ts';

const Sha256Schema = z
  .string()
  .regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hexadecimal digits')
  .transform((value) => value.toLowerCase());

const DELAY_MAX_MS = 60_000;

const OutcomeSchema = z.object({
  verdict: z.enum(VERDICTS),
  reason: z.string().optional().describe('For `unscannable` and `error`: one of their reasons.'),
  disposition: z.enum(['hold', 'refuse']).optional().describe('For `match`: what the list says; `hold` unless given.'),
  delayMs: z.number().int().min(0).max(DELAY_MAX_MS).optional().describe('The answer comes only after this time.'),
});

export const ForceOutcomeSchema = OutcomeSchema.extend({ sha256: Sha256Schema })
  .refine(({ verdict, reason }) => reason === undefined || reasonsOf(verdict).includes(reason), {
    path: ['reason'],
    message: 'is none of this verdict',
  })
  .refine(({ verdict, disposition }) => disposition === undefined || verdict === 'match', {
    path: ['disposition'],
    message: 'goes with the verdict match only',
  })
  .meta({ id: 'ForceOutcome' });
export type ForcedOutcome = z.output<typeof OutcomeSchema>;
export type ForceOutcome = z.output<typeof ForceOutcomeSchema>;

export const OutcomesSchema = z.object({ items: z.array(OutcomeSchema.extend({ sha256: z.string() })) }).meta({ id: 'ForcedOutcomes' });
export const ClearOutcomesSchema = z.object({ sha256: Sha256Schema.optional().describe('This one only; without it, all.') });

function reasonsOf(verdict: ForcedOutcome['verdict']): readonly string[] {
  if (verdict === 'unscannable') return UNSCANNABLE_REASONS;
  return verdict === 'error' ? ERROR_REASONS : [];
}

/** Longer than the quick answer that a client may wait for, shorter than any patience. */
export const SLOW_MS = 5_000;

const BY_WORD: Readonly<Record<string, ForcedOutcome>> = {
  clear: { verdict: 'clear' },
  match: { verdict: 'match', disposition: 'hold' },
  refuse: { verdict: 'match', disposition: 'refuse' },
  unscannable: { verdict: 'unscannable' },
  error: { verdict: 'error' },
  slow: { verdict: 'clear', delayMs: SLOW_MS },
};

/** `gatehouse-match.jpg` -> match. In the manner of upscan-stub, whose names force outcomes, too. */
export function readFileName(fileName: string): ForcedOutcome | undefined {
  const base = fileName.split(/[/\\]/).at(-1) ?? '';
  const word = /^gatehouse-([a-z]+)\./i.exec(base)?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(BY_WORD, word) ? BY_WORD[word] : undefined;
}
