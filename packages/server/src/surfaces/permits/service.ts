/**
 * Permits: the answer to "may I send this file?" from what a device found out about it. A permit is a courtesy to people, whose listed files never
 * leave their devices, and no safeguard: the device may lie, so the gate screens every upload as if there were no permit.
 */
import type { AccessService } from '../../access/index.ts';
import { decide, type Feed, type IntakeService, type Waiting } from '../../intake/index.ts';
import type { AppContext } from '../../platform/context.ts';
import { GatehouseError, isGatehouseError } from '../../platform/errors.ts';
import { newId, randomHex } from '../../platform/ids.ts';
import type { Principal } from '../../platform/http/rights.ts';
import type { SurfaceParts } from '../room.ts';
import { createAdmission, type AdmissionService } from './admission.ts';
import { bindTo } from './binding.ts';
import { countPictures } from './pictures-rules.ts';
import { COST, describePermit, isPermitted, isTaken, toOutcome, toSignals } from './rules.ts';
import type { Outcome, PermitReply, PermitRequest } from './schema.ts';
import { chargeHolder, deleteOldPermits, insertPermit, type Holder } from './store.ts';

export interface SendRequest extends Waiting {
  readonly feed: Feed;
  readonly sizeBytes: number | undefined;
  /** Of the bytes, as announced; the content must have it. */
  readonly sha256: string | undefined;
  readonly permit: string | undefined;
}

export interface PermitsService {
  readonly name: 'permits';
  readonly issueTicket: AccessService['tickets']['issue'];
  readonly revokeTicket: AccessService['tickets']['revoke'];
  /** @throws {GatehouseError} lists_unavailable, database_unavailable: then nothing is known about the file */
  ask(request: PermitRequest, by: { readonly principal: Principal; readonly signal: AbortSignal }): Promise<PermitReply>;
  /** For every surface that takes uploads of senders, before the bytes. */
  readonly admission: AdmissionService;
  /** One upload in one request. @throws {GatehouseError} ticket_spent, permit_invalid, and those of intake */
  send(request: SendRequest): Promise<Outcome>;
  /** Of an own upload. @throws {GatehouseError} not_found */
  outcome(id: string, waiting: Waiting): Promise<Outcome>;
  removeOld(): Promise<void>;
}

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const KEPT_MS = 2 * HOUR_MS;
const RETRY_S = 5;
const SECRET_BYTES = 32;

type Outcomes = 'granted' | 'denied' | 'exhausted';

interface Deps extends SurfaceParts {
  readonly count: (outcome: Outcomes) => void;
}

export function createPermits(parts: SurfaceParts): PermitsService {
  const { context, access, intake } = parts;
  const counter = context.metrics.counter({ name: 'gatehouse_permits_total', help: 'Answers about permits.', labels: ['outcome'] });
  const deps: Deps = { ...parts, count: (outcome) => counter.add({ outcome }) };
  const admission = createAdmission(parts);
  return {
    name: 'permits',
    issueTicket: (input, actor) => access.tickets.issue(input, actor),
    revokeTicket: (id, actor) => access.tickets.revoke(id, actor),
    ask: (request, by) => answerInTime(context, by.signal, () => ask(deps, request, by.principal)),
    admission,
    send: (request) => send({ intake, admission }, request),
    outcome: async (id, waiting) => {
      await requireOwn(parts, id, waiting.principal);
      return toOutcome(await intake.get(id, waiting));
    },
    removeOld: () => deleteOldPermits(context.database.sql, new Date(context.clock.now().getTime() - KEPT_MS)),
  };
}

/** The work of a "no" takes longer or shorter than that of a "yes": the answer waits for the next full step. */
async function answerInTime<T>({ clock, config }: AppContext, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const stepMs = config.permitsFloorMs;
  const startMs = clock.monotonicMs();
  try {
    return await work();
  } finally {
    const tookMs = clock.monotonicMs() - startMs;
    if (stepMs > 0) await clock.sleep(Math.ceil(tookMs / stepMs) * stepMs - tookMs, signal);
  }
}

async function ask(deps: Deps, request: PermitRequest, principal: Principal): Promise<PermitReply> {
  const { context } = deps;
  const holders = await findHolders(deps, principal);
  const reference = newId<'PermitId'>('prm', context.clock);
  const pictures = countPictures(request.pictures);
  const denied = COST.denied * pictures;
  // The price of a "no" from the beginning: questions that are asked at once would else all be answered before the first one is paid for.
  const used = await charge(deps, holders, COST.asked * pictures + denied);
  const isWithin = used.every(({ units, limit }) => units - denied <= limit);
  let outcome: Outcomes = 'exhausted';
  try {
    if (isWithin) outcome = await judge(deps, request);
  } finally {
    if (outcome !== 'denied') await charge(deps, holders, -denied);
  }
  deps.count(outcome);
  if (outcome !== 'granted') return { permitted: false, permit: null, expiresAt: null, reference, message: describePermit(false, reference) };
  const granted = await grant(deps, request, { principal, id: reference });
  return { permitted: true, ...granted, reference, message: describePermit(true, reference) };
}

/** @throws {GatehouseError} lists_unavailable */
async function judge({ context, screening }: Deps, request: PermitRequest): Promise<'granted' | 'denied'> {
  const found = await screening.rematch(toSignals(request));
  if (found.verdict === 'error')
    throw new GatehouseError('lists_unavailable', 'The file could not be asked about. Nothing is known about it.', { retryAfterS: RETRY_S });
  return isPermitted(found, decide(found, context.config).disposition) ? 'granted' : 'denied';
}

interface Allowance extends Holder {
  readonly limit: number;
}

/** The ticket, for as long as it lives, and its end user in this hour; a key in this hour. */
async function findHolders({ context, access }: Deps, principal: Principal): Promise<readonly Allowance[]> {
  const { permitsPerTicket, permitsPerSubjectHour } = context.config;
  const hour = new Date(Math.floor(context.clock.now().getTime() / HOUR_MS) * HOUR_MS);
  const ticket = principal.kind === 'ticket' ? await access.tickets.read(principal.id) : undefined;
  if (ticket === undefined) return [{ holder: principal.id, period: hour, limit: permitsPerSubjectHour }];
  return [
    { holder: principal.id, period: ticket.expiresAt, limit: permitsPerTicket },
    { holder: ticket.subject, period: hour, limit: permitsPerSubjectHour },
  ];
}

/** @returns what is used of each, this included */
async function charge({ context }: Deps, holders: readonly Allowance[], cost: number): Promise<readonly { readonly units: number; readonly limit: number }[]> {
  const used: { units: number; limit: number }[] = [];
  for (const { limit, ...holder } of holders) used.push({ limit, units: await chargeHolder(context.database.sql, holder, cost) });
  return used;
}

async function grant(
  { context }: Deps,
  request: PermitRequest,
  { principal, id }: { readonly principal: Principal; readonly id: string },
): Promise<{ readonly permit: string; readonly expiresAt: string }> {
  const secret = randomHex(SECRET_BYTES);
  const expiresAt = new Date(context.clock.now().getTime() + context.config.permitsMinutes * MINUTE_MS);
  const binding = bindTo({ secret, sha256: request.sha256, sizeBytes: request.sizeBytes, owner: principal.id });
  await insertPermit(context.database.sql, { id, binding, expires_at: expiresAt });
  return { permit: `ghp_${id.slice('prm_'.length)}_${secret}`, expiresAt: expiresAt.toISOString() };
}

async function send({ intake, admission }: Pick<PermitsService, 'admission'> & { readonly intake: IntakeService }, request: SendRequest): Promise<Outcome> {
  const { principal, sizeBytes, sha256, permit } = request;
  if (sizeBytes === undefined) throw new GatehouseError('length_required', 'The size of the file was not announced. Nothing was received.');
  const admitted = await admission.admit({ principal, permit, sizeBytes, sha256 });
  let id: string | undefined;
  try {
    const { callbackUrl } = admitted;
    const announced = { sizeBytes, ...(sha256 === undefined ? {} : { sha256 }), ...(callbackUrl === undefined ? {} : { callbackUrl }) };
    id = (await intake.create(announced, { principal, idempotencyKey: undefined })).view.id;
    await admitted.bind(id);
    return toOutcome(await intake.receive(id, request));
  } catch (error) {
    // Other bytes than announced arrived, whole: they count, else they could be sent without end.
    const counts = isGatehouseError(error, 'digest_mismatch') || (id !== undefined && (await hasTaken(intake, id, request)));
    if (!counts) await admitted.giveBack();
    throw error;
  }
}

/** A fault can also come after the bytes were taken: then the upload goes on, and its permit was used. When nobody can tell, it counts. */
async function hasTaken(intake: IntakeService, id: string, { principal, signal }: Waiting): Promise<boolean> {
  return intake.get(id, { principal, waitS: 0, signal }).then(
    ({ state }) => isTaken(state),
    () => true,
  );
}

/** All tickets of one end user are one: a decision can take longer than a ticket lasts. */
async function requireOwn({ intake, access }: Pick<SurfaceParts, 'intake' | 'access'>, id: string, principal: Principal): Promise<void> {
  const owner = await intake.ownerOf(id);
  if (owner === principal.id) return;
  if (owner !== undefined && principal.kind === 'ticket') {
    const [own, first] = [await access.tickets.read(principal.id), await access.tickets.read(owner)];
    if (own !== undefined && own.subject === first?.subject) return;
  }
  throw new GatehouseError('not_found', 'There is no such upload of yours.');
}
