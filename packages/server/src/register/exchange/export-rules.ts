/** A register as a table: a line for each recommendation, with its first response and the newest claim of each side. */
import type { RecommendationView } from '../model/schema.ts';

export const EXPORT_COLUMNS = [
  'id',
  'number',
  'title',
  'text',
  'is_verbatim',
  'addressees',
  'themes',
  'response_by',
  'response_date',
  'response_class',
  'response_class_as_published',
  'response_text',
  'response_days_late',
  'responses',
  'actions',
  'milestones_late',
  'government_status',
  'government_as_of',
  'register_status',
  'register_claim',
  'register_reason',
  'independent_status',
  'independent_claimant',
  'address',
] as const;

export type ExportRow = Readonly<Record<(typeof EXPORT_COLUMNS)[number], string | number | boolean | null>>;

/** @param base the public address, without a slash at the end */
export function toExportRow(base: string, view: RecommendationView): ExportRow {
  const { recommendation, responses, actions, registerStatus, lateness } = view;
  return {
    id: view.id,
    number: recommendation.number,
    title: recommendation.title,
    text: recommendation.text,
    is_verbatim: recommendation.isVerbatim,
    addressees: recommendation.addressees.join('; '),
    themes: recommendation.themes.join('; '),
    ...toResponseCells(view),
    response_days_late: lateness.responseDaysLate,
    responses: responses.length,
    actions: actions.length,
    milestones_late: lateness.milestonesLate,
    ...toClaimCells(view),
    register_status: registerStatus.status,
    register_claim: registerStatus.claimed,
    register_reason: registerStatus.reason,
    address: `${base}/register/${view.id}`,
  };
}

type Cells<Name extends keyof ExportRow> = Pick<ExportRow, Name>;

/** The first response; `no_response` only where there is no other. */
function toResponseCells({
  responses,
}: RecommendationView): Cells<'response_by' | 'response_date' | 'response_class' | 'response_class_as_published' | 'response_text'> {
  const first = responses.find((one) => one.class !== 'no_response') ?? responses[0];
  if (first === undefined) return { response_by: null, response_date: null, response_class: null, response_class_as_published: null, response_text: null };
  return {
    response_by: first.by,
    response_date: first.date,
    response_class: first.class,
    response_class_as_published: first.classAsPublished,
    response_text: first.text,
  };
}

function toClaimCells({ statuses }: RecommendationView): Cells<'government_status' | 'government_as_of' | 'independent_status' | 'independent_claimant'> {
  const government = statuses.filter(({ by }) => by === 'government');
  const independent = statuses.filter(({ by }) => by === 'independent');
  const join = (words: readonly string[]): string | null => (words.length === 0 ? null : words.join('; '));
  return {
    government_status: join(government.map(({ status }) => status)),
    government_as_of: join(government.map(({ asOf }) => asOf)),
    independent_status: join(independent.map(({ status }) => status)),
    independent_claimant: join(independent.map(({ claimant }) => claimant)),
  };
}
