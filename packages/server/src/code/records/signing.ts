/** A signature: the version before it ends, the new one begins, and the log learns of both, in one transaction. */
import { toCanonicalText } from '../../log/index.ts';
import type { AppContext } from '../../platform/context.ts';
import type { Tx } from '../../platform/db/database.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import { digestRecord } from './digest.ts';
import { endOfDay, OPPOSITES } from './kind-rules.ts';
import type { RecordKind, SignedRecord, Signer } from './schema.ts';
import * as store from './store.ts';

export interface ToSign<Body> {
  readonly kind: RecordKind;
  readonly subject: string;
  readonly body: Body;
  /** YYYY-MM-DD; in date until it ends. */
  readonly reviewDay: string | null;
  readonly signer: Signer;
}

/** @throws {GatehouseError} `conflict` when the opposite of it is in effect for the same measure */
export async function signRecord<Body>(
  { clock, events }: Pick<AppContext, 'clock' | 'events'>,
  { kind, subject, body, reviewDay, signer }: ToSign<Body>,
  tx: Tx,
): Promise<SignedRecord<Body>> {
  await store.lockRecords(tx);
  await refuseOpposite(tx, kind, subject);
  const at = clock.now();
  const version = (await store.findLastVersion(tx, kind, subject)) + 1;
  const text = toCanonicalText(body);
  const signed = { kind, subject, version, signedBy: signer.id, signedName: signer.name };
  const record = {
    ...signed,
    id: newId('rec', clock),
    digest: digestRecord({ ...signed, body, signedAt: at.toISOString() }),
    signedAt: at,
    reviewDue: reviewDay === null ? null : endOfDay(reviewDay),
  };
  await store.supersede(tx, { kind, subject, at });
  await store.insertRecord(tx, { ...record, body: text });
  await events.emit('code.record_signed', { recordId: record.id, kind, version, digest: record.digest, actor: signer.id }, tx);
  return { ...record, body, supersededAt: null, withdrawnReason: null, keepUntil: null };
}

async function refuseOpposite(tx: Tx, kind: RecordKind, subject: string): Promise<void> {
  const opposite = OPPOSITES[kind];
  if (opposite === undefined) return;
  const [inEffect] = await store.listRecords(tx, { kind: opposite, subject });
  if (inEffect === undefined) return;
  const says = opposite === 'measure' ? 'the measure is taken' : 'something else is done in place of the measure';
  throw new GatehouseError('conflict', `Nothing was signed: the record ${inEffect.id} says that ${says}. Withdraw it first, with a reason.`);
}
