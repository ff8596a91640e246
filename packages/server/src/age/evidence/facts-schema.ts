/** What the metrics are computed from: facts about the installation, what the lab found, counts of live checks. */
import type { Declaration } from '../providers/schema.ts';
import type { SelfTest } from './lab-schema.ts';
import type { Verification } from './record-schema.ts';
import type { CountRow, Day, DayRow, TallyRow } from './schema.ts';

export interface ProviderFact {
  readonly id: string;
  readonly declaration: Declaration;
  readonly mode: 'redirect' | 'form';
  readonly grade: number;
  /** Whether "18 or older?" would be asked of it. */
  readonly isOffered: boolean;
  /** For each threshold that it answers; `predictedWrongAccept` is null where the limit cannot be kept. */
  readonly challenges: readonly { readonly threshold: number; readonly challengeAge: number | null; readonly predictedWrongAccept: number | null }[];
}

export interface TrustListFact {
  readonly name: string;
  readonly importedAt: Date;
  readonly nextUpdate: Date | undefined;
}

export interface Facts {
  readonly now: Date;
  readonly version: string;
  readonly k: number;
  readonly gapPercent: number;
  readonly maxWrongAccept: number;
  readonly providers: readonly ProviderFact[];
  /** Whether any issuer of credentials is believed now: without one no wallet can answer. */
  readonly hasIssuer: boolean;
  readonly trustLists: readonly TrustListFact[];
  /** By state; undefined when nobody keeps status lists. */
  readonly statusLists: readonly { readonly state: 'fresh' | 'late' | 'stale' | 'missing' }[] | undefined;
  /** Formats of credentials that are offered, as the corpus names its sets. */
  readonly formats: readonly ('mdoc' | 'sd-jwt')[];
  readonly profiles: readonly string[];
  readonly selfTest: SelfTest | undefined;
  readonly chain: Verification | undefined;
  readonly lastReview: { readonly reviewedOn: Day; readonly nextReviewOn: Day } | undefined;
}

export interface LiveCounts {
  /** The last 28 days together. */
  readonly cells: readonly CountRow[];
  /** Up to 13 weeks, by day. */
  readonly days: readonly DayRow[];
  /** The last 30 days. */
  readonly tallies: readonly TallyRow[];
  /** The first day that anything was counted on. */
  readonly since: Day | undefined;
}
