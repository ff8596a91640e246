/** What the public sees of the register: published entries only, without the names of those who keep it. */
import { z } from 'zod';
import { REGISTER_STATUSES, SlugSchema, type RecommendationView, type Register } from '../model/schema.ts';
import type { CheckState } from '../checks/schema.ts';
import type { LinkView } from '../exchange/schema.ts';

export const ORDERS = ['number', 'title', 'status', 'late'] as const;

/** Of a link or a form; what makes no sense is passed over, so that old links never fail. */
export const FilterSchema = z.object({
  status: z.enum(REGISTER_STATUSES).optional().catch(undefined),
  theme: SlugSchema.optional().catch(undefined),
  addressee: z.string().trim().min(1).max(200).optional().catch(undefined),
  text: z.string().trim().min(1).max(200).optional().catch(undefined),
  order: z.enum(ORDERS).default('number').catch('number'),
  direction: z.enum(['asc', 'desc']).default('asc').catch('asc'),
});
export type Filter = z.output<typeof FilterSchema>;

export type RegisterRow = Register & { readonly recommendations: number };

/** Something that happened, for timelines and the feed. */
export interface Happening {
  /** Permanent, unique within its recommendation. */
  readonly id: string;
  readonly at: Date;
  /** `iicsa-internet-2020/1`; a register alone: its id. */
  readonly subject: string;
  readonly title: string;
  readonly text: string;
  /** SHA-256 of the change, as the log has it; of a run of checks the run. */
  readonly digest: string | null;
  readonly runId: string | null;
}

export interface Entry {
  readonly register: RegisterRow;
  readonly view: RecommendationView;
  readonly checks: readonly CheckState[];
  /** Whether the documents that it rests on are still there. */
  readonly links: readonly LinkView[];
  /** Oldest first. */
  readonly timeline: readonly Happening[];
  readonly previous: string | null;
  readonly next: string | null;
}

export interface Choices {
  readonly themes: readonly string[];
  readonly addressees: readonly string[];
}

export interface Listing {
  /** Null: all of them. */
  readonly register: RegisterRow | null;
  readonly registers: readonly RegisterRow[];
  readonly views: readonly RecommendationView[];
  readonly total: number;
  readonly choices: Choices;
}

/** What can be read, and since when it is as it is now. */
export interface Dated<Value> {
  readonly value: Value;
  /** Undefined: it may change with time alone. */
  readonly changedAt: Date | undefined;
}
