/** What the ladder of notices is decided from. */
import { z } from 'zod';
import { CountrySchema, type HostingClaim, type Scope } from '../hosting/schema.ts';
import type { Calendar } from './calendar-rules.ts';
import type { NextStep, Notice, Wait } from './schema.ts';

const Days = z.number().int().min(1).max(260);

/** The file of the setting `noticesLadderFile`. Days are working days of the country. */
export const LadderSchema = z
  .strictObject({
    remindAfterDays: z.array(Days).max(10).default([1, 3]).describe('Reminders, counted from the first notice to a recipient.'),
    escalateAfterDays: Days.default(5).describe('When the next recipient is told, counted from the first notice to the one before.'),
    closeAfterDays: Days.default(10).describe('When a report ends without an answer, counted from the first notice to the last recipient.'),
    handedCloseAfterDays: Days.default(40).describe('When a report that was handed over ends without an outcome.'),
    policeLimitDays: z
      .record(CountrySchema, Days)
      .default({})
      .describe('Countries whose police come first, where silence for so long means that the host may be told. All others wait for an answer.'),
    blockedDays: z.array(z.iso.date()).max(1000).default([]).describe('Nothing goes out on these days.'),
  })
  .refine(({ remindAfterDays: days, escalateAfterDays }) => days.every((day, i) => day > (days[i - 1] ?? 0) && day < escalateAfterDays), {
    path: ['remindAfterDays'],
    message: 'must grow, and end before escalateAfterDays',
  })
  .refine(({ escalateAfterDays, closeAfterDays }) => escalateAfterDays <= closeAfterDays, {
    path: ['closeAfterDays'],
    message: 'must not be before escalateAfterDays',
  });
export type Ladder = z.output<typeof LadderSchema>;

/** Somebody who could be told about a report, best first. */
export interface LadderContact {
  readonly id: string;
  readonly scope: Scope;
  readonly hasEmail: boolean;
  /** A form of its own. */
  readonly hasForm: boolean;
  /** Something is known against it: it is left out unless a person approved it. */
  readonly hasProblem: boolean;
  readonly decision: 'approved' | 'refused' | null;
}

/** A notice about the report, since it is where it is. */
export interface Past {
  readonly noticeId: string;
  readonly contactId: string;
  readonly scope: Scope;
  readonly format: Notice['format'];
  readonly sequence: number;
  readonly state: Notice['state'];
  readonly dueAt: Date | null;
  readonly sentAt: Date | null;
  /** No mail of ours: a person gave it to somebody, or filled in a form. */
  readonly isByHand: boolean;
  /** Somebody wrote, and no person has read it yet. */
  readonly isReplyWaiting: boolean;
}

export interface Situation {
  readonly now: Date;
  readonly isClosed: boolean;
  /** When it was found to be where it is; null: not traced yet. */
  readonly placedAt: Date | null;
  /** Nothing happens before: more of the same host may come. */
  readonly startAt: Date;
  readonly country: string | null;
  readonly origin: HostingClaim['origin'];
  /** Somebody with an authority for this place, and a report that was assessed. */
  readonly canSend: boolean;
  readonly policeFirst: 'yes' | 'no' | 'unknown';
  readonly policeAgreedAt: Date | null;
  readonly calendar: Calendar;
  readonly contacts: readonly LadderContact[];
  /** Oldest first. */
  readonly history: readonly Past[];
  readonly ladder: Ladder;
}

export interface LadderStep extends NextStep {
  readonly contactId: string | null;
  readonly sequence: number;
  /** An approved notice that waits for its time. */
  readonly noticeId: string | null;
  /** By mail, or by a person with a sheet or a form. */
  readonly way: 'mail' | 'hand';
  /** Set where nothing happens by itself. */
  readonly waitsFor: Wait | null;
}
