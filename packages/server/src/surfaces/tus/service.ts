/** Resumable uploads, apart from their wire format: create, append, ask, take back. */
import { GatehouseError, isGatehouseError, toGatehouseError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import type { Principal } from '../../platform/http/rights.ts';
import type { Readable } from 'node:stream';
import type { UploadView } from '../../intake/index.ts';
import type { AdmissionRequest, NewlyAdmitted } from '../permits/index.ts';
import type { SurfaceParts } from '../room.ts';
import { readDecision, type Handover, type HandoverDeps } from './handover.ts';
import { readKnown } from './metadata-rules.ts';
import type { AppendIntent, CreateIntent, Progress } from './protocol.ts';
import { checkSize, expiryAfter, outcomeOf, planAppend } from './rules.ts';
import type { TusOutcome } from './schema.ts';
import { advanceTus, endTus, findTus, insertTus, type TusUpload } from './store.ts';
import { LOCKED_RETRY_S } from './turns.ts';
import { drop, sweep, type Swept } from './upkeep.ts';

export interface Sender {
  readonly principal: Principal;
  readonly signal: AbortSignal;
}

export interface Creating extends Sender {
  /** The header, which wins over the metadata of that name. */
  readonly permit: string | undefined;
  readonly source: Readable;
}

export interface Sent extends Progress {
  readonly id: string;
  /** Present when the upload was released. */
  readonly view?: UploadView;
}

export interface TusService {
  readonly name: 'tus';
  /** @throws {GatehouseError} too_large, length_required, ticket_spent, permit_invalid, rate_limited, and those of `append` */
  create(intent: CreateIntent, sender: Creating): Promise<Sent>;
  /**
   * Adds a piece. With the last one the upload is screened: it returns only when it was released.
   * @throws {GatehouseError} not_found, gone, conflict, too_large, upload_locked (not decided yet), not_published, and faults after which the sender goes on where it was
   */
  append(id: string, intent: AppendIntent, sender: Sender & { readonly source: Readable }): Promise<Sent>;
  /** Where it is. Complete only when released. @throws {GatehouseError} not_found, gone, upload_locked */
  ask(id: string, sender: Sender): Promise<Sent>;
  /** Before the bytes are whole they go; afterwards only the address of the upload ends. @throws {GatehouseError} not_found, gone, upload_locked */
  end(id: string, sender: Sender): Promise<void>;
  outcome(id: string, sender: Sender & { readonly waitS: number }): Promise<TusOutcome>;
  sweep(): Promise<Swept>;
}

export interface TusDeps extends SurfaceParts, HandoverDeps {
  readonly node: string;
  readonly handover: Handover;
}

export function createTusService(deps: TusDeps): TusService {
  return {
    name: 'tus',
    create: (intent, sender) => create(deps, intent, sender),
    append: (id, intent, sender) => append(deps, id, { ...sender, intent }),
    ask: (id, sender) => ask(deps, id, sender),
    end: (id, sender) => end(deps, id, sender),
    outcome: (id, sender) => readOutcome(deps, id, sender),
    sweep: () => sweep(deps),
  };
}

async function create(deps: TusDeps, intent: CreateIntent, sender: Creating): Promise<Sent> {
  const { maxUploadBytes } = deps.context.config;
  checkSize(intent.sizeBytes, maxUploadBytes);
  if (intent.body !== undefined) planAppend({ offsetBytes: 0, sizeBytes: intent.sizeBytes }, intent.body, maxUploadBytes);
  const upload = await begin(deps, intent, sender);
  return intent.body === undefined ? toSent(upload) : appendFirst(deps, upload, { ...sender, intent: intent.body });
}

async function begin(deps: TusDeps, intent: CreateIntent, { principal, permit }: Creating): Promise<TusUpload> {
  const { config, database } = deps.context;
  const known = readKnown(intent.metadata);
  const admitted = await admit(deps, { principal, sizeBytes: intent.sizeBytes, sha256: known.sha256, permit: permit ?? known.permit });
  try {
    const upload = { ...(await makeUpload(deps, intent, principal)), sha256: known.sha256, permitId: admitted?.permitId, callbackUrl: admitted?.callbackUrl };
    if (!(await database.transact((tx) => insertTus(tx, upload, config.tusMaxOpen)))) throw tooMany(config.tusMaxOpen);
    return upload;
  } catch (error) {
    await admitted?.giveBack();
    throw error;
  }
}

/** Without a size nothing can be taken of a ticket. */
async function admit(
  { permits }: TusDeps,
  { sizeBytes, ...request }: Omit<AdmissionRequest, 'sizeBytes'> & { readonly sizeBytes: number | undefined },
): Promise<NewlyAdmitted | undefined> {
  if (sizeBytes !== undefined) return permits()?.admission.admit({ ...request, sizeBytes });
  if (request.principal.kind !== 'ticket') return undefined;
  throw new GatehouseError('length_required', 'With a ticket the size of the file must be announced at the beginning. Nothing was created.');
}

async function makeUpload(
  deps: TusDeps,
  { sizeBytes, metadata }: CreateIntent,
  principal: Principal,
): Promise<Omit<TusUpload, 'sha256' | 'permitId' | 'callbackUrl'>> {
  const { config, clock } = deps.context;
  const now = clock.now();
  return {
    id: newId<'TusId'>('tus', clock),
    owner: await ownerOf(deps, principal),
    creator: { kind: principal.kind, id: principal.id },
    node: deps.node,
    state: 'open',
    sizeBytes,
    offsetBytes: 0,
    metadata: metadata?.raw,
    uploadId: undefined,
    createdAt: now,
    expiresAt: expiryAfter(now, now, config.tusExpiryMinutes),
  };
}

async function appendFirst(deps: TusDeps, upload: TusUpload, request: Appending): Promise<Sent> {
  try {
    return await append(deps, upload.id, request);
  } catch (error) {
    // A place that is not the end makes the client ask again. An error would make it begin again, and there would be two uploads of one file, both paid for.
    if (isGatehouseError(error, 'upload_locked') || (await isKept(deps, upload.id, error))) return { ...toSent(upload), offsetBytes: 0 };
    // Nobody knows where it is.
    await drop(deps, upload);
    throw error;
  }
}

/** Complete; the fault was in handing it over, or in asking what was decided. */
async function isKept({ context }: TusDeps, id: string, error: unknown): Promise<boolean> {
  const state = (await findTus(context.database.sql, id))?.state;
  return state === 'whole' || (state === 'handed' && toGatehouseError(error).status >= 500);
}

function tooMany(max: number): GatehouseError {
  return new GatehouseError('rate_limited', `At most ${max} uploads may be unfinished at once. Nothing was created; finish or take back one of them.`, {
    retryAfterS: 60,
  });
}

interface Appending extends Sender {
  readonly intent: AppendIntent;
  readonly source: Readable;
}

async function append(deps: TusDeps, id: string, request: Appending): Promise<Sent> {
  const turn = await deps.turns.take(id, { interrupts: false });
  let upload: TusUpload;
  try {
    upload = await requireOwn(deps, id, request.principal);
    if (upload.state === 'open') upload = await write(deps, upload, { ...request, signal: AbortSignal.any([turn.signal, deps.context.stopping]) });
  } catch (error) {
    if (isGatehouseError(error, 'gone')) await endTus(deps.context.database.sql, id, ['open']);
    throw error;
  } finally {
    turn.release();
  }
  if (upload.state === 'open') return toSent(upload);
  const sent = await settle(deps, upload, request);
  const { offsetBytes, pieceBytes = 0 } = request.intent;
  if (offsetBytes + pieceBytes > sent.offsetBytes) throw new GatehouseError('conflict', 'The upload is complete. Nothing was added.');
  return sent;
}

async function write(deps: TusDeps, upload: TusUpload, { intent, source, signal }: Omit<Appending, 'principal'>): Promise<TusUpload> {
  requireHere(deps, upload);
  const { maxUploadBytes } = deps.context.config;
  const { sizeBytes, roomBytes } = planAppend(upload, intent, maxUploadBytes);
  let current = upload;
  const save = async (to: number, knownBytes = sizeBytes): Promise<void> => void (current = await advance(deps, current, { to, sizeBytes: knownBytes }));
  await deps.parts.append(upload.id, { source, offsetBytes: upload.offsetBytes, roomBytes, checksum: intent.checksum, signal, save: (to) => save(to) });
  // An empty piece can still announce the size, and so can the end of one that was sent without a length.
  const knownBytes = sizeBytes ?? (intent.isLast === true ? current.offsetBytes : undefined);
  checkSize(knownBytes, maxUploadBytes);
  if (knownBytes !== current.sizeBytes) await save(current.offsetBytes, knownBytes);
  return current;
}

async function advance(
  { context }: TusDeps,
  upload: TusUpload,
  { to, sizeBytes }: { readonly to: number; readonly sizeBytes: number | undefined },
): Promise<TusUpload> {
  const expiresAt = expiryAfter(upload.createdAt, context.clock.now(), context.config.tusExpiryMinutes);
  const advanced = await advanceTus(context.database.sql, upload.id, { from: upload.offsetBytes, to, sizeBytes, expiresAt });
  if (advanced === undefined) throw new GatehouseError('conflict', 'The upload ended, or went on elsewhere, while this piece arrived. Ask where it is.');
  return advanced;
}

/** All bytes are here: the answer is the decision. @throws {GatehouseError} upload_locked, not_published, gone, digest_mismatch, and faults of the hand-over */
async function settle(deps: TusDeps, upload: TusUpload, { signal }: Sender): Promise<Sent> {
  if (upload.state === 'ended') throw gone();
  if (upload.state === 'whole') requireHere(deps, upload);
  const view = await readDecision(deps, upload, { waitS: deps.context.config.tusWaitSeconds, signal });
  if (view === undefined) throw pending({ 'gatehouse-state': 'pending' });
  const outcome = outcomeOf(view.state);
  const headers = { 'gatehouse-state': outcome, 'gatehouse-upload': view.id };
  switch (outcome) {
    case 'released':
      return { ...toSent(upload), expiresAt: undefined, view };
    case 'pending':
    case 'waiting':
      throw pending(headers);
    case 'not_released':
      throw new GatehouseError('not_published', view.message, { headers, members: { message: view.message, upload: view.id } });
    case 'ended':
      throw new GatehouseError('gone', view.message, { headers });
  }
}

function pending(headers: Readonly<Record<string, string>> = {}): GatehouseError {
  return new GatehouseError('upload_locked', 'All of it was received, and it is being checked.', { retryAfterS: LOCKED_RETRY_S, headers });
}

async function ask(deps: TusDeps, id: string, sender: Sender): Promise<Sent> {
  let upload = await requireOwn(deps, id, sender.principal);
  if (upload.state === 'open') {
    requireHere(deps, upload);
    const turn = await deps.turns.take(id, { interrupts: true });
    turn.release();
    upload = await requireOwn(deps, id, sender.principal);
    if (upload.state === 'open') return toSent(upload);
  }
  try {
    return await settle(deps, upload, sender);
  } catch (error) {
    // The upload is at its end, and there is nothing to go on with.
    if (isGatehouseError(error, 'not_published') || isGatehouseError(error, 'digest_mismatch'))
      throw new GatehouseError('gone', error.message, { headers: error.extras.headers ?? {} });
    throw error;
  }
}

async function end(deps: TusDeps, id: string, { principal }: Sender): Promise<void> {
  const { sql } = deps.context.database;
  await requireOwn(deps, id, principal);
  const turn = await deps.turns.take(id, { interrupts: true });
  try {
    const upload = await requireOwn(deps, id, principal);
    if (upload.state === 'ended') throw gone();
    if (upload.state === 'whole') throw pending();
    if (upload.state === 'open') {
      requireHere(deps, upload);
      await drop(deps, upload);
    } else await endTus(sql, id, ['handed']);
  } finally {
    turn.release();
  }
}

async function readOutcome(deps: TusDeps, id: string, { principal, waitS, signal }: Parameters<TusService['outcome']>[1]): Promise<TusOutcome> {
  const upload = await requireOwn(deps, id, principal);
  const { offsetBytes, sizeBytes } = upload;
  const common = { id, offsetBytes, ...(sizeBytes === undefined ? {} : { sizeBytes }) };
  if (upload.state === 'open') return { ...common, state: 'waiting', message: 'Waiting for the file.' };
  if (upload.state === 'ended') return { ...common, state: 'ended', message: 'This file is no longer stored.' };
  const isElsewhere = upload.state === 'whole' && upload.node !== deps.node;
  const view = isElsewhere ? undefined : await readDecision(deps, upload, { waitS, signal });
  if (view === undefined) return { ...common, state: 'pending', message: 'The file is being checked.' };
  const { receipt, message } = view;
  return { ...common, state: outcomeOf(view.state), uploadId: view.id, message, ...(receipt === undefined ? {} : { receipt }) };
}

/** All tickets of one end user are one owner: an upload over a bad line lasts longer than a ticket. */
async function ownerOf({ access }: TusDeps, principal: Principal): Promise<string> {
  if (principal.kind !== 'ticket') return principal.id;
  const ticket = await access.tickets.read(principal.id);
  return ticket === undefined ? principal.id : `subject:${ticket.subject}`;
}

async function requireOwn(deps: TusDeps, id: string, principal: Principal): Promise<TusUpload> {
  const upload = await findTus(deps.context.database.sql, id);
  if (upload === undefined || upload.owner !== (await ownerOf(deps, principal))) throw new GatehouseError('not_found', 'There is no such upload of yours.');
  return upload;
}

function requireHere({ node }: TusDeps, upload: TusUpload): void {
  if (upload.node === node) return;
  throw new GatehouseError('upload_locked', 'This upload is kept by another node. Requests for one upload must reach the same node.', {
    retryAfterS: LOCKED_RETRY_S,
  });
}

function gone(): GatehouseError {
  return new GatehouseError('gone', 'This upload has ended. Nothing of it is kept here.');
}

function toSent({ id, offsetBytes, sizeBytes, expiresAt, metadata }: TusUpload): Sent {
  return { id, offsetBytes, sizeBytes, expiresAt, metadata };
}
