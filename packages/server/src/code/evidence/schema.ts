/** What was read about each measure, what it is compared with, and what follows. No data is never a pass. */
import { z } from 'zod';
import type { LogProof } from '../../log/index.ts';
import { BASES, EVIDENCE_MODES, ThresholdSchema, UNITS, WINDOWS } from '../catalogue/schema.ts';
import { OUTCOMES } from '../facts/schema.ts';

/**
 * - `pass`, `fail`: from data, against the threshold.
 * - `attention`: passes, but something must be looked at (close to the threshold, an interval that reaches over it, an attestation that ends soon).
 * - `not_evaluated`: no data, data too old, no target set, no source.
 * - `not_applicable`: the measure is not for this service, and nothing is done anyway.
 * - `alternative_measure`: the service does something else, and the record of s.23(4)-(5) is signed and current.
 */
export const STATES = ['pass', 'fail', 'attention', 'not_evaluated', 'not_applicable', 'alternative_measure'] as const;
export type State = (typeof STATES)[number];

export const ItemSchema = z
  .object({
    metric: z.string(),
    title: z.string(),
    unit: z.enum(UNITS),
    mode: z.enum(EVIDENCE_MODES).describe('`attested`: somebody says so, by name. Never shown as measured.'),
    window: z.enum(WINDOWS),
    from: z.iso.datetime().nullable(),
    to: z.iso.datetime().nullable(),
    threshold: ThresholdSchema,
    thresholdText: z.string(),
    basis: z.enum(BASES).describe('Where the threshold comes from: law, code, or our proposal.'),
    note: z.string().nullable(),
    state: z.enum(['pass', 'fail', 'attention', 'not_evaluated']),
    reason: z.string(),
    figure: z.union([z.number(), z.boolean()]).nullable(),
    numerator: z.number().nullable(),
    denominator: z.number().nullable(),
    interval: z.object({ low: z.number(), high: z.number() }).nullable(),
    rows: z.array(z.object({ label: z.string(), figure: z.number() })),
    method: z.string().nullable().describe('How it is measured; null: nothing here measures it.'),
    attestation: z.object({ id: z.string(), by: z.string(), at: z.iso.datetime(), validUntil: z.iso.date() }).nullable(),
  })
  .meta({ id: 'CodeEvidenceItem' });
export type Item = z.output<typeof ItemSchema>;

export const MeasureStateSchema = z
  .object({
    control: z.string(),
    outcome: z.enum(OUTCOMES),
    state: z.enum(STATES),
    reason: z.string(),
    isDoneAnyway: z.boolean().describe('Not asked of this service, and the evidence shows that it is done.'),
    items: z.array(ItemSchema),
  })
  .meta({ id: 'CodeMeasureState' });
export type MeasureState = z.output<typeof MeasureStateSchema>;

export const EvaluationSchema = z
  .object({
    id: z.string(),
    at: z.iso.datetime(),
    catalogueVersion: z.string(),
    catalogueDigest: z.string(),
    factsDigest: z.string(),
    measures: z.array(MeasureStateSchema),
  })
  .meta({ id: 'CodeEvaluation' });
export type Evaluation = z.output<typeof EvaluationSchema>;

/** An evaluation as it is kept: its canonical text is what the digest, and so the log, stands for. */
export interface KeptEvaluation {
  readonly evaluation: Evaluation;
  /** SHA-256 of the canonical JSON (log/rules.ts toCanonicalText), hexadecimal. */
  readonly digest: string;
  /** Its place in the log; undefined for the second until it has one. */
  readonly logIndex: number | undefined;
}

export interface EvaluationSummary {
  readonly id: string;
  readonly at: Date;
  readonly counts: Readonly<Record<State, number>>;
}

export interface StatePoint {
  readonly at: Date;
  readonly state: State;
  readonly evaluationId: string;
}

export interface FigurePoint {
  readonly at: Date;
  readonly figure: number | null;
}

export interface EvidenceService {
  /** Reads every source and judges every measure; kept and logged. One at a time. */
  evaluate(signal?: AbortSignal): Promise<KeptEvaluation>;
  last(): Promise<KeptEvaluation | undefined>;
  find(id: string): Promise<KeptEvaluation>;
  list(page: { readonly before?: Date | undefined; readonly limit: number }): Promise<readonly EvaluationSummary[]>;
  /** State of one control over time, one point for each evaluation. */
  states(control: string, since: Date): Promise<readonly StatePoint[]>;
  /** For each control of the last evaluation: since when its state is what it is now. One query. */
  stateSince(): Promise<ReadonlyMap<string, Date>>;
  figures(metric: string, window: string, since: Date): Promise<readonly FigurePoint[]>;
  /** Which metrics have a source in this build, and how each is measured. */
  sources(): readonly { readonly metric: string; readonly method: string }[];
  /** The signing of the evaluation as a `.tlog-proof` (C2SP), with the exact text of the entry. @throws {GatehouseError} `not_found`, `log_diverged` */
  proof(id: string): Promise<LogProof>;
  targets(): Promise<readonly Target[]>;
  /** Every target that a measure of the catalogue in use asks for. */
  targetIds(): readonly string[];
  /** Every value that a target had, newest first. */
  targetHistory(id: string): Promise<readonly Target[]>;
  /** @throws {GatehouseError} `target_invalid` */
  setTarget(target: { readonly id: string; readonly value: number; readonly reason: string }, actor: string): Promise<void>;
  /** Evaluates when the last evaluation is an hour old, not at once after a start; removes what is older than three years. */
  upkeep(signal: AbortSignal): Promise<void>;
  /** Evaluations older than three years go; their entries in the log stay. @returns how many */
  prune(): Promise<number>;
}

/** A figure that the service set for itself. Older ones are kept. */
export interface Target {
  readonly id: string;
  readonly value: number;
  readonly reason: string;
  readonly setBy: string;
  readonly setAt: Date;
}
