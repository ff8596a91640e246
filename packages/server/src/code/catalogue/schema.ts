/**
 * The shape of a catalogue of measures: what the codes ask for, of whom, and what would show it. It is data of ours, versioned and signed. It is not
 * Ofcom's, not the government's and not legal advice; every statement is a paraphrase, and `verify` marks what nobody has yet compared with the
 * primary text (../shared/reference/code-of-practice.md, section 5).
 */
import { z } from 'zod';
import type { CatalogueDifference, ReleaseChoice, ReleaseFile, ReleaseView, UseOptions } from './release-schema.ts';

export type { CatalogueDifference, ReleaseChoice, ReleaseFile, ReleaseView, UseOptions } from './release-schema.ts';

/** From the recommendation down to statute. Each layer is shown with its own name: a voluntary principle is never mixed with a duty. */
export const LAYERS = ['recommendation', 'voluntary_principles', 'interim_code', 'guidance', 'code', 'statute', 'abroad', 'own'] as const;
/**
 * `in_force` binds whomever it applies to (for a code: do it or record an alternative). `power`: a duty that begins with a notice. `laid`: decided, begins at
 * `from`. `proposed`: not final. `lapsed`: bound once.
 */
export const STANDINGS = ['in_force', 'laid', 'proposed', 'power', 'lapsed', 'guidance', 'voluntary', 'recommendation', 'benchmark', 'own_rule'] as const;
export const EVIDENCE_MODES = ['measured', 'attested', 'judgement'] as const;
/** Where a threshold comes from. `proposal`: our own starting point. */
export const BASES = ['law', 'code', 'proposal'] as const;
export const WINDOWS = ['now', '1h', '24h', '7d', '30d', '90d', '365d'] as const;
export const UNITS = ['ratio', 'count', 'ms', 'seconds', 'minutes', 'hours', 'days', 'years', 'boolean', 'per million', 'points'] as const;

const Id = z.string().regex(/^[a-z0-9][a-z0-9.-]{0,39}$/);
const MetricId = z.string().regex(/^[a-z][a-z0-9_]{2,59}$/);
const Text = z.string().trim().min(1).max(2000);
const DateOnly = z.iso.date();

/** `own`: the figure is the service's own target, set by a named person; without one the item is not evaluated. `reported`: any data will do; it is there to be looked at. */
export const ThresholdSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('number'), op: z.enum(['=', '<', '<=', '>', '>=']), value: z.number() }),
  z.strictObject({ kind: z.literal('yes') }),
  z.strictObject({ kind: z.literal('own'), op: z.enum(['<=', '>=']), target: Id }),
  z.strictObject({ kind: z.literal('reported') }),
]);
export type Threshold = z.output<typeof ThresholdSchema>;

export const EvidenceItemSchema = z.strictObject({
  metric: MetricId,
  threshold: ThresholdSchema,
  window: z.enum(WINDOWS),
  mode: z.enum(EVIDENCE_MODES),
  basis: z.enum(BASES),
  /** What the figure alone does not say: `for the child-safety queue`. */
  note: Text.nullable(),
});
export type EvidenceItem = z.output<typeof EvidenceItemSchema>;

export const ControlSchema = z.strictObject({
  id: Id,
  ref: Text,
  title: Text,
  statement: Text,
  source: z.strictObject({ sourceId: z.string(), section: Text, date: DateOnly }),
  /** `expr` over the facts (facts/expression-rules.ts); null: the text that decides is not final. The condition of the group comes on top. */
  appliesTo: z.strictObject({ expr: z.string().nullable(), text: Text }),
  standing: z.enum(STANDINGS),
  status: Text,
  from: DateOnly.nullable(),
  until: DateOnly.nullable(),
  evidence: z.array(EvidenceItemSchema).min(1),
  /** Ids one layer up, towards the recommendation. */
  up: z.array(Id),
  related: z.array(Id),
  /** True: a person must compare it with the primary text before anybody relies on it. Shown wherever the measure is shown. */
  verify: z.boolean(),
  verifyNote: Text.nullable(),
});
export type Control = z.output<typeof ControlSchema>;

/** `levels`: negligible, low, medium, high. `derived` facts are computed from others and never asked. */
export const FactDefinitionSchema = z.strictObject({
  /** `ukMau`, `risk.imageCsam` */
  id: z.string().regex(/^[a-z][A-Za-z0-9]*(\.[a-z][A-Za-z0-9]*)?$/),
  section: z.enum(['service', 'size', 'functions', 'children', 'illegal_risks', 'child_risks', 'age', 'technology', 'abroad', 'status']),
  question: Text,
  help: Text.nullable(),
  type: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('yes_no') }),
    z.strictObject({ kind: z.literal('number'), min: z.number(), max: z.number() }),
    z.strictObject({ kind: z.literal('choice'), options: z.array(z.strictObject({ value: z.string(), label: Text })).min(2) }),
    z.strictObject({ kind: z.literal('level') }),
    z.strictObject({ kind: z.literal('derived'), expr: z.string() }),
  ]),
});
export type FactDefinition = z.output<typeof FactDefinitionSchema>;

export const MetricSchema = z.strictObject({ id: MetricId, title: Text, unit: z.enum(UNITS), text: Text });
export type MetricInfo = z.output<typeof MetricSchema>;

export const GroupSchema = z.strictObject({
  id: Id,
  title: Text,
  layer: z.enum(LAYERS),
  /** Whom the document as a whole is for. */
  appliesTo: z.strictObject({ expr: z.string(), text: Text }),
  controls: z.array(ControlSchema).min(1),
});
export type Group = z.output<typeof GroupSchema>;

/** A change of the codes or the law, with its day; the page says whether it concerns this service. */
export const AmendmentSchema = z.strictObject({
  id: Id,
  date: DateOnly,
  title: Text,
  summary: Text,
  source: z.strictObject({ sourceId: z.string(), section: Text, date: DateOnly }),
  controls: z.array(Id).min(1),
  verify: z.boolean(),
});
export type Amendment = z.output<typeof AmendmentSchema>;

export const SourceSchema = z.strictObject({ id: z.string(), title: Text, publisher: Text, date: DateOnly, url: z.url().nullable(), read: Text });

export const CatalogueSchema = z
  .strictObject({
    format: z.literal(1),
    version: z.string().regex(/^\d+\.\d+\.\d+$/),
    releasedOn: DateOnly,
    title: Text,
    disclaimer: Text,
    language: z.literal('en-GB'),
    sources: z.array(SourceSchema),
    facts: z.array(FactDefinitionSchema),
    metrics: z.array(MetricSchema),
    groups: z.array(GroupSchema),
    amendments: z.array(AmendmentSchema),
    /** Newest first; one line a control and release. */
    changeLog: z.array(
      z.strictObject({
        version: z.string(),
        date: DateOnly,
        changes: z.array(z.strictObject({ control: Id.nullable(), change: z.enum(['added', 'removed', 'changed']), what: Text })),
      }),
    ),
  })
  .meta({ id: 'CodeCatalogue' });
export type Catalogue = z.output<typeof CatalogueSchema>;

/** A catalogue that was parsed, cross-checked (ids, expressions, metrics) and whose signature verified. */
export interface LoadedCatalogue {
  readonly catalogue: Catalogue;
  /** SHA-256 of the signed bytes, hexadecimal. */
  readonly digest: string;
  readonly signedBy: string;
  control(id: string): { readonly control: Control; readonly group: Group } | undefined;
  metric(id: string): MetricInfo | undefined;
}

export interface CatalogueService {
  /** The release in use. */
  current(): LoadedCatalogue;
  /** Why it is in use. */
  choice(): ReleaseChoice;
  /** Every release that this installation has used or holds, newest first. */
  releases(): Promise<readonly ReleaseView[]>;
  /** Older ones stay readable: evaluations name them. @throws {GatehouseError} `not_found` */
  release(version: string): Promise<LoadedCatalogue>;
  /** The bytes and the note as they were signed, for whoever wants to verify them. @throws {GatehouseError} `not_found` */
  file(version: string): Promise<ReleaseFile>;
  /** A signed release from a file; in use at once. @throws {GatehouseError} `catalogue_invalid`, `catalogue_signature`, `conflict` when a newer one is held */
  import(file: ReleaseFile, actor: string, options?: UseOptions): Promise<ReleaseView>;
  /** One that is held already. @throws {GatehouseError} `not_found`, `conflict` when a newer one is held */
  use(version: string, actor: string, options?: UseOptions): Promise<ReleaseView>;
  /** What differs between two releases, control by control. */
  compare(from: string, to: string): Promise<CatalogueDifference>;
  /** Follows what another node imported or chose. */
  refresh(): Promise<void>;
}
