/**
 * From the last byte to the decision. Nothing here hangs on one request: who asks starts the hand-over or joins it, a stop or a fault leaves the upload
 * whole, and the next one to ask (or the janitor) goes on. Only intake's state `released` becomes the protocol's success.
 */
import type { IntakeService, UploadView } from '../../intake/index.ts';
import type { AppContext } from '../../platform/context.ts';
import { GatehouseError, isGatehouseError, toGatehouseError } from '../../platform/errors.ts';
import type { Principal } from '../../platform/http/rights.ts';
import type { PermitsService } from '../permits/index.ts';
import { parseMetadata, readKnown } from './metadata-rules.ts';
import type { PartFiles } from './parts.ts';
import { endTus, findTus, noteHanded, type TusUpload } from './store.ts';
import type { Turns } from './turns.ts';

export interface HandoverDeps {
  readonly context: AppContext;
  readonly intake: IntakeService;
  readonly parts: PartFiles;
  readonly turns: Turns;
  readonly permits: () => Pick<PermitsService, 'admission'> | undefined;
}

export interface Handover {
  /** @returns the id at intake, when the bytes are durable there. @throws {GatehouseError} digest_mismatch or gone: the upload has ended; others: it is whole as before */
  run(upload: TusUpload): Promise<string>;
  isUnderWay(id: string): boolean;
  settle(): Promise<void>;
}

export function createHandover(deps: HandoverDeps): Handover {
  const underWay = new Map<string, Promise<string>>();
  return {
    isUnderWay: (id) => underWay.has(id),
    async settle() {
      await Promise.allSettled(underWay.values());
    },
    run({ id }) {
      const joined = underWay.get(id);
      if (joined !== undefined) return joined;
      const work = handOver(deps, id).finally(() => underWay.delete(id));
      // Whoever asked may be gone when it fails.
      work.catch(() => undefined);
      underWay.set(id, work);
      return work;
    },
  };
}

async function handOver(deps: HandoverDeps, id: string): Promise<string> {
  const { context, parts, turns } = deps;
  const upload = await findTus(context.database.sql, id);
  if (upload?.uploadId !== undefined) return upload.uploadId;
  if (upload?.state !== 'whole') throw new GatehouseError('gone', 'This upload has ended.');
  // When the answer of the database to the last piece was lost, its sender may have begun it again before that counted: from here on the file is
  // intake's as well, and nobody may cut or write it. Later ones see that it is whole.
  (await turns.take(id, { interrupts: true })).release();
  parts.setHandingOver(id, true);
  try {
    if ((await parts.sizeOf(id)) !== upload.sizeBytes)
      throw new GatehouseError('gone', 'What was received of this upload is no longer on the disk. Begin again.');
    const uploadId = await give(deps, upload);
    await noteHanded(context.database.sql, id, uploadId);
    await parts.remove(id);
    return uploadId;
  } catch (thrown) {
    const error = toGatehouseError(thrown);
    if (!isFinal(error)) throw error;
    // What is no longer there cannot be given back; other bytes than announced count, else they could be sent without end.
    await endTus(context.database.sql, id, ['whole']);
    await parts.remove(id);
    throw error;
  } finally {
    parts.setHandingOver(id, false);
  }
}

async function give({ context, intake, parts, permits }: HandoverDeps, upload: TusUpload): Promise<string> {
  const { id, creator, sha256, sizeBytes, permitId, callbackUrl } = upload;
  const { fileName, reference } = readKnown(upload.metadata === undefined ? undefined : parseMetadata(upload.metadata));
  const principal = standIn(creator);
  const input = {
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(callbackUrl === undefined ? {} : { callbackUrl }),
    // The name that the application gives; an end user must not choose it.
    ...(reference === undefined || creator.kind === 'ticket' ? {} : { reference }),
  };
  // A crash between this and our own note changes nothing: the same key finds the same upload.
  const { view } = await intake.create(input, { principal, idempotencyKey: id });
  await permits()
    ?.admission.resume({ principal: creator, sizeBytes: sizeBytes ?? 0, permitId })
    .bind(view.id);
  const received = await intake.receive(view.id, {
    principal,
    waitS: 0,
    // Of its own: many hand-overs would hang as many listeners on the one of the application.
    signal: AbortSignal.any([context.stopping]),
    async feed(sink) {
      const stream = parts.read(id);
      try {
        await sink(stream, { sizeBytes, fileName }, { path: parts.pathOf(id) });
      } finally {
        stream.destroy();
      }
    },
  });
  return received.id;
}

/** Faults of the content, or of an upload that is no more. All others pass. */
function isFinal(error: GatehouseError): boolean {
  return ['digest_mismatch', 'gone', 'not_found', 'conflict', 'too_large'].some((code) => code === error.code);
}

/** For work that no request of its owner waits for: it may see nothing. */
function standIn(creator: TusUpload['creator']): Principal {
  return { ...creator, name: 'tus', rights: new Set() };
}

/** What became of it so far. @returns undefined while intake does not have it */
export async function readDecision(
  deps: Pick<HandoverDeps, 'context' | 'intake'> & { readonly handover: Handover },
  upload: TusUpload,
  { waitS, signal }: { readonly waitS: number; readonly signal: AbortSignal },
): Promise<UploadView | undefined> {
  const { clock } = deps.context;
  const principal = standIn(upload.creator);
  const startedMs = clock.monotonicMs();
  const uploadId = upload.uploadId ?? (await within(deps, waitS * 1000, { signal, work: deps.handover.run(upload) }));
  if (uploadId === undefined) return undefined;
  const leftS = Math.max(0, waitS - (clock.monotonicMs() - startedMs) / 1000);
  return deps.intake.get(uploadId, { principal, waitS: leftS, signal }).catch((error: unknown) => {
    // Intake forgets its rows some time after the end.
    if (isGatehouseError(error, 'not_found')) throw new GatehouseError('gone', 'This upload is no longer stored.');
    throw error;
  });
}

async function within<T>(
  { context }: Pick<HandoverDeps, 'context'>,
  ms: number,
  { work, signal }: { readonly work: Promise<T>; readonly signal: AbortSignal },
): Promise<T | undefined> {
  const over = new AbortController();
  try {
    return await Promise.race([work, context.clock.sleep(ms, AbortSignal.any([signal, over.signal])).then(() => undefined)]);
  } finally {
    over.abort();
  }
}
