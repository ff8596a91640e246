/** Makes the services of the domain out of each other. One folder is a few lines here and a few in index.ts. */
import type { AgeService } from '../age/index.ts';
import type { IntakeService } from '../intake/index.ts';
import type { ListsService } from '../lists/index.ts';
import type { LogService } from '../log/index.ts';
import type { AppContext } from '../platform/context.ts';
import { createAmendmentsService } from './catalogue/amendments.ts';
import type { AmendmentsService } from './catalogue/release-schema.ts';
import type { CatalogueService } from './catalogue/schema.ts';
import { createCatalogueService } from './catalogue/service.ts';
import { createProbes, type ProbeService } from './evidence/probes.ts';
import type { EvidenceService } from './evidence/schema.ts';
import { createEvidenceService } from './evidence/service.ts';
import type { ExportsService } from './exports/schema.ts';
import { createExportsService } from './exports/service.ts';
import { createInspect } from './facts/installation.ts';
import type { QuestionsService } from './facts/schema.ts';
import { createFactsService } from './facts/service.ts';
import type { GapsService } from './gaps/schema.ts';
import { createGapsService } from './gaps/service.ts';
import { createStatement, type StatementService } from './pages/statement.ts';
import type { RecordsService } from './records/schema.ts';
import { createRecordsService } from './records/service.ts';

export interface CodeNeeds {
  readonly age: AgeService;
  readonly intake: IntakeService;
  readonly lists: ListsService;
  readonly log: LogService;
}

export interface CodeService {
  readonly catalogue: CatalogueService;
  readonly amendments: AmendmentsService;
  readonly facts: QuestionsService;
  readonly records: RecordsService;
  readonly evidence: EvidenceService;
  readonly probes: ProbeService;
  readonly gaps: GapsService;
  readonly exports: ExportsService;
  readonly statement: StatementService;
}

export async function composeCode(context: AppContext, { age, intake, lists, log }: CodeNeeds): Promise<CodeService> {
  const catalogue = await createCatalogueService({ context });
  const facts = await createFactsService({ context, catalogue, inspect: createInspect(age) });
  const amendments = createAmendmentsService({ context, catalogue, facts });
  const records = await createRecordsService({ context, log, catalogue, facts });
  const evidence = await createEvidenceService({ context, log, catalogue, facts, records });
  const probes = createProbes({ context, age, intake, lists });
  const gaps = createGapsService({ context, catalogue, evidence });
  const exports = await createExportsService({ context, log, intake, catalogue, facts, records, evidence, gaps });
  const statement = await createStatement({ context, log, catalogue, evidence });
  return { catalogue, amendments, facts, records, evidence, probes, gaps, exports, statement };
}
