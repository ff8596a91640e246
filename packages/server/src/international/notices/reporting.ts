/** A report comes in. The same address twice is one report: hosts say that many notices about one thing hurt. */
import { GatehouseError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import { record, type Parts } from './parts.ts';
import type { ReportInput } from './schema.ts';
import { findOpenByUrl, findReport, insertReport, lockKeys, settleReports, type ReportRow } from './store.ts';
import { trace } from './tracing.ts';
import { sealReport } from './vault.ts';

/** How long whoever reports waits for registries. What is not known by then is asked for in the next turn. */
const TRACE_MS = 15_000;
/** Two at once about one address: whoever loses finds the other one. */
const ATTEMPTS = 3;

export async function takeReport(parts: Parts, input: ReportInput, actor: string): Promise<string> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const id = await insertOnce(parts, input, actor);
    if (id === undefined) continue;
    await traceFirst(parts, id);
    return id;
  }
  throw new GatehouseError('conflict', 'The same address is being reported by somebody else. Nothing was kept twice; look for it in the list.');
}

async function insertOnce(parts: Parts, input: ReportInput, actor: string): Promise<string | undefined> {
  const { database, clock } = parts.context;
  const id = newId('rep', clock);
  const now = clock.now();
  return database.transact(async (tx) => {
    await lockKeys(tx, 'use');
    const known = await findOpenByUrl(tx, await parts.vault.findUrl(input.url));
    const sealed = sealReport(await parts.vault.keys.current(), id, { input, claim: null });
    const open = { state: 'reported', duplicateOf: null, outcome: null, closedAt: null, nextAt: now } as const;
    const merged = { state: 'closed', outcome: 'duplicate', closedAt: now, nextAt: null } as const;
    const isKept = await insertReport(tx, {
      id,
      ...sealed,
      classification: input.classification,
      country: null,
      origin: null,
      network: null,
      reportedAt: now,
      reportedBy: actor,
      placedAt: null,
      policeAgreedAt: null,
      waitsFor: null,
      ...(known === undefined ? open : { ...merged, duplicateOf: known.id }),
    });
    if (!isKept) return undefined;
    await record(parts, tx, { subject: id, change: 'reported', actor });
    if (known !== undefined) {
      await record(parts, tx, { subject: id, change: 'closed_duplicate', actor });
      await record(parts, tx, { subject: known.id, change: 'reported_again', actor });
    }
    return id;
  });
}

/** So that whoever reports sees where it is. What fails here is done by the next turn. */
async function traceFirst(parts: Parts, id: string): Promise<void> {
  const { database, clock } = parts.context;
  const row = await findReport(database.sql, id);
  if (row === undefined || row.closedAt !== null) return;
  if ((await trace(parts, [row], AbortSignal.timeout(TRACE_MS))) !== 'lost') await wakeIn(parts, row, clock.now());
}

async function wakeIn({ context: { database } }: Parts, { id }: ReportRow, nextAt: Date): Promise<void> {
  await settleReports(database.sql, [{ id, waitsFor: null, nextAt }]);
}
