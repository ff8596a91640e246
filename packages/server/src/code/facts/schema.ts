/** What is said about the service, by whom and when, and what follows from it for each measure. */
import { z } from 'zod';
import type { Tx } from '../../platform/db/database.ts';
import type { Questionnaire, SaidView, WhatIf } from './question-schema.ts';

export const LEVELS = ['negligible', 'low', 'medium', 'high'] as const;
export type Level = (typeof LEVELS)[number];

export type FactValue = boolean | number | string;

/** A fact as somebody said it. The newest of an id counts; older ones are kept. */
export interface SaidFact {
  readonly fact: string;
  /** Null: taken back, unknown again. */
  readonly value: FactValue | null;
  /** `assessment`: it follows from a signed risk assessment. `system`: Gatehouse knows it itself. */
  readonly origin: 'answer' | 'assessment' | 'system';
  readonly saidBy: string;
  /** The name, as it was at the time. */
  readonly saidName?: string | null | undefined;
  readonly saidAt: Date;
  /** How it was found out: `mean of July to December, first-party analytics`. */
  readonly method: string | null;
}

/** Values by id, derived ones included. What is not in it is unknown: unknown is never no. */
export type FactValues = ReadonlyMap<string, FactValue>;

/**
 * - `binds`: in force, and the facts say that it is for this service.
 * - `will_bind`: decided, begins on a later day.
 * - `on_notice`: a power; binds once a notice was given.
 * - `addressed`: voluntary, guidance, recommendation, benchmark or own rule that is meant for this service. Nothing binds.
 * - `proposed`: not final; would be for this service as it stands.
 * - `not_asked`: the facts say that it is not for this service, or it lapsed. What is done anyway is shown beside it, never as a duty.
 * - `undecided`: facts are missing, or the text is not final.
 */
export const OUTCOMES = ['binds', 'will_bind', 'on_notice', 'addressed', 'proposed', 'not_asked', 'undecided'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** A change of one fact: `ukMau` from 20,000 to more than 700,000. */
export const FactChangeSchema = z.object({
  fact: z.string(),
  question: z.string(),
  now: z.string().describe('The value now, in words; `not answered`.'),
  /** In words: `more than 700,000`. */
  to: z.string(),
});
export type FactChange = z.output<typeof FactChangeSchema>;

export const ApplicabilitySchema = z
  .object({
    control: z.string(),
    outcome: z.enum(OUTCOMES),
    reason: z.string().describe('One or two sentences, in the words of the facts.'),
    decidedBy: z
      .array(z.object({ fact: z.string(), question: z.string(), value: z.string(), saidBy: z.string().nullable(), saidAt: z.iso.datetime().nullable() }))
      .describe('The facts without which the answer would be another one.'),
    missing: z.array(z.string()).describe('Facts that nobody has answered and on which it depends.'),
    wouldBind: z.array(z.array(FactChangeSchema)).describe('Each entry is a smallest set of changes that would make it apply; at most five, smallest first.'),
    from: z.iso.date().nullable(),
  })
  .meta({ id: 'CodeApplicability' });
export type Applicability = z.output<typeof ApplicabilitySchema>;

/** Who answers: an id, or an id with the name to show. */
export type Actor = string | { readonly id: string; readonly name: string };

/** Values without what follows from them are not enough: `read` gives both. */
export interface FactsState {
  /** What counts, one for each fact that is known or was taken back: what people said before what Gatehouse found. */
  readonly said: readonly SaidFact[];
  readonly values: FactValues;
  /** SHA-256 of the canonical JSON of the values, hexadecimal. */
  readonly digest: string;
}

export interface FactsService {
  /** As they are now, or as they were at a time. */
  read(at?: Date): Promise<FactsState>;
  /** Newest first, what Gatehouse found included. */
  history(fact: string): Promise<readonly SaidFact[]>;
  /** @throws {GatehouseError} `fact_invalid` with every fault by fact; nothing is kept then */
  answer(answers: readonly { readonly fact: string; readonly value: FactValue | null; readonly method?: string | undefined }[], actor: Actor): Promise<void>;
  /** From a signed risk assessment, in the transaction that signs it: a level that is not kept undoes the signature. */
  set(facts: readonly Omit<SaidFact, 'saidAt'>[], tx?: Tx): Promise<void>;
  /** One for each control of the catalogue in use, in its order. `at`: what binds on that day, with the facts of now. */
  applicability(at?: Date): Promise<readonly Applicability[]>;
}

/** What only this room's own surfaces need. */
export interface QuestionsService extends FactsService {
  questionnaire(): Promise<Questionnaire>;
  /** In words. @throws {GatehouseError} `not_found` for a fact that the catalogue does not have */
  historyView(fact: string): Promise<readonly SaidView[]>;
  /** What would be otherwise; nothing is kept. @throws {GatehouseError} `fact_invalid` */
  whatIf(facts: Readonly<Record<string, FactValue | null>>, at?: Date): Promise<WhatIf>;
  /** Notes what Gatehouse knows of itself, and follows changes of it. */
  start(): Promise<void>;
}
