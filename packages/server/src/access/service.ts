/** What access offers: keys, sign-in links, sessions, and the answer to "who asks?" on every request. */
import type { AppContext } from '../platform/context.ts';
import { GatehouseError } from '../platform/errors.ts';
import { LOCAL_PRINCIPAL, ALL_RIGHTS, type Credentials, type Principal, type Right } from '../platform/http/rights.ts';
import { newId, randomHex } from '../platform/ids.ts';
import { createKeyReader, type KeyReader } from './key-reader.ts';
import { DAY_MS, EXPIRY_WARNING_DAYS, MINUTE_MS, addMs, findMissingRights, floorToMinute, isSameRights, stateAt } from './rules.ts';
import {
  FIRST_PERSON,
  toRights,
  type AccessService,
  type AccessSummary,
  type CreatedKey,
  type CreatedLink,
  type KeyView,
  type NewKey,
  type NewLink,
  type SignedIn,
} from './schema.ts';
import * as store from './store.ts';
import { createTickets, type TicketService } from './tickets.ts';
import { SECRET_BYTES, csrfTokenOf, displayPrefix, formatToken, hashSecret, isSecretOf, parseBearer, parseToken, type Token } from './token.ts';

const HOUR_MS = 60 * MINUTE_MS;

export function createAccessService(context: AppContext): AccessService {
  const refused = context.metrics.counter({
    name: 'gatehouse_access_refused_total',
    help: 'Credentials that were unknown, expired or revoked.',
    labels: ['kind'],
  });
  const { sql } = context.database;
  const tickets = createTickets(context);
  const judges: Judges = { tickets, keys: createKeyReader(context.clock, (ids) => store.findKeysInUse(sql, ids)), ...createUseNotes(context) };
  return {
    async authenticate(credentials) {
      const principal = await authenticate(context, credentials, judges);
      if (principal === undefined) refused.add({ kind: credentials.authorization === undefined ? 'session' : 'key' });
      return principal;
    },
    needsFirstSignIn: async () => (await store.countSignedInPersons(sql)) === 0,
    createFirstSignInLink: () => createSignInLink(context, { name: FIRST_PERSON, rights: [...ALL_RIGHTS] }, LOCAL_PRINCIPAL),
    createSignInLink: (input, actor) => createSignInLink(context, input, actor),
    readSignInLink: async (link) => ({ name: (await findUsableLink(context, link)).name }),
    signIn: (link, formerCookie) => signIn(context, link, formerCookie),
    async signOut(cookie) {
      const token = await findOwnSession(context, cookie);
      if (token !== undefined) await endSession(context, token.id);
    },
    signOutEverywhere: (personId, actor) => signOutEverywhere(context, personId, actor),
    createKey: (input, actor) => createKey(context, input, actor),
    async listKeys() {
      const now = context.clock.now();
      return (await store.listKeys(sql)).map((row) => toKeyView(row, now));
    },
    readKey: async (id) => toKeyView(await requireKey(context, id), context.clock.now()),
    revokeKey: (id, actor) => revokeKey(context, id, actor),
    async removeExpired() {
      await tickets.removeExpired();
      return store.deleteExpired(sql, context.clock.now());
    },
    tickets,
    summarise: () => summarise(context),
    settle: judges.settle,
  };
}

interface Judges {
  readonly tickets: TicketService;
  readonly keys: KeyReader<store.KeyInUse>;
  note(keyId: string): void;
  settle(): Promise<void>;
}

/** The database is asked for every request, and there is no cache: what was revoked is refused from the next request on, on every node. */
async function authenticate(context: AppContext, credentials: Credentials, judges: Judges): Promise<Principal | undefined> {
  // A request that shows a key is judged by the key alone: it must not borrow the rights of a browser's cookie.
  if (credentials.authorization !== undefined) return authenticateKey(context, credentials.authorization, judges);
  if (credentials.sessionCookie !== undefined) return authenticateSession(context, credentials.sessionCookie);
  return undefined;
}

async function authenticateKey(context: AppContext, header: string, { keys, note, tickets }: Judges): Promise<Principal | undefined> {
  const ticket = parseBearer(header, 'ticket');
  if (ticket !== undefined) return tickets.authenticate(ticket);
  const token = parseBearer(header);
  if (token === undefined) return undefined;
  const row = await keys.read(token.id);
  if (row === undefined || !isSecretOf(token.secret, row.secret_hash)) return undefined;
  if (stateAt({ expiresAt: row.expires_at, revokedAt: row.revoked_at }, context.clock.now()) !== 'active') return undefined;
  note(row.id);
  return { kind: 'key', id: row.id, name: row.name, rights: new Set(toRights(row.rights)) };
}

async function authenticateSession(context: AppContext, cookie: string): Promise<Principal | undefined> {
  const token = parseToken('session', cookie);
  if (token === undefined) return undefined;
  const row = await store.findSession(context.database.sql, token.id);
  if (row === undefined || !isSecretOf(token.secret, row.secret_hash)) return undefined;
  if (stateAt({ expiresAt: row.expires_at, revokedAt: null }, context.clock.now()) !== 'active') return undefined;
  return { kind: 'session', id: row.person_id, name: row.name, rights: new Set(toRights(row.rights)), csrfToken: csrfTokenOf(token.secret) };
}

async function createSignInLink(context: AppContext, input: NewLink, actor: Principal): Promise<CreatedLink> {
  requireHeld(input.rights ?? [], actor);
  const now = context.clock.now();
  const expiresAt = addMs(now, (input.minutes ?? context.config.signInLinkMinutes) * MINUTE_MS);
  const token: Token = { id: newId<'LinkId'>('lnk', context.clock), secret: randomHex(SECRET_BYTES) };
  await context.database.transact(async (tx) => {
    const fresh = {
      id: newId<'PersonId'>('per', context.clock),
      name: input.name,
      rights: input.rights ?? [...actor.rights],
      created_at: now,
      last_sign_in_at: null,
    };
    const person = await store.takePerson(tx, fresh);
    const rights = toRights(person.rights);
    // Whoever may sign in as a person may do what that person may do.
    requireHeld(rights, actor);
    if (input.rights !== undefined && !isSameRights(rights, input.rights)) {
      await store.setPersonRights(tx, person.id, input.rights);
      await context.events.emit('access.changed', { change: 'person.rights_changed', subject: person.id, actor: actor.id }, tx);
    }
    await store.insertLink(tx, {
      id: token.id,
      person_id: person.id,
      secret_hash: hashSecret(token.secret),
      created_at: now,
      created_by: actor.id,
      expires_at: expiresAt,
      used_at: null,
    });
    await context.events.emit('access.changed', { change: 'sign_in_link.created', subject: person.id, actor: actor.id }, tx);
  });
  return { url: `${context.publicUrl()}/sign-in/${formatToken('link', token)}`, person: input.name, expiresAt: expiresAt.toISOString() };
}

async function findUsableLink(context: AppContext, link: string): Promise<store.LinkRow & { readonly name: string; readonly rights: string[] }> {
  const token = parseToken('link', link);
  const row = token === undefined ? undefined : await store.findLink(context.database.sql, token.id);
  if (token === undefined || row === undefined || !isSecretOf(token.secret, row.secret_hash)) throw linkInvalid();
  if (row.used_at !== null || row.expires_at.getTime() <= context.clock.now().getTime()) throw linkInvalid();
  return row;
}

/** One message for unknown, used and expired: whoever tries links learns nothing from the difference. */
function linkInvalid(): GatehouseError {
  return new GatehouseError('sign_in_link_invalid', 'It is unknown, was used before or has expired. Nobody was signed in.');
}

async function signIn(context: AppContext, link: string, formerCookie: string | undefined): Promise<SignedIn> {
  const row = await findUsableLink(context, link);
  const former = formerCookie === undefined ? undefined : await findOwnSession(context, formerCookie);
  const now = context.clock.now();
  const maxAgeMs = context.config.sessionHours * HOUR_MS;
  // Always a new id and a new secret: a session that somebody prepared beforehand never becomes a signed-in one.
  const token: Token = { id: newId<'SessionId'>('ses', context.clock), secret: randomHex(SECRET_BYTES) };
  await context.database.transact(async (tx) => {
    if (!(await store.useLink(tx, row.id, now))) throw linkInvalid();
    await store.notePersonSignIn(tx, row.person_id, now);
    if (former !== undefined) await store.deleteSession(tx, former.id);
    await store.insertSession(tx, {
      id: token.id,
      person_id: row.person_id,
      secret_hash: hashSecret(token.secret),
      created_at: now,
      expires_at: addMs(now, maxAgeMs),
    });
    await context.events.emit('access.changed', { change: 'session.created', subject: row.person_id, actor: row.person_id }, tx);
  });
  return { cookieValue: formatToken('session', token), maxAgeS: maxAgeMs / 1000, rights: toRights(row.rights) };
}

/** The session of a cookie whose secret is right; knowing an id is not enough to end a session. */
async function findOwnSession(context: AppContext, cookie: string): Promise<Token | undefined> {
  const token = parseToken('session', cookie);
  const row = token === undefined ? undefined : await store.findSession(context.database.sql, token.id);
  return token !== undefined && row !== undefined && isSecretOf(token.secret, row.secret_hash) ? token : undefined;
}

async function endSession(context: AppContext, id: string): Promise<void> {
  await context.database.transact(async (tx) => {
    const personId = await store.deleteSession(tx, id);
    if (personId !== undefined) await context.events.emit('access.changed', { change: 'session.ended', subject: personId, actor: personId }, tx);
  });
}

async function signOutEverywhere(context: AppContext, personId: string, actor: Principal): Promise<void> {
  await context.database.transact(async (tx) => {
    await store.deleteSessionsOf(tx, personId);
    // An unused link would let somebody straight in again.
    await store.deleteUnusedLinksOf(tx, personId);
    await context.events.emit('access.changed', { change: 'person.signed_out_everywhere', subject: personId, actor: actor.id }, tx);
  });
}

async function createKey(context: AppContext, input: NewKey, actor: Principal): Promise<CreatedKey> {
  requireHeld(input.rights, actor);
  const now = context.clock.now();
  const token: Token = { id: newId<'KeyId'>('key', context.clock), secret: randomHex(SECRET_BYTES) };
  const row: store.KeyRow = {
    id: token.id,
    name: input.name,
    secret_hash: hashSecret(token.secret),
    rights: input.rights,
    created_at: now,
    created_by: actor.id,
    expires_at: input.expiresInDays === undefined ? null : addMs(now, input.expiresInDays * DAY_MS),
    last_used_at: null,
    revoked_at: null,
    revoked_by: null,
  };
  await context.database.transact(async (tx) => {
    await store.insertKey(tx, row);
    await context.events.emit('access.changed', { change: 'key.created', subject: row.id, actor: actor.id }, tx);
  });
  return { key: toKeyView(row, now), secret: formatToken('key', token) };
}

async function revokeKey(context: AppContext, id: string, actor: Principal): Promise<void> {
  await requireKey(context, id);
  await context.database.transact(async (tx) => {
    const isNew = await store.revokeKey(tx, id, { at: context.clock.now(), actor: actor.id });
    if (isNew) await context.events.emit('access.changed', { change: 'key.revoked', subject: id, actor: actor.id }, tx);
  });
}

async function requireKey(context: AppContext, id: string): Promise<store.KeyRow> {
  const row = await store.findKey(context.database.sql, id);
  if (row === undefined) throw new GatehouseError('not_found', 'There is no key with this id. Nothing was changed.');
  return row;
}

async function summarise(context: AppContext): Promise<AccessSummary> {
  const now = context.clock.now();
  const keys = await store.countKeys(context.database.sql, now, addMs(now, EXPIRY_WARNING_DAYS * DAY_MS));
  return {
    activeKeys: keys.active,
    expiringKeys: keys.expiring,
    nextExpiryAt: keys.nextExpiryAt,
    persons: await store.countSignedInPersons(context.database.sql),
  };
}

/** Nobody gives a right that they do not have themselves, be it by a key or by a link. */
function requireHeld(rights: readonly Right[], actor: Principal): void {
  const [missing] = findMissingRights(rights, actor.rights);
  if (missing !== undefined)
    throw new GatehouseError('forbidden', `Only somebody who has the right "${missing}" can give it. Nothing was changed.`, { members: { right: missing } });
}

function toKeyView(row: store.KeyRow, now: Date): KeyView {
  return {
    id: row.id,
    name: row.name,
    prefix: displayPrefix('key', row.id),
    rights: toRights(row.rights),
    state: stateAt({ expiresAt: row.expires_at, revokedAt: row.revoked_at }, now),
    createdAt: row.created_at.toISOString(),
    createdBy: row.created_by,
    expiresAt: row.expires_at?.toISOString() ?? null,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
  };
}

/** Notes when a key was last used: at most once a minute for each key and node, and never in the way of the request. */
function createUseNotes(context: AppContext): { note(keyId: string): void; settle(): Promise<void> } {
  const noted = new Map<string, number>();
  const pending = new Set<Promise<void>>();
  return {
    note(keyId) {
      const minute = floorToMinute(context.clock.now());
      if (noted.get(keyId) === minute.getTime()) return;
      noted.set(keyId, minute.getTime());
      const work = store
        .noteKeyUse(context.database.sql, keyId, minute)
        .catch((error: unknown) => context.log.warn({ code: Reflect.get(Object(error), 'code') }, 'the last use of a key could not be noted'))
        .finally(() => pending.delete(work));
      pending.add(work);
    },
    async settle() {
      await Promise.all(pending);
    },
  };
}
