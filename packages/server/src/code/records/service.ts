/** Signed records: kept, superseded, provable. */
import type { LogService } from '../../log/index.ts';
import type { AppContext } from '../../platform/context.ts';
import { GatehouseError } from '../../platform/errors.ts';
import type { CatalogueService } from '../catalogue/schema.ts';
import type { FactsService } from '../facts/schema.ts';
import { createAssessments } from './assessments.ts';
import { digestRecord } from './digest.ts';
import { findFaults, reviewDayOf, subjectOf, toDay } from './kind-rules.ts';
import { toRecordView } from './record-file.ts';
import type { RecordFile, RecordsService, SignedRecord, Signer, SignInput } from './schema.ts';
import { signRecord } from './signing.ts';
import * as store from './store.ts';

export interface RecordsParts {
  readonly context: AppContext;
  readonly log: LogService;
  readonly catalogue: Pick<CatalogueService, 'current'>;
  readonly facts: Pick<FactsService, 'set'>;
}

export async function createRecordsService(parts: RecordsParts): Promise<RecordsService> {
  const { context, log } = parts;
  const { database } = context;
  const find = async (id: string): Promise<SignedRecord> => (await store.findRecord(database.sql, id)) ?? refuseMissing();
  const logIndex: RecordsService['logIndex'] = ({ id }) => log.find('code.record_signed', id);
  return {
    list: (filter = {}) => store.listRecords(database.sql, filter),
    find,
    logIndex,
    prove: async (id) => prove(parts, await find(id)),
    isIntact: (record) => digestRecord({ ...record, signedAt: record.signedAt.toISOString() }) === record.digest,
    signMeasure: (body, signer) => sign(parts, { kind: 'measure', body }, signer),
    signAlternative: (body, signer) => sign(parts, { kind: 'alternative', body }, signer),
    attest: (body, signer) => sign(parts, { kind: 'attestation', body }, signer),
    sign: (input, signer) => sign(parts, input, signer),
    withdraw: (id, reason, signer) => withdraw(parts, { id, reason }, signer),
    prune: (actor) => prune(context, actor),
    pruned: () => store.listPruned(database.sql),
    ...createAssessments(parts),
  };
}

function refuseMissing(): never {
  throw new GatehouseError('not_found', 'There is no record with this id.');
}

/** The body of the answer is the one that was given. */
async function sign<Input extends SignInput>({ context, catalogue }: RecordsParts, input: Input, signer: Signer): Promise<SignedRecord<Input['body']>> {
  const current = catalogue.current();
  const named = { hasControl: (id: string) => current.control(id) !== undefined, metric: (id: string) => current.metric(id) };
  const errors = findFaults(input, named, toDay(context.clock.now()));
  if (errors.length > 0) throw new GatehouseError('record_invalid', 'Nothing was signed: some fields do not fit.', { errors });
  const body: Input['body'] = input.body;
  return context.database.transact((tx) =>
    signRecord(context, { kind: input.kind, subject: subjectOf(input), body, reviewDay: reviewDayOf(input), signer }, tx),
  );
}

async function withdraw({ context }: RecordsParts, { id, reason }: { readonly id: string; readonly reason: string }, signer: Signer): Promise<void> {
  const { clock, database, events } = context;
  await database.transact(async (tx) => {
    const isEnded = await store.endRecord(tx, { id, at: clock.now(), by: signer.id, reason });
    if (!isEnded) {
      if ((await store.findRecord(tx, id)) === undefined) refuseMissing();
      throw new GatehouseError('conflict', 'This record is no longer in effect: it was superseded or withdrawn before. Nothing was changed.');
    }
    await events.emit('code.changed', { change: 'record_withdrawn', subject: id, actor: signer.id }, tx);
  });
}

async function prune({ clock, database, events }: AppContext, actor: string): Promise<number> {
  return database.transact(async (tx) => {
    await store.lockRecords(tx);
    const ids = await store.deleteKept(tx, clock.now());
    for (const id of ids) await events.emit('code.changed', { change: 'record_pruned', subject: id, actor }, tx);
    return ids.length;
  });
}

async function prove({ log }: RecordsParts, record: SignedRecord): Promise<RecordFile> {
  let index = await log.find('code.record_signed', record.id);
  if (index === undefined) {
    // It was signed this second: give it its place now.
    await log.drain();
    index = await log.find('code.record_signed', record.id);
  }
  if (index === undefined)
    throw new GatehouseError('not_found', 'The log has no entry for the signing of this record. Ask the operator to look at `gatehouse doctor`.');
  const { entry, proof } = await log.prove(index);
  const { verifierKey } = await log.status();
  return { format: 'gatehouse.record/1', record: toRecordView(record), log: { index, entry, proof, verifierKey } };
}
