/** Everything that can be handed out. */
import { formatCsv } from '../../platform/csv-text-rules.ts';
import { createStatements } from './dsa.ts';
import { gather } from './gather.ts';
import { listLosses } from './oscal-loss-rules.ts';
import { createOscalExporter } from './oscal.ts';
import { makePack } from './pack.ts';
import type { ExportsParts } from './parts.ts';
import { OSCAL_MODELS, type ExportsService } from './schema.ts';
import { COLUMNS, makeTable } from './table-rules.ts';
import { loadVerifier } from './verifier.ts';

export async function createExportsService(parts: ExportsParts): Promise<ExportsService> {
  const exporter = createOscalExporter();
  return {
    oscal: async (model) => exporter.make(model, await gather(parts)),
    async losses() {
      const gathered = await gather(parts);
      return OSCAL_MODELS.map((model) => ({ model, losses: listLosses(model, { ...gathered, catalogSha256: undefined }) }));
    },
    pack: () => makePack(parts, exporter),
    csv: async (table = 'measures') => formatCsv(COLUMNS[table], makeTable(table, await gather(parts))),
    table: async (table) => makeTable(table, await gather(parts)),
    verifier: loadVerifier,
    statements: createStatements(parts),
  };
}
