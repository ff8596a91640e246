/**
 * What became of each recommendation: response, action, milestone, status, evidence. The government's own status, the register's and that of independent
 * bodies are three claims and never merged; `complete` needs evidence of effect, never only a reply (international-and-register.md, section 5.3).
 */
import { z } from 'zod';

const Text = z.string().trim().min(1).max(20_000);
const DateOnly = z.iso.date();
/** Part of a permanent address; never reused. */
export const SlugSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,59}$/);

export const RESPONSE_CLASSES = [
  'accepted',
  'accepted_in_principle',
  'accepted_intent',
  'partly',
  'under_consideration',
  'rejected',
  'no_response',
  'not_classified',
] as const;
export const STATUSES = ['not_started', 'under_way', 'complete', 'ongoing', 'stalled', 'superseded', 'disputed'] as const;
export type Status = (typeof STATUSES)[number];
/** What the register says: `not_assessed` when nobody has claimed anything for it. Never the same as `not_started`, which is a claim. */
export const REGISTER_STATUSES = [...STATUSES, 'not_assessed'] as const;
export const CLAIMANTS = ['government', 'register', 'independent'] as const;
export const ACTION_KINDS = ['law', 'policy', 'funding', 'international', 'tool', 'other'] as const;

export const SourceSchema = z.strictObject({
  /** Shown as a link: nothing but http(s). */
  url: z.url({ protocol: /^https?$/ }),
  publisher: Text,
  title: Text,
  licence: z.string().nullable(),
  retrievedAt: DateOnly,
  /** Of the document as it was retrieved; null: not kept. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  archivedUrl: z.url({ protocol: /^https?$/ }).nullable(),
  /** Web Annotation TextQuoteSelector. Null: a paraphrase of ours, and said so. */
  quote: z.strictObject({ exact: Text, prefix: z.string(), suffix: z.string() }).nullable(),
});
export type Source = z.output<typeof SourceSchema>;

/** `effect`: it shows that something changed for children. `reply`: somebody said something. Only the first can carry `complete`. */
export const EvidenceSchema = z.strictObject({
  kind: z.enum(['document', 'statement', 'legislation', 'dataset', 'check']),
  shows: z.enum(['effect', 'activity', 'reply']),
  text: Text,
  source: SourceSchema.nullable(),
  /** Name of a check (register/checks). */
  check: z.string().nullable(),
});
export type Evidence = z.output<typeof EvidenceSchema>;

export const RegisterSchema = z
  .strictObject({
    id: SlugSchema,
    title: Text,
    inquiry: Text,
    publisher: Text,
    publishedAt: DateOnly,
    responseDueAt: DateOnly.nullable(),
    source: SourceSchema,
    licence: z.string().nullable(),
  })
  .meta({ id: 'Register' });
export type Register = z.output<typeof RegisterSchema>;

export const RecommendationSchema = z
  .strictObject({
    register: SlugSchema,
    /** As the publisher numbers it; part of the permanent address. */
    number: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.()-]{0,19}$/),
    title: Text,
    /** Our wording, unless `isVerbatim`. */
    text: Text,
    isVerbatim: z.boolean(),
    addressees: z.array(Text).min(1),
    themes: z.array(SlugSchema),
    /** What Gatehouse itself does about it, and ids of measures of the code. */
    gatehouse: z.strictObject({ text: Text, measures: z.array(z.string()), checks: z.array(z.string()) }).nullable(),
    relatedTo: z.array(z.string()),
  })
  .meta({ id: 'Recommendation' });
export type Recommendation = z.output<typeof RecommendationSchema>;

export const ResponseSchema = z
  .strictObject({
    by: Text,
    date: DateOnly,
    class: z.enum(RESPONSE_CLASSES),
    /** The publisher's own word; null: none was given. */
    classAsPublished: z.string().nullable(),
    text: Text,
    source: SourceSchema.nullable(),
  })
  .meta({ id: 'RegisterResponse' });
export const ActionSchema = z
  .strictObject({
    owner: Text,
    kind: z.enum(ACTION_KINDS),
    title: Text,
    from: DateOnly.nullable(),
    to: DateOnly.nullable(),
    legislation: z
      .strictObject({
        identifier: Text,
        jurisdiction: Text,
        inForce: z.enum(['yes', 'partly', 'no', 'unknown']),
        url: z.url({ protocol: /^https?$/ }).nullable(),
      })
      .nullable(),
    source: SourceSchema.nullable(),
  })
  .meta({ id: 'RegisterAction' });
export const MilestoneSchema = z
  .strictObject({ action: z.string(), title: Text, dueAt: DateOnly, doneAt: DateOnly.nullable() })
  .meta({ id: 'RegisterMilestone' });
export const StatusClaimSchema = z
  .strictObject({ by: z.enum(CLAIMANTS), claimant: Text, status: z.enum(STATUSES), asOf: DateOnly, text: Text, basis: z.array(EvidenceSchema) })
  .meta({ id: 'RegisterStatusClaim' });

/** `iicsa-internet-2020/1` */
const SubjectSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,59}\/[A-Za-z0-9][A-Za-z0-9.()-]{0,19}$/);

/** Everything is an event, only ever added; the state is what the events give (model/state-rules.ts). Each goes through draft -> review -> published. */
export const ChangeSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('register'), body: RegisterSchema }),
    z.strictObject({ kind: z.literal('recommendation'), body: RecommendationSchema }),
    z.strictObject({ kind: z.literal('response'), recommendation: SubjectSchema, body: ResponseSchema }),
    z.strictObject({ kind: z.literal('action'), recommendation: SubjectSchema, body: ActionSchema }),
    z.strictObject({ kind: z.literal('milestone'), recommendation: SubjectSchema, body: MilestoneSchema }),
    z.strictObject({ kind: z.literal('status'), recommendation: SubjectSchema, body: StatusClaimSchema }),
  ])
  .meta({ id: 'RegisterChange' });
export type Change = z.output<typeof ChangeSchema>;
export const CHANGE_KINDS = ['register', 'recommendation', 'response', 'action', 'milestone', 'status'] as const satisfies readonly Change['kind'][];
export const CHANGE_STATES = ['draft', 'in_review', 'published', 'rejected'] as const;

export interface KeptChange {
  readonly id: string;
  /** `iicsa-internet-2020/1` for all but registers. */
  readonly subject: string;
  readonly change: Change;
  /** Takes the place of this one; both are kept. */
  readonly replaces: string | null;
  /** Of the import that it came with: such changes are submitted and published together. */
  readonly batch: string | null;
  readonly state: (typeof CHANGE_STATES)[number];
  readonly madeBy: string;
  readonly madeAt: Date;
  /** Who published or rejected it: never the one who made it, save that a maker may withdraw. */
  readonly reviewedBy: string | null;
  readonly publishedAt: Date | null;
  /** Why it was rejected. */
  readonly reason: string | null;
  readonly digest: string;
}

export interface MilestoneView {
  readonly id: string;
  readonly title: string;
  readonly dueAt: string;
  /** Older dates, oldest first. */
  readonly history: readonly string[];
  readonly doneAt: string | null;
  /** Days between the first date and the newest (or the day on which it was done); negative: earlier than first said. */
  readonly slipDays: number;
}

export interface RecommendationView {
  /** `iicsa-internet-2020/1` */
  readonly id: string;
  readonly recommendation: Recommendation;
  readonly responses: readonly (z.output<typeof ResponseSchema> & {
    readonly id: string;
    readonly isOnTime: boolean | null;
    readonly daysLate: number | null;
  })[];
  readonly actions: readonly (z.output<typeof ActionSchema> & { readonly id: string; readonly milestones: readonly MilestoneView[] })[];
  /** The newest of each claimant, never merged. */
  readonly statuses: readonly (z.output<typeof StatusClaimSchema> & { readonly id: string })[];
  /**
   * What the register says, worked out: its own newest claim, but never `complete` without evidence of effect, and no longer `complete` (or `ongoing`) while a
   * check that it rests on fails or is stale.
   */
  readonly registerStatus: { readonly status: (typeof REGISTER_STATUSES)[number]; readonly claimed: Status | null; readonly reason: string };
  readonly checks: readonly CheckView[];
  readonly lateness: { readonly responseDaysLate: number | null; readonly milestonesLate: number };
}

export interface CheckView {
  readonly name: string;
  readonly title: string;
  readonly expected: string;
  readonly result: 'pass' | 'fail' | 'stale' | 'never_run';
  readonly finding: string;
  readonly lastRunAt: Date | null;
  readonly logIndex: number | null;
}

/** One of several changes that are proposed together: `ref` names it for those behind it, as `replaces` or as the action of a milestone. */
export interface ProposedPart {
  readonly ref: string;
  readonly change: Change;
  readonly replaces?: string | undefined;
}

export interface RegisterService {
  /** Publishes what comes with Gatehouse, once. */
  start(): Promise<void>;
  registers(): Promise<readonly (Register & { readonly recommendations: number })[]>;
  list(filter?: {
    readonly register?: string | undefined;
    readonly status?: string | undefined;
    readonly theme?: string | undefined;
    readonly addressee?: string | undefined;
    readonly text?: string | undefined;
  }): Promise<readonly RecommendationView[]>;
  /** @throws {GatehouseError} `not_found` */
  find(id: string): Promise<RecommendationView>;
  /** Every published change of a recommendation, oldest first. */
  timeline(id: string): Promise<readonly KeptChange[]>;
  /** In draft and in review, oldest first. */
  drafts(): Promise<readonly KeptChange[]>;
  /** One change, in whatever state. @throws {GatehouseError} `not_found` */
  change(id: string): Promise<KeptChange>;
  /** A change alone, or all of a batch, in order. @throws {GatehouseError} `not_found` */
  changesOf(id: string): Promise<readonly KeptChange[]>;
  /** @throws {GatehouseError} `invalid_request` when it does not fit what is published */
  propose(change: Change, options: { readonly actor: string; readonly replaces?: string | undefined }): Promise<KeptChange>;
  /** Several at once, in order. @returns the id of the batch, under which `submit`, `publish` and `reject` take all of them */
  proposeAll(parts: readonly ProposedPart[], actor: string): Promise<{ readonly batch: string; readonly changes: readonly KeptChange[] }>;
  /** What is wrong with them, in words; nothing is kept. */
  findFaults(parts: readonly ProposedPart[]): Promise<readonly { readonly ref: string; readonly message: string }[]>;
  /** @param id of a change, or of a batch: then the first of it is returned */
  submit(id: string, actor: string): Promise<KeptChange>;
  /** @throws {GatehouseError} `conflict` when the reviewer made it */
  publish(id: string, actor: string): Promise<KeptChange>;
  /** By the one who made it: a withdrawal. @throws {GatehouseError} `conflict` when it was published or rejected */
  reject(id: string, reason: string, actor: string): Promise<void>;
  /** As `reject`, and only by the one who made it. @throws {GatehouseError} `forbidden` */
  withdraw(id: string, reason: string, actor: string): Promise<void>;
}
