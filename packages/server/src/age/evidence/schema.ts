/** What is counted about age checks. Every word is of a closed set, but the ids of configured providers; nothing here names a person or a check. */
import { z } from 'zod';

/** Read from headers that every browser sends; the header itself is not kept. `phone` includes tablets: they hold wallets. */
export const DEVICES = ['phone', 'desktop', 'other_device', 'unknown'] as const;
/** `refused`: it ended without an answer after a proof was refused. `abandoned`: it ended without an answer, for whatever other reason. */
export const OUTCOMES = ['true', 'false', 'inconclusive', 'refused', 'abandoned'] as const;
export const DURATIONS = ['under_30s', 'under_1m', 'under_2m', 'under_5m', 'under_10m', 'over_10m', 'none'] as const;

export type Device = (typeof DEVICES)[number];
export type Outcome = (typeof OUTCOMES)[number];
export type Duration = (typeof DURATIONS)[number];

/** In place of a language that the page does not speak, and of every rare one once days are folded into months. */
export const OTHER_LOCALE = 'other';

/** A cell of the counters. */
export interface CountCell {
  readonly method: string;
  readonly kind: 'verified' | 'estimated' | 'declared' | 'none';
  readonly outcome: Outcome;
  readonly locale: string;
  readonly device: Device;
  readonly isAssisted: boolean;
  readonly duration: Duration;
}

export interface CountRow extends CountCell {
  readonly sessions: number;
  /** Answers of wallets that were sent to these checks. */
  readonly presentations: number;
  readonly refusals: number;
}

/** An ended check, as it is read once and then forgotten. */
export interface EndedCheck {
  readonly method: string;
  readonly kind: CountCell['kind'] | undefined;
  readonly result: 'true' | 'false' | 'inconclusive' | undefined;
  readonly locale: string;
  readonly device: Device;
  readonly isAssisted: boolean;
  readonly presentations: number;
  readonly refusals: number;
  readonly beganAt: Date;
  readonly endedAt: Date;
}

/** `2026-11-25`: UTC. */
export type Day = string;

export interface TallyRow {
  readonly day: Day;
  readonly method: string;
  /** `presented_true`, `refused_device_signature`, `provider_failed` */
  readonly word: string;
  readonly count: number;
}

export interface DayRow {
  readonly day: Day;
  readonly kind: CountCell['kind'];
  readonly outcome: Outcome;
  readonly sessions: number;
}

export const FormatSchema = z.enum(['json', 'markdown']).default('json');
