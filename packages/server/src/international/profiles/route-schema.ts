/** What programs get and send about countries. */
import { z } from 'zod';
import { CountrySchema } from '../hosting/schema.ts';
import {
  ASSESSMENT_STATES,
  AssessmentInputSchema,
  ImportSourceSchema,
  StatementSchema,
  type Assessment,
  type CountryView,
  type KeptStatement,
} from './schema.ts';

export const CodeParams = z.object({ code: CountrySchema });
export const IdParams = z.object({ id: z.string().max(60) });

const YesNoUnknownSchema = z.enum(['yes', 'no', 'unknown']);
const PlaceSchema = z.object({
  code: z.string(),
  alpha3: z.string().nullable(),
  name: z.string(),
  region: z.string().nullable(),
  note: z.string().nullable(),
  isIso: z.boolean().describe('False for four codes that are not in ISO 3166-1; `note` says what they are.'),
});

export const CountrySummarySchema = PlaceSchema.extend({
  statements: z.number().int(),
  stale: z.number().int().describe('Statements that are older than the limit of their topic.'),
  assessed: z.number().int().describe('Of 21 capabilities, how many were looked at. Says nothing about what was found.'),
  hotline: YesNoUnknownSchema,
  policeFirst: YesNoUnknownSchema,
  treaties: z.array(z.string()),
}).meta({ id: 'CountrySummary' });

export const KeptStatementSchema = StatementSchema.extend({
  id: z.string(),
  keptAt: z.iso.datetime(),
  keptBy: z.string(),
  isStale: z.boolean(),
  supersededAt: z.iso.datetime().nullable(),
}).meta({ id: 'KeptCountryStatement' });

const OfficeSchema = z.object({ name: z.string(), email: z.string().nullable() });
export const ProcedureSchema = z
  .object({
    country: z.string(),
    policeFirst: YesNoUnknownSchema.describe('Unknown is not no.'),
    hotline: OfficeSchema.extend({ url: z.string().nullable() }).nullable(),
    police: OfficeSchema.nullable(),
    regulator: OfficeSchema.nullable(),
    fallback: z.string().nullable(),
    formats: z.array(z.enum(['xarf', 'arf', 'dsa', 'portal'])),
    workingDays: z.array(z.number().int()).describe('ISO weekdays; Monday to Friday unless `areWorkingDaysKnown`.'),
    areWorkingDaysKnown: z.boolean(),
    holidays: z.array(z.string()),
    timeZone: z.string().nullable(),
    legalBasis: z.string().nullable(),
    staleKeys: z.array(z.string()),
    basis: z
      .array(z.object({ key: z.string(), statementId: z.string(), asOf: z.string().nullable(), isStale: z.boolean(), caveat: z.string().nullable() }))
      .optional(),
  })
  .meta({ id: 'CountryProcedure' });

export const AssessmentSchema = AssessmentInputSchema.extend({
  id: z.string(),
  state: z.enum(ASSESSMENT_STATES),
  madeAt: z.iso.datetime(),
  madeBy: z.string(),
  reply: z.object({ text: z.string(), by: z.string(), at: z.iso.datetime() }).nullable(),
  supersedes: z.string().nullable(),
}).meta({ id: 'MnrAssessment' });

export const CountryViewSchema = PlaceSchema.extend({
  statements: z.array(KeptStatementSchema),
  procedure: ProcedureSchema,
  capabilities: z.array(
    z.object({
      capability: z.number().int(),
      title: z.string(),
      wording: z.string(),
      domain: z.string(),
      assessment: AssessmentSchema.nullable().describe('Published or disputed. Null: not assessed, which is not phase 0.'),
      pending: AssessmentSchema.nullable(),
    }),
  ),
  phases: z.array(z.string()).describe('What phases 0 to 4 are called here.'),
}).meta({ id: 'CountryProfile' });

export const ImportBodySchema = z
  .strictObject({ shape: z.string().max(60), file: z.string().min(1).max(1_000_000).describe('The CSV itself.'), source: ImportSourceSchema })
  .meta({ id: 'CountryImport' });
export const ImportResultSchema = z
  .object({
    kept: z.number().int(),
    same: z.number().int(),
    left: z.number().int().describe('Left alone, because somebody else spoke since; only of the seed.'),
    faults: z.array(z.string()),
  })
  .meta({ id: 'CountryImportResult' });
export const StateBodySchema = z.strictObject({ state: z.enum(ASSESSMENT_STATES) }).meta({ id: 'MnrAssessmentState' });
export const ReplyBodySchema = z
  .strictObject({ text: z.string().trim().min(1).max(5000), by: z.string().trim().min(1).max(200).describe('The body that replies.') })
  .meta({ id: 'MnrAssessmentReply' });
export const ReferenceSchema = z
  .object({ id: z.string(), title: z.string(), publisher: z.string(), date: z.string().nullable(), url: z.string().nullable(), seen: z.string() })
  .meta({ id: 'CountryReference' });

export function toStatementBody(statement: KeptStatement): z.output<typeof KeptStatementSchema> {
  return { ...statement, keptAt: statement.keptAt.toISOString(), supersededAt: statement.supersededAt?.toISOString() ?? null };
}

export function toAssessmentBody(assessment: Assessment): z.output<typeof AssessmentSchema> {
  const { madeAt, reply } = assessment;
  return { ...assessment, madeAt: madeAt.toISOString(), reply: reply === null ? null : { ...reply, at: reply.at.toISOString() } };
}

export function toCountryBody(view: CountryView, phases: readonly string[]): unknown {
  const orNull = (assessment: Assessment | null): unknown => (assessment === null ? null : toAssessmentBody(assessment));
  return {
    ...view,
    statements: view.statements.map(toStatementBody),
    capabilities: view.capabilities.map((one) => ({ ...one, assessment: orNull(one.assessment), pending: orNull(one.pending) })),
    phases,
  };
}
