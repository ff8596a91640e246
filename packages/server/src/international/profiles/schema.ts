/**
 * What is known about a country: law, procedure, treaties, capabilities; each statement with source, date and age. `not assessed` differs from `none`, and
 * there is no blended rank (international-and-register.md, sections 1.4 and 2).
 */
import { z } from 'zod';
import { CountrySchema } from '../hosting/schema.ts';

const Text = z.string().trim().min(1).max(5000);

export const EvidenceRefSchema = z.object({
  /** Shown as a link: nothing but http(s). */
  url: z
    .url({ protocol: /^https?$/ })
    .max(2000)
    .nullable(),
  publisher: Text,
  title: Text,
  licence: z.string().nullable(),
  retrievedAt: z.iso.date(),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  quote: z.object({ exact: Text, prefix: z.string(), suffix: z.string() }).nullable(),
});
export type EvidenceRef = z.output<typeof EvidenceRefSchema>;

export const TOPICS = ['law', 'hotline', 'police', 'regulator', 'procedure', 'treaty', 'membership', 'figure'] as const;

/** The value that takes back what was said under a key. */
export const TAKEN_BACK = 'unknown';

/** One thing that somebody says about a country. The newest of country, topic and key counts; older ones are kept. */
export const StatementSchema = z
  .object({
    country: CountrySchema,
    topic: z.enum(TOPICS),
    /** `opsc`, `lanzarote`, `police_first`, `hotline`, `iwf_hosting_2024` */
    key: z.string().regex(/^[a-z][a-z0-9_]{1,59}$/),
    value: z.union([z.string().trim().min(1).max(5000), z.number(), z.boolean()]).describe('`unknown` takes back what was said before.'),
    text: Text,
    asOf: z.iso.date().nullable().describe('The day for which it is true; null: the source does not say.'),
    source: EvidenceRefSchema,
    caveat: z.string().max(5000).nullable(),
  })
  .meta({ id: 'CountryStatement' });
export type Statement = z.output<typeof StatementSchema>;

export interface KeptStatement extends Statement {
  readonly id: string;
  readonly keptAt: Date;
  readonly keptBy: string;
  /** Older than the limit of its topic. */
  readonly isStale: boolean;
  readonly supersededAt: Date | null;
}

/** How a report reaches somebody who may act, as the notices use it. `unknown` is never treated as `no`. */
export interface Procedure {
  readonly country: string;
  readonly policeFirst: 'yes' | 'no' | 'unknown';
  readonly hotline: { readonly name: string; readonly url: string | null; readonly email: string | null } | null;
  readonly police: { readonly name: string; readonly email: string | null } | null;
  readonly regulator: { readonly name: string; readonly email: string | null } | null;
  /** Where there is no hotline: another portal, the police through INTERPOL, or the host alone. */
  readonly fallback: string | null;
  readonly formats: readonly ('xarf' | 'arf' | 'dsa' | 'portal')[];
  /** ISO weekdays, 1 is Monday. Default Monday to Friday, and said so. */
  readonly workingDays: readonly number[];
  readonly areWorkingDaysKnown: boolean;
  /** YYYY-MM-DD */
  readonly holidays: readonly string[];
  readonly timeZone: string | null;
  readonly legalBasis: string | null;
  readonly staleKeys: readonly string[];
  /** What each part rests on; a part without an entry is unknown or a default. */
  readonly basis?: readonly ProcedureBasis[];
}

export interface ProcedureBasis {
  readonly key: string;
  readonly statementId: string;
  readonly asOf: string | null;
  readonly isStale: boolean;
  readonly caveat: string | null;
}

/** Model National Response: 21 capabilities. Null: not assessed; 0: looked, nothing found; 1 to 4: phases whose names are configured, never invented. */
export const AssessmentInputSchema = z
  .object({
    country: CountrySchema,
    framework: z.literal('mnr-2016'),
    capability: z.number().int().min(1).max(21),
    phase: z.number().int().min(0).max(4),
    assessor: z.object({ kind: z.enum(['self', 'peer', 'independent', 'desk']), organisation: Text }),
    method: Text,
    coverage: z.number().min(0).max(1).describe('Share of the indicators that were answered.'),
    claims: z
      .array(
        z.object({
          text: Text,
          verdict: z.enum(['yes', 'partly', 'no', 'unknown']),
          evidence: z.array(EvidenceRefSchema).min(1, 'no claim without evidence').max(20),
        }),
      )
      .min(1, 'no phase without evidence')
      .max(200),
  })
  .meta({ id: 'MnrAssessmentInput' });
export type AssessmentInput = z.output<typeof AssessmentInputSchema>;

export interface Assessment extends AssessmentInput {
  readonly id: string;
  readonly state: 'draft' | 'reviewed' | 'published' | 'disputed' | 'superseded';
  readonly madeAt: Date;
  readonly madeBy: string;
  readonly reply: { readonly text: string; readonly by: string; readonly at: Date } | null;
  readonly supersedes: string | null;
}

export const ASSESSMENT_STATES = ['draft', 'reviewed', 'published', 'disputed', 'superseded'] as const;

export interface Capability {
  readonly n: number;
  readonly domain: string;
  /** WeProtect's, edition of 2016. */
  readonly title: string;
  /** Ours. */
  readonly wording: string;
}

/** What stands for one capability: the newest that is published or disputed, and the one being worked on, if any. */
export interface CapabilityView {
  readonly capability: number;
  readonly title: string;
  readonly wording: string;
  readonly domain: string;
  readonly assessment: Assessment | null;
  readonly pending: Assessment | null;
}

export interface Place {
  /** ISO 3166-1 alpha-2, or one of four codes that are not in it (`note` says so). */
  readonly code: string;
  readonly alpha3: string | null;
  readonly name: string;
  readonly region: string | null;
  readonly note: string | null;
  readonly isIso: boolean;
}

export type YesNoUnknown = 'yes' | 'no' | 'unknown';

export interface CountrySummary extends Place {
  /** In effect. */
  readonly statements: number;
  readonly stale: number;
  /** Capabilities of 21 with a published assessment: how much was looked at, and nothing about what was found. */
  readonly assessed: number;
  readonly hotline: YesNoUnknown;
  readonly policeFirst: YesNoUnknown;
  /** Keys of the treaties that it is said to be a party of. */
  readonly treaties: readonly string[];
}

/** A document of others that is only referred to. */
export interface Reference {
  readonly id: string;
  readonly title: string;
  readonly publisher: string;
  readonly date: string | null;
  readonly url: string | null;
  readonly seen: string;
}

export interface ImportResult {
  readonly kept: number;
  /** Said already, with the same source and day. */
  readonly same: number;
  /** The seed leaves alone what somebody said since. */
  readonly left: number;
  readonly faults: readonly string[];
}

export interface CountryView extends Place {
  readonly statements: readonly KeptStatement[];
  readonly procedure: Procedure;
  /** One for each of the 21, in order. */
  readonly capabilities: readonly CapabilityView[];
}

export interface ProfilesService {
  /** In the order of their names; those that are not in ISO 3166-1 only when something is said about them, and last. */
  countries(): Promise<readonly CountrySummary[]>;
  /** @throws {GatehouseError} `not_found` unless the list of places has it */
  country(code: string): Promise<CountryView>;
  procedure(code: string): Promise<Procedure>;
  /** @throws {GatehouseError} `not_found`; `invalid_request` when the value is none for its key */
  say(statement: Statement, actor: string): Promise<KeptStatement>;
  /** Newest first, the one in effect among them. */
  history(code: string, key: string): Promise<readonly KeptStatement[]>;
  /** @throws {GatehouseError} `not_found`; `invalid_request` when the phase does not follow from the claims */
  assess(input: AssessmentInput, actor: string): Promise<Assessment>;
  assessment(id: string): Promise<Assessment>;
  /** Of one capability, newest first, whatever their state. */
  assessments(code: string, capability: number): Promise<readonly Assessment[]>;
  /** @throws {GatehouseError} `not_found`, `conflict` */
  setAssessmentState(id: string, state: Assessment['state'], actor: string): Promise<void>;
  /** The right of reply of whoever is assessed. @throws {GatehouseError} `not_found`, `conflict` */
  reply(id: string, reply: { readonly text: string; readonly by: string }, actor: string): Promise<void>;
  /** CSV of one of the known shapes, with its source. @throws {GatehouseError} `invalid_request` when it is no table of that shape */
  import(table: ImportTable, actor: string): Promise<ImportResult>;
  references(): readonly Reference[];
  /** What phases 0 to 4 are called here. */
  phaseLabels(): readonly string[];
}

/** A file, with the day for which its rows are true where the rows do not say. */
export const ImportSourceSchema = EvidenceRefSchema.extend({ asOf: z.iso.date().nullable().optional() });
export type ImportSource = z.output<typeof ImportSourceSchema>;

export interface ImportTable {
  readonly shape: string;
  /** The CSV itself. */
  readonly file: string;
  readonly source: ImportSource;
}

export interface ProfilesRoom extends ProfilesService {
  /** Loads the seed when it is another than the one that was loaded. */
  start(): Promise<void>;
}
