/** What is added to data for the public, and what is left out of them. Pure. */
import { z } from 'zod';
import type { CheckState } from '../checks/schema.ts';
import { CHECKS, runPath } from './address-rules.ts';

const ExportSchema = z.looseObject({ changes: z.array(z.looseObject({})) });
const GraphSchema = z.looseObject({ '@graph': z.array(z.looseObject({})) });
/** Who wrote and who published is the operator's business, and a draft's reason too. */
const PRIVATE = new Set(['madeBy', 'reviewedBy', 'batch', 'reason']);

/** @param text an export as JSON (exchange/service.ts) */
export function hidePersons(text: string): string {
  const document = ExportSchema.parse(JSON.parse(text));
  const changes = document.changes.map((change) => Object.fromEntries(Object.entries(change).filter(([name]) => !PRIVATE.has(name))));
  return `${JSON.stringify({ ...document, changes }, undefined, 2)}\n`;
}

/** The checks as activities that generated the text of a run (PROV-O), inside the recommendation: an import reads the rest and passes over them. */
export function addChecks(document: object, checks: readonly CheckState[], base: string): object {
  const { '@graph': graph, ...rest } = GraphSchema.parse(document);
  const nodes = graph.map((node) =>
    'schema:isPartOf' in node && checks.length > 0 ? { ...node, 'gh:checkRun': checks.map((check) => toActivity(check, base)) } : node,
  );
  return { ...rest, '@graph': nodes };
}

function toActivity({ name, title, expected, result, finding, lastRunAt, runId, logIndex }: CheckState, base: string): object {
  return {
    '@id': `${base}${CHECKS}#${name}`,
    '@type': 'prov:Activity',
    'schema:identifier': name,
    'schema:name': title,
    'gh:expected': expected,
    'gh:result': result,
    'schema:text': finding,
    ...(lastRunAt === null ? {} : { 'prov:endedAtTime': lastRunAt.toISOString() }),
    ...(runId === null ? {} : { 'prov:generated': { '@id': `${base}${runPath(runId)}`, '@type': 'prov:Entity' } }),
    ...(logIndex === null ? {} : { 'gh:logIndex': logIndex }),
  };
}
