/** What intake offers to routes, pages, commands, jobs and later domains. Every surface that takes content ends in `submit` or `receive`. */
import type { Principal } from '../platform/http/rights.ts';
import { deliver, pageCallbacks, readSecret, recoverCallbacks, resendCallback } from './callbacks.ts';
import { openContent, readJwks, readLooks, scan, verifyReceipt, viewHeld, type OpenContent, type ScanRequest } from './contents.ts';
import { sweep, type Swept } from './janitor.ts';
import { later, type PassCounts } from './parts.ts';
import { pass, spoolBody, type PassRequest } from './passing.ts';
import { recheckReceipts } from './revocation.ts';
import { isSettled } from './rules.ts';
import type {
  CallbackPage,
  CallbackView,
  CreateUpload,
  IntakeSummary,
  Jwks,
  ListCallbacks,
  ListUploads,
  ReceiptCheck,
  ScanReply,
  LookView,
  Passed,
  Restriction,
  UploadPage,
  UploadView,
  VerifyReceipt,
} from './schema.ts';
import { countDead } from './store-callbacks.ts';
import type { Readable } from 'node:stream';
import type { Spooled } from './spool.ts';
import { listRestrictions, type RestrictionPage } from './store-restrictions.ts';
import { countUploads } from './store-upkeep.ts';
import { findUpload } from './store.ts';
import { createUpload, endOne, pageUploads, receiveContent, requireUpload, rescreenUpload, show, type Feed, type UploadDeps } from './uploads.ts';

export interface Waiting {
  readonly principal: Principal;
  /** How long to wait for the decision, at most. */
  readonly waitS: number;
  readonly signal: AbortSignal;
}

export interface Submission extends Waiting {
  readonly feed: Feed;
}

export interface IntakeService {
  /** @throws {GatehouseError} outbound_refused, idempotency_conflict */
  create(
    input: CreateUpload,
    by: { readonly principal: Principal; readonly idempotencyKey: string | undefined },
  ): Promise<{ readonly view: UploadView; readonly isReplay: boolean }>;
  /** Durable when it returns; decided if that took no longer than `waitS`. @throws {GatehouseError} not_found, gone, conflict, and those of the spool */
  receive(id: string, submission: Submission): Promise<UploadView>;
  /** `create` and `receive` in one. */
  submit(input: CreateUpload, submission: Submission): Promise<UploadView>;
  get(id: string, waiting: Waiting): Promise<UploadView>;
  /** The id of the principal that created it: surfaces show senders their own uploads only. */
  ownerOf(id: string): Promise<string | undefined>;
  list(filter: ListUploads, principal: Principal): Promise<UploadPage>;
  /** Released bytes only. */
  openContent(id: string): Promise<OpenContent>;
  /** Who looked at content that was not released, newest first. */
  looks(id: string): Promise<readonly LookView[]>;
  /** Held content as a drawing; recorded. */
  view(
    id: string,
    options: { readonly isBlurred: boolean; readonly principal: Principal; readonly signal: AbortSignal },
  ): Promise<{ readonly bytes: Uint8Array; readonly mediaType: string }>;
  canView(): boolean;
  remove(id: string, actor: string): Promise<void>;
  rescreen(id: string, waiting: Waiting): Promise<UploadView>;
  scan(request: ScanRequest): Promise<ScanReply>;
  /** A body on disk, counted with what waits; whoever asked discards it. @throws {GatehouseError} too_large, length_mismatch, queue_full, storage_full, storage_failed */
  spool(stream: Readable, request: Parameters<typeof spoolBody>[2]): Promise<Spooled>;
  /** Screens bytes that stay with the surface; only `disposition` `release` lets them through. Never throws for what the content is. */
  pass(request: PassRequest): Promise<Passed>;
  /** Since the start of this node, by surface and verdict. */
  passCounts(): PassCounts;
  jwks(): Promise<Jwks>;
  verifyReceipt(input: VerifyReceipt): Promise<ReceiptCheck>;
  listCallbacks(filter: ListCallbacks): Promise<CallbackPage>;
  resendCallback(id: string): Promise<CallbackView>;
  callbackSecret(): Promise<string>;
  /** What was held or refused in a time because of what was found, oldest first; own test pictures are left out. */
  restrictions(page: RestrictionPage): Promise<readonly Restriction[]>;
  summarise(): Promise<IntakeSummary>;
  /** Bytes in the spool and in uploads that wait for their verdict. */
  waitingBytes(): number;
  /** Bytes that a surface keeps until they are whole count against the same limit. */
  countElsewhere(bytes: () => number): void;
  readonly policyVersion: string;
  /** For jobs. */
  readonly upkeep: {
    screen(id: string): Promise<void>;
    recover(): Promise<void>;
    deliver(callbackId: string, signal: AbortSignal): Promise<void>;
    recheck(listSetVersion: number, signal: AbortSignal): Promise<number>;
    sweep(signal: AbortSignal): Promise<Swept>;
  };
}

export function createIntakeService(deps: UploadDeps): IntakeService {
  const { database, clock } = deps.context;
  const awaitDecision = async (id: string, { principal, waitS, signal }: Waiting): Promise<UploadView> => {
    const upload = await deps.waiters.watch(id, () => requireUpload(deps, id), { waitMs: waitS * 1000, signal, isDone: ({ state }) => isSettled(state) });
    return show(deps, upload, principal);
  };
  const receive: IntakeService['receive'] = async (id, submission) => {
    await receiveContent(deps, id, submission);
    return awaitDecision(id, submission);
  };
  return {
    create: (input, by) => createUpload(deps, input, by),
    receive,
    async submit(input, submission) {
      const { view } = await createUpload(deps, input, { principal: submission.principal, idempotencyKey: undefined });
      return receive(view.id, submission);
    },
    get: awaitDecision,
    ownerOf: async (id) => (await findUpload(database.sql, id))?.createdBy,
    list: (filter, principal) => pageUploads(deps, filter, principal),
    openContent: (id) => openContent(deps, id),
    view: (id, options) => viewHeld(deps, id, options),
    looks: (id) => readLooks(deps, id),
    canView: () => deps.screening.renderPreview !== undefined,
    async remove(id, actor) {
      const { content } = await requireUpload(deps, id);
      await endOne(deps, { id, sha256: content?.digests.sha256 }, { event: 'delete', actor });
    },
    async rescreen(id, waiting) {
      await rescreenUpload(deps, id, waiting.principal.id);
      return awaitDecision(id, waiting);
    },
    scan: (request) => scan(deps, request),
    spool: (stream, request) => spoolBody(deps, stream, request),
    pass: (request) => pass(deps, request),
    passCounts: () => deps.counters.passes(),
    jwks: () => readJwks(deps),
    verifyReceipt: (input) => verifyReceipt(deps, input),
    listCallbacks: (filter) => pageCallbacks(deps, filter),
    resendCallback: (id) => resendCallback(deps, id),
    callbackSecret: () => readSecret(deps),
    restrictions: (page) => listRestrictions(database.sql, page),
    async summarise() {
      const { byState, decided, oldestUndecidedAt } = await countUploads(database.sql, later(clock.now(), { days: -1 }));
      return { byState, decidedLastDay: decided, oldestUndecidedAt, deadCallbacks: await countDead(database.sql) };
    },
    waitingBytes: () => deps.spool.usedBytes() + deps.screener.waitingBytes() + deps.elsewhere.bytes(),
    countElsewhere: (bytes) => deps.elsewhere.add(bytes),
    policyVersion: deps.policyVersion,
    upkeep: createUpkeep(deps),
  };
}

function createUpkeep(deps: UploadDeps): IntakeService['upkeep'] {
  return {
    async screen(id) {
      const upload = await findUpload(deps.context.database.sql, id);
      // Another node's bytes are on its disk; it finds the upload by itself.
      if (upload?.content === undefined || !(await deps.storage.has('quarantine', upload.content.digests.sha256))) return;
      if (upload.state === 'received') deps.screener.enqueue(id, upload.content.sizeBytes);
    },
    async recover() {
      await deps.screener.recover();
      await recoverCallbacks(deps);
    },
    deliver: (callbackId, signal) => deliver(deps, callbackId, signal),
    recheck: (listSetVersion, signal) => recheckReceipts(deps, listSetVersion, signal),
    sweep: (signal) => sweep(deps, signal),
  };
}
