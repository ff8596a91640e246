/**
 * Statements of reasons (Digital Services Act, articles 17 and 24(5)), as the Commission's transparency database takes them since 1 July 2025. Field rules
 * written anew from the documentation of its API (digital-services-act/transparency-database, "How to use the API"; code-of-practice.md, section 2.8).
 */
import { z } from 'zod';

/** EU and EEA, as the database names them. */
export const EEA = [
  'AT',
  'BE',
  'BG',
  'CY',
  'CZ',
  'DE',
  'DK',
  'EE',
  'ES',
  'FI',
  'FR',
  'GR',
  'HR',
  'HU',
  'IE',
  'IS',
  'IT',
  'LI',
  'LT',
  'LU',
  'LV',
  'MT',
  'NL',
  'NO',
  'PL',
  'PT',
  'RO',
  'SE',
  'SI',
  'SK',
] as const;
/** Statements in one call. */
export const BATCH_MAX = 100;

const VISIBILITIES = [
  'DECISION_VISIBILITY_CONTENT_REMOVED',
  'DECISION_VISIBILITY_CONTENT_DISABLED',
  'DECISION_VISIBILITY_CONTENT_DEMOTED',
  'DECISION_VISIBILITY_CONTENT_AGE_RESTRICTED',
  'DECISION_VISIBILITY_CONTENT_INTERACTION_RESTRICTED',
  'DECISION_VISIBILITY_CONTENT_LABELLED',
  'DECISION_VISIBILITY_OTHER',
] as const;
const MONETARIES = ['DECISION_MONETARY_SUSPENSION', 'DECISION_MONETARY_TERMINATION', 'DECISION_MONETARY_OTHER'] as const;
const PROVISIONS = [
  'DECISION_PROVISION_PARTIAL_SUSPENSION',
  'DECISION_PROVISION_TOTAL_SUSPENSION',
  'DECISION_PROVISION_PARTIAL_TERMINATION',
  'DECISION_PROVISION_TOTAL_TERMINATION',
] as const;
const ACCOUNTS = ['DECISION_ACCOUNT_SUSPENDED', 'DECISION_ACCOUNT_TERMINATED'] as const;
const GROUNDS = ['DECISION_GROUND_ILLEGAL_CONTENT', 'DECISION_GROUND_INCOMPATIBLE_CONTENT'] as const;
const CONTENT_TYPES = [
  'CONTENT_TYPE_APP',
  'CONTENT_TYPE_AUDIO',
  'CONTENT_TYPE_IMAGE',
  'CONTENT_TYPE_PRODUCT',
  'CONTENT_TYPE_SYNTHETIC_MEDIA',
  'CONTENT_TYPE_TEXT',
  'CONTENT_TYPE_VIDEO',
  'CONTENT_TYPE_OTHER',
] as const;
/** Of the sixteen: those that a gateway for uploads can speak of. */
const CATEGORIES = ['STATEMENT_CATEGORY_PROTECTION_OF_MINORS', 'STATEMENT_CATEGORY_OTHER_VIOLATION_TC'] as const;
export const KEYWORDS = [
  'KEYWORD_CHILD_SEXUAL_ABUSE_MATERIAL',
  'KEYWORD_CHILD_SEXUAL_ABUSE_MATERIAL_DEEPFAKE',
  'KEYWORD_GROOMING_SEXUAL_ENTICEMENT_MINORS',
  'KEYWORD_AGE_SPECIFIC_RESTRICTIONS_MINORS',
  'KEYWORD_OTHER',
] as const;
const SOURCES = ['SOURCE_ARTICLE_16', 'SOURCE_TRUSTED_FLAGGER', 'SOURCE_TYPE_OTHER_NOTIFICATION', 'SOURCE_VOLUNTARY'] as const;
const AUTOMATED = ['AUTOMATED_DECISION_FULLY', 'AUTOMATED_DECISION_PARTIALLY', 'AUTOMATED_DECISION_NOT_AUTOMATED'] as const;

const Text = (max: number): z.ZodString => z.string().trim().min(1).max(max);
const Day = (first: string): z.ZodType<string> => z.iso.date().refine((day) => day >= first, `must be ${first} or later`);

const StatementShape = z.strictObject({
  decision_visibility: z.array(z.enum(VISIBILITIES)).min(1).optional(),
  decision_visibility_other: Text(500).optional(),
  decision_monetary: z.enum(MONETARIES).optional(),
  decision_monetary_other: Text(500).optional(),
  decision_provision: z.enum(PROVISIONS).optional(),
  decision_account: z.enum(ACCOUNTS).optional(),
  decision_ground: z.enum(GROUNDS),
  decision_ground_reference_url: z.url().max(500).optional(),
  illegal_content_legal_ground: Text(500).optional(),
  illegal_content_explanation: Text(2000).optional(),
  incompatible_content_ground: Text(500).optional(),
  incompatible_content_explanation: Text(2000).optional(),
  incompatible_content_illegal: z.enum(['Yes', 'No']).optional(),
  content_type: z.array(z.enum(CONTENT_TYPES)).min(1),
  content_type_other: Text(500).optional(),
  category: z.enum(CATEGORIES),
  category_specification: z.array(z.enum(KEYWORDS)).min(1).optional(),
  category_specification_other: Text(500).optional(),
  territorial_scope: z.array(z.enum(EEA)).min(1),
  content_language: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .optional(),
  content_date: Day('2000-01-01'),
  application_date: Day('2020-01-01'),
  end_date_visibility_restriction: z.iso.date().optional(),
  decision_facts: Text(5000),
  source_type: z.enum(SOURCES),
  source_identity: Text(500).optional(),
  automated_detection: z.enum(['Yes', 'No']),
  automated_decision: z.enum(AUTOMATED),
  puid: z.string().regex(/^[a-zA-Z0-9_-]{1,500}$/),
});

type Shape = z.output<typeof StatementShape>;
interface Together {
  readonly at: keyof Shape;
  readonly message: string;
  holds(statement: Shape): boolean;
}

const isIllegal = ({ decision_ground }: Shape): boolean => decision_ground === 'DECISION_GROUND_ILLEGAL_CONTENT';
const isThere = (...values: readonly unknown[]): boolean => values.every((value) => value !== undefined);
const isAbsent = (...values: readonly unknown[]): boolean => values.every((value) => value === undefined);

/** What holds between fields. */
const TOGETHER: readonly Together[] = [
  {
    at: 'decision_visibility',
    message: 'one of decision_visibility, decision_monetary, decision_provision and decision_account must be there',
    holds: (one) => !isAbsent(one.decision_visibility, one.decision_monetary, one.decision_provision, one.decision_account),
  },
  {
    at: 'decision_visibility_other',
    message: 'must be there when, and only when, the restriction is another',
    holds: (one) => isThere(one.decision_visibility_other) === (one.decision_visibility?.includes('DECISION_VISIBILITY_OTHER') === true),
  },
  {
    at: 'decision_monetary_other',
    message: 'must be there when, and only when, the restriction is another',
    holds: (one) => isThere(one.decision_monetary_other) === (one.decision_monetary === 'DECISION_MONETARY_OTHER'),
  },
  {
    at: 'content_type_other',
    message: 'must be there when, and only when, the type is another',
    holds: (one) => isThere(one.content_type_other) === one.content_type.includes('CONTENT_TYPE_OTHER'),
  },
  {
    at: 'illegal_content_legal_ground',
    message: 'ground and explanation of illegal content must be there when, and only when, that is the ground',
    holds: (one) =>
      isIllegal(one)
        ? isThere(one.illegal_content_legal_ground, one.illegal_content_explanation)
        : isAbsent(one.illegal_content_legal_ground, one.illegal_content_explanation),
  },
  {
    at: 'incompatible_content_ground',
    message: 'ground and explanation of incompatible content must be there when, and only when, that is the ground',
    holds: (one) =>
      isIllegal(one)
        ? isAbsent(one.incompatible_content_ground, one.incompatible_content_explanation, one.incompatible_content_illegal)
        : isThere(one.incompatible_content_ground, one.incompatible_content_explanation),
  },
  {
    at: 'category_specification_other',
    message: 'only with KEYWORD_OTHER',
    holds: (one) => isAbsent(one.category_specification_other) || one.category_specification?.includes('KEYWORD_OTHER') === true,
  },
  {
    at: 'end_date_visibility_restriction',
    message: 'must not be before the application date',
    holds: (one) => (one.end_date_visibility_restriction ?? one.application_date) >= one.application_date,
  },
  {
    at: 'source_identity',
    message: 'is not taken for a voluntary initiative',
    holds: (one) => isAbsent(one.source_identity) || one.source_type !== 'SOURCE_VOLUNTARY',
  },
];

export const StatementSchema = StatementShape.superRefine((statement, context) => {
  for (const { at, message, holds } of TOGETHER) if (!holds(statement)) context.addIssue({ code: 'custom', path: [at], message });
}).meta({ id: 'CodeDsaStatement' });
export type Statement = z.output<typeof StatementSchema>;

export const BatchSchema = z.object({ statements: z.array(StatementSchema).min(1).max(BATCH_MAX) });

export const MakeStatementsSchema = z.strictObject({
  from: z.iso.datetime({ offset: true }).describe('Decided at this time or later.'),
  to: z.iso.datetime({ offset: true }).describe('Decided before this time.'),
  legalGround: Text(500).optional().describe('The law relied on for content that matched a list; default: directive 2011/93/EU.'),
  termsGround: Text(500).optional().describe('The clause of your terms about files that cannot be checked.'),
});
export type MakeStatements = z.output<typeof MakeStatementsSchema>;

export const MadeStatementsSchema = z
  .object({
    from: z.iso.datetime(),
    to: z.iso.datetime().describe('Where the next call begins when `isComplete` is false.'),
    isComplete: z.boolean(),
    restrictions: z.number().int(),
    invalid: z.array(z.object({ puid: z.string(), faults: z.array(z.string()) })).describe('Not in the batches: they do not pass the field rules.'),
    batches: z.array(BatchSchema).describe('Each is the body of one call of the database for several statements.'),
  })
  .meta({ id: 'CodeDsaStatements' });
export type MadeStatements = z.output<typeof MadeStatementsSchema>;
