/** The evidence pack: one archive that an outsider checks without us. Everything in it is text, in order, and named in a list that the log signs. */
import { createHash } from 'node:crypto';
import { toCanonicalText, type LogService } from '../../log/index.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { PUBLISHER_KEYS } from '../catalogue/publisher-keys.ts';
import type { KeptEvaluation } from '../evidence/schema.ts';
import type { SignedRecord } from '../records/schema.ts';
import { gatherAt, type Gathered } from './gather.ts';
import { nameFile } from './oscal-base-rules.ts';
import type { OscalExporter } from './oscal.ts';
import { EVALUATION, formatPackStatement, namePack, nameProof, nameRecord, PACK } from './pack-name-rules.ts';
import { renderReadme } from './pack-readme-rules.ts';
import type { ExportsParts } from './parts.ts';
import { OSCAL_MODELS, TABLES, type ExportedPack } from './schema.ts';
import { COLUMNS, makeTable } from './table-rules.ts';
import { formatCsv } from '../../platform/csv-text-rules.ts';
import { writeTar, type TarFile } from './tar-rules.ts';
import { loadVerifier } from './verifier.ts';

/** Text by the name of its file. */
type Texts = Map<string, string>;

export async function makePack(parts: ExportsParts, exporter: OscalExporter): Promise<ExportedPack> {
  const { log } = parts;
  const kept = await findPlaced(parts);
  const gathered = await gatherAt(parts, kept);
  if (gathered.factsDigest !== kept.evaluation.factsDigest)
    throw new GatehouseError(
      'conflict',
      'Nothing was packed: the answers that the last evaluation rests on cannot be given back any more, because they or the catalogue changed since. Run `gatehouse code evaluate`, then make the pack.',
    );
  const records = await parts.records.list({ withSuperseded: true });
  // One checkpoint for all the proofs.
  await log.checkpoint();
  const texts: Texts = new Map();
  texts.set(PACK.evaluation, toCanonicalText(kept.evaluation));
  texts.set(PACK.facts, toCanonicalText(gathered.values));
  texts.set(PACK.said, toCanonicalText(describeSaid(gathered)));
  texts.set(
    PACK.gaps,
    toCanonicalText({
      gaps: gathered.gaps.map(({ since, plan, ...gap }) => ({
        ...gap,
        since: since?.toISOString() ?? null,
        plan: plan === null ? null : { owner: plan.owner, due: plan.due, plan: plan.plan },
      })),
    }),
  );
  await addCatalogue(texts, parts, kept);
  await addRecords(texts, parts, records);
  await addProof(texts, log, { subject: EVALUATION, index: kept.logIndex });
  await addLog(texts, log);
  await addExports(texts, exporter, gathered);
  texts.set(PACK.verifier, (await loadVerifier()).html);
  texts.set(PACK.readme, renderReadme({ origin: gathered.origin, evaluation: kept.evaluation, disclaimer: gathered.catalogue.disclaimer }));
  await addManifest(texts, log, { evaluationId: kept.evaluation.id, origin: gathered.origin });
  const files = [...texts].map(([name, text]): TarFile => ({ name, bytes: Buffer.from(text) }));
  return { name: namePack(kept.evaluation.id), bytes: writeTar({ timeS: Math.floor(Date.parse(kept.evaluation.at) / 1000), files }) };
}

/** The last evaluation, with its place in the log. */
async function findPlaced({ evidence, log }: ExportsParts): Promise<KeptEvaluation> {
  const last = await evidence.last();
  if (last === undefined)
    throw new GatehouseError('not_found', 'There is no evaluation yet, so there is nothing to prove. Run `gatehouse code evaluate` first.');
  if (last.logIndex !== undefined) return last;
  await log.drain();
  return evidence.find(last.evaluation.id);
}

/** What was answered and how it was found out; not by whom: that is for the records, which people sign. */
function describeSaid({ said }: Gathered): object {
  return { said: said.map(({ fact, value, origin, saidAt, method }) => ({ fact, value, origin, saidAt: saidAt.toISOString(), method })) };
}

async function addCatalogue(texts: Texts, { catalogue, context }: ExportsParts, { evaluation }: KeptEvaluation): Promise<void> {
  const { bytes, note } = await catalogue.file(evaluation.catalogueVersion);
  texts.set(PACK.catalogue, new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  texts.set(PACK.catalogueNote, note);
  texts.set(PACK.catalogueKeys, [...PUBLISHER_KEYS, ...context.config.codeCatalogueKeys].map((key) => `${key}\n`).join(''));
}

async function addRecords(texts: Texts, { records: service, log }: ExportsParts, records: readonly SignedRecord[]): Promise<void> {
  const index = [];
  for (const record of records.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const { id, kind, subject, version, body, digest, signedBy, signedName } = record;
    const signedAt = record.signedAt.toISOString();
    // Exactly the text that the digest is over.
    texts.set(nameRecord(id), toCanonicalText({ kind, subject, version, body, signedBy, signedName, signedAt }));
    const logIndex = await service.logIndex(record);
    await addProof(texts, log, { subject: id, index: logIndex });
    const dates = { reviewDue: record.reviewDue, supersededAt: record.supersededAt, keepUntil: record.keepUntil };
    const iso = Object.fromEntries(Object.entries(dates).map(([name, date]) => [name, date?.toISOString() ?? null]));
    index.push({ id, kind, subject, version, digest, signedName, signedAt, ...iso, withdrawnReason: record.withdrawnReason, logIndex: logIndex ?? null });
  }
  texts.set(PACK.records, toCanonicalText({ records: index }));
}

async function addProof(texts: Texts, log: LogService, { subject, index }: { readonly subject: string; readonly index: number | undefined }): Promise<void> {
  if (index === undefined) return;
  const { entry, proof } = await log.prove(index);
  const names = nameProof(subject);
  texts.set(names.entry, entry);
  texts.set(names.proof, proof);
}

async function addLog(texts: Texts, log: LogService): Promise<void> {
  const { verifierKey } = await log.status();
  texts.set(PACK.verifierKey, `${verifierKey}\n`);
  texts.set(PACK.checkpoint, await log.lastNote());
  const witnesses = await log.outside.cosigners.list();
  if (witnesses.length > 0) texts.set(PACK.witnesses, witnesses.map(({ verifierKey: key }) => `${key}\n`).join(''));
}

async function addExports(texts: Texts, exporter: OscalExporter, gathered: Gathered): Promise<void> {
  const losses = [];
  for (const model of OSCAL_MODELS) {
    const made = await exporter.make(model, gathered);
    texts.set(`oscal/${nameFile(model)}`, made.json);
    losses.push({ model, losses: made.losses });
  }
  texts.set(PACK.losses, toCanonicalText({ models: losses }));
  for (const table of TABLES) texts.set(`tables/${table}.csv`, formatCsv(COLUMNS[table], makeTable(table, gathered)));
}

async function addManifest(texts: Texts, log: LogService, { evaluationId, origin }: { readonly evaluationId: string; readonly origin: string }): Promise<void> {
  const files = [...texts]
    .map(([name, text]) => ({ name, sha256: digestOf(text), sizeBytes: Buffer.byteLength(text) }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const manifest = toCanonicalText({ format: 'gatehouse.evidence-pack/v1', evaluation: evaluationId, origin, files });
  texts.set(PACK.manifest, manifest);
  texts.set(PACK.manifestNote, await log.sign(formatPackStatement({ origin, evaluationId, manifestSha256: digestOf(manifest) })));
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
