/** Finds out where reports are, and whether they are still there. */
import type { Tx } from '../../platform/db/database.ts';
import { newId } from '../../platform/ids.ts';
import type { Contact, HostingClaim } from '../hosting/schema.ts';
import type { Procedure } from '../profiles/schema.ts';
import { listContacts, nameNetwork } from './contact-rules.ts';
import { MACHINE, readProcedure, record, type Parts } from './parts.ts';
import type { ReportInput } from './schema.ts';
import { leaveNotices, putContact, setContacts } from './store-notices.ts';
import { findContactByLookup } from './store-notices.ts';
import { lockKeys, settleReports, updateClaim, type ReportRow } from './store.ts';
import { sealContact, sealReport } from './vault.ts';

const RETRY_MS = 3_600_000;

/** `lost`: it could not be found out now. What was known stays, nothing is sent, and it is tried again in an hour. */
export type Tracing = 'same' | 'moved' | 'lost';

interface Seen {
  readonly row: ReportRow;
  readonly input: ReportInput;
  readonly claim: HostingClaim;
}

/** @param rows open reports of one host */
export async function trace(parts: Parts, rows: readonly ReportRow[], signal: AbortSignal): Promise<Tracing> {
  const [first] = rows;
  if (first === undefined) return 'same';
  const inputs: ReportInput[] = [];
  for (const row of rows) inputs.push(await parts.vault.openInput(row));
  const claim = await parts.hosting.claim({ kind: 'url', value: inputs[0]?.url ?? '' }, signal).catch((error: unknown) => {
    parts.context.log.warn({ code: Reflect.get(Object(error), 'code') }, 'a report could not be traced; it will be tried again');
    return undefined;
  });
  // A name that leads nowhere today says nothing about where it led: its server may be down.
  const isLost = claim === undefined || (claim.origin === 'unknown' && rows.some(({ country }) => country !== null));
  if (isLost) return lose(parts, rows);
  const procedure = await readProcedure(parts, claim.country);
  const home = await readProcedure(parts, parts.context.config.noticesHomeCountry);
  const seen = rows.map((row, i) => ({ row, input: inputs[i], claim })).filter((one): one is Seen => one.input !== undefined);
  return place(parts, seen, { procedure, home });
}

async function lose({ context: { database, clock } }: Parts, rows: readonly ReportRow[]): Promise<Tracing> {
  const nextAt = new Date(clock.now().getTime() + RETRY_MS);
  await settleReports(
    database.sql,
    rows.map(({ id }) => ({ id, waitsFor: 'trace', nextAt })),
  );
  return 'lost';
}

interface Profiles {
  readonly procedure: Procedure | null;
  readonly home: Procedure | null;
}

async function place(parts: Parts, seen: readonly Seen[], { procedure, home }: Profiles): Promise<Tracing> {
  const { context, authority } = parts;
  const now = context.clock.now();
  let isMoved = false;
  await context.database.transact(async (tx) => {
    await lockKeys(tx, 'use');
    for (const one of seen) isMoved = (await placeOne(parts, tx, one)) || isMoved;
    const [first] = seen;
    if (first === undefined) return;
    const contacts = listContacts({ claim: first.claim, procedure, home, authority, now });
    const ids = await keepContacts(parts, tx, contacts);
    await setContacts(
      tx,
      seen.map(({ row }) => row.id),
      ids,
    );
  });
  return isMoved ? 'moved' : 'same';
}

/** In another country it begins anew: another law, other police. @returns whether it is somewhere else than before */
async function placeOne(parts: Parts, tx: Tx, { row, input, claim }: Seen): Promise<boolean> {
  const isFirst = row.placedAt === null;
  const isMoved = !isFirst && (row.country !== claim.country || (claim.country === null && row.origin !== claim.origin));
  const sealed = { ...sealReport(await parts.vault.keys.current(), row.id, { input, claim }) };
  await updateClaim(tx, {
    id: row.id,
    ...sealed,
    claimSealed: sealed.claimSealed ?? Buffer.alloc(0),
    country: claim.country,
    origin: claim.origin,
    network: nameNetwork(claim),
    state: isFirst || isMoved ? 'traced' : row.state,
    placedAt: isFirst || isMoved ? parts.context.clock.now() : null,
  });
  if (isFirst) await record(parts, tx, { subject: row.id, change: 'traced', actor: MACHINE });
  if (!isMoved) return false;
  await leaveNotices(tx, [row.id]);
  await record(parts, tx, { subject: row.id, change: 'moved', actor: MACHINE });
  return true;
}

async function keepContacts({ vault, context: { clock } }: Parts, tx: Tx, contacts: readonly Contact[]): Promise<string[]> {
  const key = await vault.keys.current();
  const ids: string[] = [];
  for (const contact of contacts) {
    const known = await findContactByLookup(tx, await vault.findContact(contact));
    const id = known?.id ?? newId('con', clock);
    const { email, url, problem, scope } = contact;
    await putContact(tx, { id, ...sealContact(key, id, contact), scope, hasEmail: email !== null, hasForm: url !== null, hasProblem: problem !== null });
    if (!ids.includes(id)) ids.push(id);
  }
  return ids;
}
