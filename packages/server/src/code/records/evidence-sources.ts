/** What the records measure for the register. Each reading names who signed and when: it is what people said, kept and dated, not what machines saw. */
import type { Evidence, EvidenceReading, EvidenceWindow } from '../../platform/evidence.ts';
import type { CatalogueService } from '../catalogue/schema.ts';
import type { FactsService } from '../facts/schema.ts';
import * as rules from './evidence-rules.ts';
import type { RecordsService, SignedRecord } from './schema.ts';

export interface Measured {
  readonly records: RecordsService;
  readonly catalogue: Pick<CatalogueService, 'current'>;
  readonly facts: Pick<FactsService, 'applicability' | 'read'>;
}

/** Registers the sources. */
export function measureRecords({ records, catalogue, facts }: Measured, evidence: Evidence): void {
  const measure = (
    metric: string,
    method: string,
    read: (inEffect: readonly SignedRecord[], window: EvidenceWindow) => Promise<EvidenceReading> | EvidenceReading,
  ): void => evidence.measure({ metric, method, read: async (window) => read(await records.list(), window) });
  const readNeeded = (): Promise<rules.Needed> => findNeeded({ records, catalogue, facts });
  measure('record_complete_ratio', 'Counts signed records against the assessments and the measures of codes that bind the service.', async (list) =>
    rules.readComplete(list, await readNeeded()),
  );
  measure('record_superseded_kept_ratio', 'Counts superseded records and computes the digest of each again.', async () =>
    rules.readKept(await records.list({ withSuperseded: true }), await records.pruned(), (record) => records.isIntact(record)),
  );
  measure('risk_assessment_age_days', 'Days since the risk assessments in effect were signed.', async (list, { to }) =>
    rules.readAssessmentAge(list, await hasChildren(facts), to),
  );
  measure('change_without_assessment_total', 'Counts the register of significant changes.', (list, window) => rules.readUnassessedChanges(list, window));
  measure('board_review_age_days', 'Days since the last review by the board that was recorded.', (list, { to }) => rules.readReviewAge(list, 'board', to));
  measure('assurance_review_age_days', 'Days since the last review of the internal assurance that was recorded.', (list, { to }) =>
    rules.readReviewAge(list, 'assurance', to),
  );
  measure('accountable_person_current', 'Reads the appointments that were signed.', (list, { to }) => rules.readAccountable(list, to));
  measure('policy_current', 'Reads the policies that were signed, with their review dates.', (list, { to }) => rules.readPolicies(list, to));
  measure('training_current_ratio', 'Adds up the trainings that were signed and are not out of date.', (list, { to }) => rules.readTraining(list, to));
  measure('report_registration_valid', 'Reads the registration, its tests and the two appointments that were signed.', (list, { to }) =>
    rules.readRegistration(list, to),
  );
}

async function findNeeded({ catalogue, facts }: Measured): Promise<rules.Needed> {
  const current = catalogue.current();
  const outcomes = (await facts.applicability()).filter(({ control }) => current.control(control)?.group.layer === 'code');
  const binding = outcomes.filter(({ outcome }) => outcome === 'binds').map(({ control }) => control);
  return { controls: binding, undecided: outcomes.filter(({ outcome }) => outcome === 'undecided').length, hasChildren: await hasChildren(facts) };
}

async function hasChildren(facts: Measured['facts']): Promise<boolean> {
  return (await facts.read()).values.get('childrenLikely') === true;
}
