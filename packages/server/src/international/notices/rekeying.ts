/** Seals everything with a new key, row by row, while work goes on; then the old ones are forgotten. */
import { GatehouseError } from '../../platform/errors.ts';
import { record, type Parts } from './parts.ts';
import { findReport, lockKeys } from './store.ts';
import { findContact } from './store-notices.ts';
import { findReply, listOtherKey, lockRow, resealContact, resealReply, resealReport, type SealedTable } from './store-replies.ts';
import type { NoticeKey } from './keys.ts';
import type { Tx } from '../../platform/db/database.ts';
import { sealContact, sealReply, sealReport } from './vault.ts';

const TABLES: readonly SealedTable[] = ['hosted_report', 'notice_contact', 'notice_reply'];
const BATCH = 100;

/** Broken off, it is simply begun again: rows have the name of their key. */
export async function rekey(parts: Parts, actor: string): Promise<number> {
  const { database } = parts.context;
  const { keys } = parts.vault;
  await keys.add();
  const key = await keys.current();
  let sealed = 0;
  for (const table of TABLES) {
    for (;;) {
      const ids = await listOtherKey(database.sql, table, { keyId: key.id, limit: BATCH });
      if (ids.length === 0) break;
      await database.transact(async (tx) => {
        for (const id of ids) await resealOne(parts, tx, { table, id, key });
      });
      sealed += ids.length;
    }
  }
  await database.transact(async (tx) => {
    // Nobody seals meanwhile, and whoever comes next finds the new key.
    await lockKeys(tx, 'drop');
    for (const table of TABLES)
      if ((await listOtherKey(tx, table, { keyId: key.id, limit: 1 })).length > 0)
        throw new GatehouseError('conflict', 'Something was sealed with an old key meanwhile. All keys were kept; run it again.');
    await record(parts, tx, { subject: `key:${key.id}`, change: 'rekeyed', actor });
    await keys.dropOld();
  });
  return sealed;
}

interface Row {
  readonly table: SealedTable;
  readonly id: string;
  readonly key: NoticeKey;
}

async function resealOne({ vault }: Parts, tx: Tx, { table, id, key }: Row): Promise<void> {
  await lockRow(tx, table, id);
  if (table === 'hosted_report') {
    const row = await findReport(tx, id);
    if (row === undefined) return;
    const sealed = sealReport(key, id, { input: await vault.openInput(row), claim: await vault.openClaim(row) });
    await resealReport(tx, { id, keyId: key.id, input: sealed.inputSealed, claim: sealed.claimSealed, url: sealed.urlLookup, host: sealed.hostLookup });
  } else if (table === 'notice_contact') {
    const row = await findContact(tx, id);
    if (row !== undefined) await resealContact(tx, { id, ...sealContact(key, id, await vault.openContact(row)) });
  } else {
    const row = await findReply(tx, id);
    if (row !== undefined) await resealReply(tx, { id, ...sealReply(key, id, await vault.openReply(row)) });
  }
}
