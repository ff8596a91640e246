/** What goes into OSCAL: everything that the exports say, gathered at one time. */
import type { Catalogue } from '../catalogue/schema.ts';
import type { Evaluation } from '../evidence/schema.ts';
import type { Applicability, SaidFact } from '../facts/schema.ts';
import type { Gap } from '../gaps/schema.ts';
import type { SignedRecord } from '../records/schema.ts';

export interface OscalInput {
  /** Version 5, of a name that is stable. */
  readonly uuid: (name: string) => string;
  /** Of the file of the catalog model, which the others refer to; hexadecimal. Undefined while it is made. */
  readonly catalogSha256: string | undefined;
  /** The version of this Gatehouse. */
  readonly version: string;
  /** Names the installation: the origin of its log. */
  readonly origin: string;
  readonly catalogue: Catalogue;
  readonly catalogueDigest: string;
  readonly said: readonly SaidFact[];
  readonly applicability: readonly Applicability[];
  readonly evaluation: { readonly value: Evaluation; readonly digest: string; readonly logIndex: number | undefined } | undefined;
  /** Metrics that this build measures, with how. */
  readonly sources: readonly { readonly metric: string; readonly method: string }[];
  readonly gaps: readonly Gap[];
  /** In effect. */
  readonly records: readonly SignedRecord[];
}

export type Json = string | number | boolean | readonly Json[] | { readonly [name: string]: Json | undefined };
export type JsonObject = { readonly [name: string]: Json | undefined };
