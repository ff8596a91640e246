/** On every node, for its own disk: what nobody goes on with, and what a killed process left. */
import type { AppContext } from '../../platform/domain.ts';
import type { TusDeps, TusService } from './service.ts';
import { deleteOldTus, endTus, listUnfinished, type TusUpload } from './store.ts';

export interface Swept {
  readonly expired: number;
  readonly handedOver: number;
  readonly orphans: number;
}

const DAY_MS = 86_400_000;
/** So long the address of a finished upload says what became of it. */
const FINISHED_DAYS = 7;
/** Of a node that never came back. */
const ANY_DAYS = 30;
const FIRST_MS = 1_000;
const EVERY_MS = 30_000;

/** An unfinished upload with its bytes; its ticket and its permit are as before. */
export async function drop(deps: TusDeps, { id, creator, sizeBytes, permitId }: TusUpload): Promise<boolean> {
  if (!(await endTus(deps.context.database.sql, id, ['open']))) return false;
  await deps.parts.remove(id);
  if (sizeBytes !== undefined) await deps.permits()?.admission.resume({ principal: creator, sizeBytes, permitId }).giveBack();
  return true;
}

export async function sweep(deps: TusDeps): Promise<Swept> {
  const { clock, database } = deps.context;
  const now = clock.now();
  // Files before rows: the row of an upload is older than its file.
  const files = await deps.parts.list();
  const uploads = await listUnfinished(database.sql, deps.node);
  const known = new Set(uploads.map(({ id }) => id));
  const orphans = files.filter((id) => !known.has(id));
  for (const id of orphans) await deps.parts.remove(id);
  let expired = 0;
  let handedOver = 0;
  for (const upload of uploads) {
    if (upload.state === 'open' && upload.expiresAt <= now && !deps.turns.isHeld(upload.id) && (await drop(deps, upload))) expired += 1;
    if (upload.state === 'whole' && (await hasHandedOver(deps, upload))) handedOver += 1;
  }
  const before = (days: number): Date => new Date(now.getTime() - days * DAY_MS);
  await deleteOldTus(database.sql, { finished: before(FINISHED_DAYS), any: before(ANY_DAYS) });
  return { expired, handedOver, orphans: orphans.length };
}

/** What fails now is tried again, here or when its sender asks. */
async function hasHandedOver({ handover, context }: TusDeps, upload: TusUpload): Promise<boolean> {
  try {
    await handover.run(upload);
    return true;
  } catch (error) {
    context.log.warn({ uploadId: upload.id, err: error }, 'a resumable upload could not be handed over');
    return false;
  }
}

export async function sweepAgain({ clock, log, stopping }: AppContext, service: TusService, own: AbortSignal): Promise<void> {
  const signal = AbortSignal.any([own, stopping]);
  for (let delayMs = FIRST_MS; ; delayMs = EVERY_MS) {
    await clock.sleep(delayMs, signal);
    if (signal.aborted) return;
    try {
      await service.sweep();
    } catch (error) {
      log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'resumable uploads could not be looked through; it will be tried again');
    }
  }
}
