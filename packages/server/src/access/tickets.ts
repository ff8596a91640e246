/**
 * Tickets: bearer tokens that a service's own server hands to one signed-in end user, for minutes. A ticket may send uploads and learn what
 * became of them, and nothing else; it opens no list, no console and nobody else's uploads.
 */
import { hash } from 'node:crypto';
import type { AppContext } from '../platform/context.ts';
import { GatehouseError } from '../platform/errors.ts';
import { newId, randomHex } from '../platform/ids.ts';
import type { Principal, Right } from '../platform/http/rights.ts';
import { MINUTE_MS, addMs, stateAt } from './rules.ts';
import type { CreatedTicket, NewTicket } from './schema.ts';
import { deleteExpiredTickets, findTicket, insertTicket, restoreTicket, revokeTicket, spendTicket } from './store-tickets.ts';
import { SECRET_BYTES, formatToken, hashSecret, isSecretOf, type Token } from './token.ts';

/** After its end a ticket opens nothing, and says whose uploads those were: a decision can take longer than it lasts. */
const KEPT_MS = 24 * 60 * MINUTE_MS;

const TICKET_RIGHTS: ReadonlySet<Right> = new Set(['uploads:send']);

export interface TicketInfo {
  /** Names the end user without saying who it is; the same for all tickets of one subject of one key. */
  readonly subject: string;
  readonly expiresAt: Date;
}

/** What goes with an upload that a ticket pays for. */
export interface Spent {
  readonly callbackUrl: string | undefined;
}

export interface TicketService {
  /** @throws {GatehouseError} outbound_refused */
  issue(input: NewTicket, actor: Principal): Promise<CreatedTicket>;
  /** From the next request on, on every node. A key ends its own tickets only. @throws {GatehouseError} not_found */
  revoke(id: string, actor: Principal): Promise<void>;
  authenticate(token: Token): Promise<Principal | undefined>;
  /** Counts one upload of `bytes`, before they arrive. @throws {GatehouseError} ticket_spent */
  spend(id: string, bytes: number): Promise<Spent>;
  /** The upload that was counted did not come about. */
  restore(id: string, bytes: number): Promise<void>;
  read(id: string): Promise<TicketInfo | undefined>;
  removeExpired(): Promise<number>;
}

export function createTickets({ clock, database, outbound }: AppContext): TicketService {
  const { sql } = database;
  return {
    async issue(input, actor) {
      if (input.callbackUrl !== undefined) outbound.checkUrl(input.callbackUrl);
      const now = clock.now();
      const token: Token = { id: newId<'TicketId'>('tkt', clock), secret: randomHex(SECRET_BYTES) };
      const expiresAt = addMs(now, input.minutes * MINUTE_MS);
      await insertTicket(sql, {
        id: token.id,
        secret_hash: hashSecret(token.secret),
        subject_hash: hashSubject(input.subject, actor),
        uploads_max: input.maxUploads,
        uploads_used: 0,
        bytes_max: input.maxBytes,
        bytes_used: 0,
        created_at: now,
        created_by: actor.id,
        expires_at: expiresAt,
        revoked_at: null,
        callback_url: input.callbackUrl ?? null,
      });
      return { id: token.id, ticket: formatToken('ticket', token), expiresAt: expiresAt.toISOString() };
    },
    async revoke(id, actor) {
      const createdBy = actor.kind === 'key' ? actor.id : undefined;
      if (!(await revokeTicket(sql, id, { at: clock.now(), createdBy }))) throw new GatehouseError('not_found', 'There is no such ticket of yours.');
    },
    async authenticate(token) {
      const row = await findTicket(sql, token.id);
      if (row === undefined || !isSecretOf(token.secret, row.secret_hash)) return undefined;
      const [ticket, key] = [
        { expiresAt: row.expires_at, revokedAt: row.revoked_at },
        { expiresAt: row.key_expires_at, revokedAt: row.key_revoked_at },
      ];
      if ([ticket, key].some((one) => stateAt(one, clock.now()) !== 'active')) return undefined;
      return { kind: 'ticket', id: row.id, name: 'ticket', rights: TICKET_RIGHTS };
    },
    async spend(id, bytes) {
      const spent = await spendTicket(sql, id, { bytes, at: clock.now() });
      if (spent !== undefined) return { callbackUrl: spent.callback_url ?? undefined };
      throw new GatehouseError('ticket_spent', 'It allows no further upload of this size. Nothing was received.');
    },
    restore: (id, bytes) => restoreTicket(sql, id, bytes),
    async read(id) {
      const row = await findTicket(sql, id);
      return row === undefined ? undefined : { subject: row.subject_hash.toString('hex'), expiresAt: row.expires_at };
    },
    removeExpired: () => deleteExpiredTickets(sql, addMs(clock.now(), -KEPT_MS)),
  };
}

/** Of two services that use one Gatehouse, neither counts against the other's users. */
function hashSubject(subject: string, actor: Principal): Buffer {
  return hash('sha256', JSON.stringify(['gatehouse ticket subject 1', actor.id, subject]), 'buffer');
}
