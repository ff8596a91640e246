/** What an evidence pack is made of: a real log with real entries and proofs, the shipped catalogue, and hand-made rooms of the domain `code` around it. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { PUBLISHER_KEYS } from '../../src/code/catalogue/publisher-keys.ts';
import { openRelease, parsePublisherKeys } from '../../src/code/catalogue/release.ts';
import type { CatalogueService } from '../../src/code/catalogue/schema.ts';
import type { Evaluation, EvidenceService, KeptEvaluation } from '../../src/code/evidence/schema.ts';
import type { ExportsParts } from '../../src/code/exports/parts.ts';
import type { FactsService } from '../../src/code/facts/schema.ts';
import type { GapsService } from '../../src/code/gaps/schema.ts';
import type { RecordsService, SignedRecord } from '../../src/code/records/schema.ts';
import { logDomain, toCanonicalText, type LogService } from '../../src/log/index.ts';
import type { AppContext } from '../../src/platform/context.ts';
import { createFakeClock } from './clock.ts';
import { alternative, CATALOGUE_FILE, fullInput, makeEvaluation } from './code-exports.ts';
import { createTestContext } from './context.ts';
import { createTestDatabase } from './database.ts';

export interface PackScene {
  readonly parts: ExportsParts;
  readonly log: LogService;
  readonly verifierKey: string;
  dispose(): Promise<void>;
}

/** The members that the exports use; whoever asks for another one fails. */
const only = <T extends object>(members: Partial<T>): T => members as T;
const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

export async function setPackScene(text = 'As the operator wrote it.'): Promise<PackScene> {
  const test = await createTestDatabase([{ domain: 'log', migrations: logDomain.migrations }]);
  const { context, dispose } = await createTestContext({ database: test.database, clock: createFakeClock(new Date('2026-11-25T10:00:00Z')) });
  const { service: log } = await logDomain.create(context, {});
  const file = { bytes: new Uint8Array(await readFile(CATALOGUE_FILE)), note: await readFile(CATALOGUE_FILE.replace('.json', '.note'), 'utf8') };
  const release = await openRelease(file, parsePublisherKeys(PUBLISHER_KEYS));
  const input = fullInput(text, release.catalogue);
  const values = new Map(input.said.map(({ fact, value }) => [fact, value ?? '']));
  const evaluation = {
    ...makeEvaluation(release.catalogue, text),
    catalogueDigest: release.digest,
    factsDigest: digestOf(toCanonicalText(Object.fromEntries(values))),
  };
  const records = [
    signRecord(alternative('icu-c9', text)),
    signRecord({ ...alternative('icu-c10', text), id: 'rec_3', supersededAt: new Date('2026-11-01T00:00:00Z') }),
  ];
  const kept = await enter({ context, log, evaluation, records });
  const parts: ExportsParts = {
    context,
    log,
    intake: { restrictions: async () => [] },
    catalogue: only<CatalogueService>({ current: () => release, release: async () => release, file: async () => file }),
    facts: only<FactsService>({
      read: async () => ({ said: input.said, values, digest: evaluation.factsDigest }),
      applicability: async () => input.applicability,
    }),
    records: only<RecordsService>({ list: async () => records, logIndex: ({ id }) => log.find('code.record_signed', id) }),
    evidence: only<EvidenceService>({ last: async () => kept, find: async () => kept, sources: () => input.sources }),
    gaps: only<GapsService>({ list: async () => input.gaps }),
  };
  return {
    parts,
    log,
    verifierKey: (await log.status()).verifierKey,
    async dispose() {
      await log.stop();
      await dispose();
      await test.drop();
    },
  };
}

function signRecord(record: SignedRecord): SignedRecord {
  const { kind, subject, version, body, signedBy, signedName, signedAt } = record;
  return { ...record, digest: digestOf(toCanonicalText({ kind, subject, version, body, signedBy, signedName, signedAt: signedAt.toISOString() })) };
}

interface Entered {
  readonly context: AppContext;
  readonly log: LogService;
  readonly evaluation: Evaluation;
  readonly records: readonly SignedRecord[];
}

/** As the rooms do it: events in a transaction. Another evaluation stands before, so that there is an entry to mistake it for. */
async function enter({ context, log, evaluation, records }: Entered): Promise<KeptEvaluation> {
  const digest = digestOf(toCanonicalText(evaluation));
  const { catalogueVersion, measures } = evaluation;
  await context.database.transact(async (tx) => {
    await context.events.emit('code.evaluated', { evaluationId: 'eva_00', digest: digestOf('another'), catalogueVersion, measures: 1 }, tx);
    for (const { id, kind, version, digest: recordDigest, signedBy } of records)
      await context.events.emit('code.record_signed', { recordId: id, kind, version, digest: recordDigest, actor: signedBy }, tx);
    await context.events.emit('code.evaluated', { evaluationId: evaluation.id, digest, catalogueVersion, measures: measures.length }, tx);
  });
  await log.drain();
  return { evaluation, digest, logIndex: await log.find('code.evaluated', evaluation.id) };
}
