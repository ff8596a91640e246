/** What leaves the register: OSCAL, an evidence pack, tables, statements. */
import { z } from 'zod';
import type { Statements } from './dsa.ts';

export const OSCAL_MODELS = [
  'catalog',
  'profile',
  'component-definition',
  'assessment-results',
  'plan-of-action-and-milestones',
  'mapping-collection',
] as const;
export type OscalModel = (typeof OSCAL_MODELS)[number];

export const LossSchema = z
  .object({ what: z.string(), why: z.string(), count: z.number().int().describe('How many things of this installation it concerns now.') })
  .meta({ id: 'CodeExportLoss' });
export type Loss = z.output<typeof LossSchema>;
export const LossesSchema = z.object({ model: z.enum(OSCAL_MODELS), losses: z.array(LossSchema) });

export interface OscalExport {
  readonly model: OscalModel;
  /** Deterministic: the same input gives the same bytes. */
  readonly json: string;
  /** What the format cannot say, in words. */
  readonly losses: readonly Loss[];
}

export const TABLES = ['measures', 'facts', 'gaps'] as const;
export type TableName = (typeof TABLES)[number];

export interface ExportedPack {
  /** `gatehouse-evidence-<evaluation>.tar` */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface ExportsService {
  /** Held against the official schema before it is given. @throws {GatehouseError} `internal` when it does not fit, `not_found` when there is nothing to map */
  oscal(model: OscalModel): Promise<OscalExport>;
  /** What each model cannot say, all read at one time. */
  losses(): Promise<readonly { readonly model: OscalModel; readonly losses: readonly Loss[] }[]>;
  /** A .tar (deterministic): evaluation, records, catalogue, proofs, checkpoint, signature, `verify.html`. @throws {GatehouseError} `not_found` before the first evaluation */
  pack(): Promise<ExportedPack>;
  /** RFC 4180, safe to open in a spreadsheet. Default: measures. */
  csv(table?: TableName): Promise<string>;
  /** The same rows for machines. */
  table(table: TableName): Promise<readonly Readonly<Record<string, TableCell>>[]>;
  readonly statements: Statements;
  /** The page that verifies packs, the same in every pack of this version. */
  verifier(): Promise<{ readonly html: string; readonly sha256: string }>;
}

export type TableCell = string | number | boolean | null;

/** What was checked in a pack, one line each. */
export const PACK_RESULTS = ['holds', 'fails', 'not_checked'] as const;
export interface PackCheck {
  readonly what: string;
  readonly result: (typeof PACK_RESULTS)[number];
  readonly detail: string;
}

/** How a measure came to its state, as the pack says: counts of items by what stands behind them. */
export interface PackMeasure {
  readonly control: string;
  readonly title: string;
  readonly outcome: string;
  readonly state: string;
  readonly measured: number;
  readonly attested: number;
  readonly judged: number;
  readonly notEvaluated: number;
}

export interface PackReport {
  /** Nothing fails. What was not checked is listed and is not a fault. */
  readonly isIntact: boolean;
  readonly origin: string;
  readonly keyFrom: 'given' | 'pack';
  readonly verifierKey: string;
  readonly evaluation: { readonly id: string; readonly at: string; readonly catalogueVersion: string } | null;
  readonly checks: readonly PackCheck[];
  readonly measures: readonly PackMeasure[];
}
