/** The room of records on a real database and a real log, with a small catalogue and facts that are only collected. */
import type { Catalogue, CatalogueService, Control, FactDefinition, LoadedCatalogue } from '../../src/code/catalogue/schema.ts';
import type { Applicability, FactsService, SaidFact } from '../../src/code/facts/schema.ts';
import type { AssessmentDraft, RecordsService, Signer } from '../../src/code/records/schema.ts';
import { migrations } from '../../src/code/records/migrations.ts';
import { createRecordsService } from '../../src/code/records/service.ts';
import { logDomain, type LogService } from '../../src/log/index.ts';
import type { Clock } from '../../src/platform/clock.ts';
import type { AppContext } from '../../src/platform/context.ts';
import { createTestContext } from './context.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';

export const SIGNER: Signer = { id: 'per_ada', name: 'Ada Example' };

export interface TestRecords {
  readonly records: RecordsService;
  readonly context: AppContext;
  readonly log: LogService;
  readonly catalogue: Pick<CatalogueService, 'current'>;
  /** Facts that were set, in order. */
  readonly set: Omit<SaidFact, 'saidAt'>[];
  readonly facts: Pick<FactsService, 'read' | 'set' | 'applicability'> & { fail: boolean; outcomes: Partial<Applicability>[]; values: Map<string, boolean> };
  dispose(): Promise<void>;
}

export const createRecordsDatabase = (): Promise<TestDatabase> =>
  createTestDatabase([
    { domain: logDomain.name, migrations: logDomain.migrations },
    { domain: 'code', migrations },
  ]);

export async function startRecords(db: TestDatabase, clock: Clock): Promise<TestRecords> {
  const test = await createTestContext({ database: db.database, clock });
  const { context } = test;
  const { service: log } = await logDomain.create(context, {});
  const catalogue = createSmallCatalogue();
  const set: Omit<SaidFact, 'saidAt'>[] = [];
  const facts: TestRecords['facts'] = {
    fail: false,
    outcomes: [],
    values: new Map(),
    read: async () => ({ said: [], values: facts.values, digest: '' }),
    set: async (given) => {
      if (facts.fail) throw new Error('the facts cannot be kept');
      set.push(...given);
    },
    applicability: async () =>
      facts.outcomes.map((one) => ({ control: '', outcome: 'binds', reason: '', decidedBy: [], missing: [], wouldBind: [], from: null, ...one })),
  };
  const records = await createRecordsService({ context, log, catalogue, facts });
  return { records, context, log, catalogue, set, facts, dispose: () => test.dispose() };
}

const control = (id: string): Control => ({
  id,
  ref: id.toUpperCase(),
  title: `Measure ${id}`,
  statement: 'A statement.',
  source: { sourceId: 'S', section: '1', date: '2025-03-17' },
  appliesTo: { expr: 'true', text: 'everybody' },
  standing: 'in_force',
  status: 'in force',
  from: null,
  until: null,
  evidence: [{ metric: 'policy_current', threshold: { kind: 'yes' }, window: 'now', mode: 'attested', basis: 'code', note: null }],
  up: [],
  related: [],
  verify: false,
  verifyNote: null,
});

const level = (id: string, section: 'illegal_risks' | 'child_risks'): FactDefinition => ({
  id,
  section,
  question: `How high is ${id}?`,
  help: null,
  type: { kind: 'level' },
});

const CATALOGUE: Catalogue = {
  format: 1,
  version: '1.0.0',
  releasedOn: '2026-11-01',
  title: 'Small',
  disclaimer: 'Made for tests.',
  language: 'en-GB',
  sources: [{ id: 'S', title: 'A source', publisher: 'Nobody', date: '2025-03-17', url: null, read: 'all' }],
  facts: [
    level('risk.imageCsam', 'illegal_risks'),
    level('risk.grooming', 'illegal_risks'),
    level('risk.fraud', 'illegal_risks'),
    level('childRisk.ppc', 'child_risks'),
  ],
  metrics: [
    { id: 'policy_current', title: 'Policies are in date', unit: 'boolean', text: 'Whether they are.' },
    { id: 'training_current_ratio', title: 'Training', unit: 'ratio', text: 'Share of people.' },
  ],
  groups: [
    { id: 'icu', title: 'Code', layer: 'code', appliesTo: { expr: 'true', text: 'all' }, controls: [control('icu-c1'), control('icu-c2'), control('icu-c3')] },
    { id: 'law', title: 'Law', layer: 'statute', appliesTo: { expr: 'true', text: 'all' }, controls: [control('law-s9'), control('law-s11')] },
  ],
  amendments: [],
  changeLog: [],
};

function createSmallCatalogue(): Pick<CatalogueService, 'current'> {
  const current: LoadedCatalogue = {
    catalogue: CATALOGUE,
    digest: '0'.repeat(64),
    signedBy: 'test',
    control(id) {
      for (const group of CATALOGUE.groups) for (const one of group.controls) if (one.id === id) return { control: one, group };
      return undefined;
    },
    metric: (id) => CATALOGUE.metrics.find((one) => one.id === id),
  };
  return { current: () => current };
}

/** Complete: every kind of the small catalogue, reviewed in half a year. */
export function wholeDraft(
  subject: AssessmentDraft['subject'],
  { kinds, nextReview }: { readonly kinds: readonly string[]; readonly nextReview: string },
): AssessmentDraft {
  return {
    subject,
    understanding: { riskFactors: 'Pictures can be shared with strangers.', consulted: 'The risk profiles, and two moderators.' },
    kinds: kinds.map((kind) => ({
      kind,
      level: 'medium',
      reasoning: `Why ${kind} is medium.`,
      evidence: [{ what: 'Three reports in a year', from: 'Complaints log' }],
      isSeverityLifted: false,
    })),
    measures: ['icu-c1'],
    measuresNote: '',
    review: { reportedTo: 'The board', nextReview, triggers: 'A new way to share pictures.' },
  };
}
