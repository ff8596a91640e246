/** What the exports read from: the other rooms of the domain, and the log. */
import type { IntakeService } from '../../intake/index.ts';
import type { LogService } from '../../log/index.ts';
import type { AppContext } from '../../platform/context.ts';
import type { CatalogueService } from '../catalogue/schema.ts';
import type { EvidenceService } from '../evidence/schema.ts';
import type { FactsService } from '../facts/schema.ts';
import type { GapsService } from '../gaps/schema.ts';
import type { RecordsService } from '../records/schema.ts';

export interface ExportsParts {
  readonly context: AppContext;
  readonly log: LogService;
  readonly intake: Pick<IntakeService, 'restrictions'>;
  readonly catalogue: CatalogueService;
  readonly facts: FactsService;
  readonly records: RecordsService;
  readonly evidence: EvidenceService;
  readonly gaps: GapsService;
}
