/** Reads everything that an export says, at one time. */
import { VERSION } from '../../platform/version.ts';
import type { KeptEvaluation } from '../evidence/schema.ts';
import type { OscalInput } from './oscal-schema.ts';
import type { ExportsParts } from './parts.ts';
import { makeUuid } from './uuid.ts';

export type Gathered = Omit<OscalInput, 'catalogSha256'>;

export async function gather({ log, catalogue, facts, records, evidence, gaps }: ExportsParts): Promise<Gathered> {
  const current = catalogue.current();
  const { origin } = await log.status();
  const last = await evidence.last();
  return {
    uuid: (name) => makeUuid(`${origin}:${name}`),
    version: VERSION,
    origin,
    catalogue: current.catalogue,
    catalogueDigest: current.digest,
    said: (await facts.read()).said,
    applicability: await facts.applicability(),
    evaluation: last === undefined ? undefined : toEvaluation(last),
    sources: evidence.sources(),
    gaps: await gaps.list(),
    records: await records.list(),
  };
}

/** As it was at an evaluation: the catalogue and the answers that it names. */
export async function gatherAt(
  parts: ExportsParts,
  kept: KeptEvaluation,
): Promise<Gathered & { readonly factsDigest: string; readonly values: Readonly<Record<string, unknown>> }> {
  const { evaluation } = kept;
  const at = new Date(evaluation.at);
  const release = await parts.catalogue.release(evaluation.catalogueVersion);
  const { said, values, digest } = await parts.facts.read(at);
  return {
    ...(await gather(parts)),
    catalogue: release.catalogue,
    catalogueDigest: release.digest,
    said,
    applicability: await parts.facts.applicability(at),
    evaluation: toEvaluation(kept),
    factsDigest: digest,
    values: Object.fromEntries([...values].toSorted(([a], [b]) => (a < b ? -1 : 1))),
  };
}

function toEvaluation({ evaluation, digest, logIndex }: KeptEvaluation): Gathered['evaluation'] {
  return { value: evaluation, digest, logIndex };
}
