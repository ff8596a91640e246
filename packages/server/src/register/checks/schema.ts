/** A small named test with an expected result, run on a schedule; its result is in the log. */
import { z } from 'zod';
import type { LogProof } from '../../log/index.ts';
import type { CheckView } from '../model/schema.ts';

/** What a run of a check found. Findings are public: counts and times, never an address, a country, a person. */
export interface CheckFinding {
  readonly isPassed: boolean;
  /** A sentence. */
  readonly finding: string;
}

export interface RegisterCheck {
  /** `iicsa-1.screening-recall` */
  readonly name: string;
  readonly title: string;
  /** What must hold, in one sentence with the figure. */
  readonly expected: string;
  /** Older results are `stale`. */
  readonly maxAgeHours: number;
  run(signal: AbortSignal): Promise<CheckFinding>;
}

/** What the digest in the log stands for, as canonical JSON (log/rules.ts). Version 1. */
export const CheckRunSchema = z
  .strictObject({
    v: z.literal(1),
    run: z.string(),
    at: z.iso.datetime(),
    results: z.array(z.strictObject({ name: z.string(), expected: z.string(), isPassed: z.boolean(), finding: z.string() })),
  })
  .meta({ id: 'RegisterCheckRun' });
export type CheckRun = z.output<typeof CheckRunSchema>;

export const CheckViewSchema = z
  .object({
    name: z.string(),
    title: z.string(),
    expected: z.string(),
    result: z.enum(['pass', 'fail', 'stale', 'never_run']),
    finding: z.string(),
    lastRunAt: z.iso.datetime().nullable(),
    runId: z.string().nullable(),
    logIndex: z.number().int().nullable(),
  })
  .meta({ id: 'RegisterCheck' });

/** A check as it is shown, with the run that it comes from. */
export type CheckState = CheckView & { readonly runId: string | null };

export interface ChecksService {
  run(signal?: AbortSignal): Promise<readonly CheckState[]>;
  all(): Promise<readonly CheckState[]>;
  history(name: string, limit: number): Promise<readonly (CheckFinding & { readonly at: Date; readonly runId: string })[]>;
  /** When a check began to pass or to fail, newest first. The first result of all is none. */
  changes(since: Date): Promise<readonly (CheckFinding & { readonly name: string; readonly at: Date; readonly runId: string })[]>;
  /** The exact text of a run. @throws {GatehouseError} `not_found` */
  file(runId: string): Promise<{ readonly text: string; readonly digest: string; readonly at: Date }>;
  /** That the log has it, as a `.tlog-proof` (C2SP). @throws {GatehouseError} `not_found`, `log_diverged` */
  proof(runId: string): Promise<LogProof>;
  /** Results older than three years go; their entries in the log stay. @returns how many runs */
  prune(): Promise<number>;
}
