/** The shapes of access: what arrives from outside, what is shown, and what the service offers. */
import { z } from 'zod';
import type { Branded } from '../platform/ids.ts';
import { ALL_RIGHTS, isRight, type Authenticator, type Principal, type Right } from '../platform/http/rights.ts';
import type { TicketService } from './tickets.ts';

export type PersonId = Branded<'PersonId'>;

export const FIRST_PERSON = 'administrator';
const EXPIRES_DAYS_MAX = 3650;
const DAYS_FAULT = `must be a whole number from 1 to ${EXPIRES_DAYS_MAX}`;
const LINK_MINUTES_MAX = 1440;

/** No control characters and no direction marks: names are shown in lists where people decide what to revoke. */
const NameSchema = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(80, 'at most 80 characters')
  .regex(/^[^\p{C}]*$/u, 'must not hold control characters');
const RightsSchema = z
  .array(z.enum(ALL_RIGHTS))
  .min(1, 'at least one right')
  .transform((rights) => [...new Set(rights)]);

export const NewKeySchema = z
  .object({
    name: NameSchema.describe('What the key is for; shown in lists.'),
    rights: RightsSchema.describe('What the key may do. You can give only rights that you have yourself.'),
    expiresInDays: z
      .number(DAYS_FAULT)
      .int(DAYS_FAULT)
      .min(1, DAYS_FAULT)
      .max(EXPIRES_DAYS_MAX, DAYS_FAULT)
      .optional()
      .describe('Days until the key stops working; without it the key works until it is revoked.'),
  })
  .meta({ id: 'NewKey' });

export const NewLinkSchema = z
  .object({
    name: NameSchema.describe('The person who signs in with it; made when there is none of this name.'),
    rights: RightsSchema.optional().describe(
      'What the person may do from now on. Default: an existing person keeps theirs, a new one gets yours. Needs every right of an existing person.',
    ),
    minutes: z.number().int().min(1).max(LINK_MINUTES_MAX).optional().describe('How long the link can be used; default GATEHOUSE_SIGN_IN_LINK_MINUTES.'),
  })
  .meta({ id: 'NewSignInLink' });

export const KeySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    prefix: z.string().describe('How the key begins; not secret.'),
    rights: z.array(z.string()),
    state: z.enum(['active', 'expired', 'revoked']),
    createdAt: z.iso.datetime(),
    createdBy: z.string().describe('The id of the key or person that made it; `local` for the command line on the machine.'),
    expiresAt: z.iso.datetime().nullable(),
    lastUsedAt: z.iso.datetime().nullable().describe('To the minute.'),
    revokedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Key' });

export const KeyListSchema = z.object({ keys: z.array(KeySchema) });
export const CreatedKeySchema = z.object({ key: KeySchema, secret: z.string().describe('The whole key. It is shown this once.') });
export const CreatedLinkSchema = z.object({ url: z.string(), person: z.string(), expiresAt: z.iso.datetime() });
export const MeSchema = z.object({ kind: z.enum(['key', 'session', 'local', 'ticket']), id: z.string(), name: z.string(), rights: z.array(z.string()) });
export const KeyParamsSchema = z.object({ id: z.string().regex(/^key_[0-9a-z]{26}$/, 'the id of a key begins with key_') });

const TICKET_MINUTES_MAX = 60;
const TICKET_UPLOADS_MAX = 1000;
const TICKET_BYTES_MAX = 2 ** 40;

export const NewTicketSchema = z
  .object({
    subject: z
      .string()
      .min(1)
      .max(64)
      .describe('Who sends, opaque to Gatehouse: always the same for one end user of yours, and no name or address. Only a digest is kept.'),
    maxUploads: z.number().int().min(1).max(TICKET_UPLOADS_MAX).default(10),
    maxBytes: z.number().int().min(1).max(TICKET_BYTES_MAX).describe('Of all uploads together.'),
    minutes: z.number().int().min(1).max(TICKET_MINUTES_MAX).default(15),
    callbackUrl: z
      .url()
      .max(2000)
      .optional()
      .describe('Yours: where the outcome of every upload of this ticket, and a receipt that is withdrawn later, are announced, signed.'),
  })
  .meta({ id: 'NewTicket' });
export const CreatedTicketSchema = z.object({
  id: z.string(),
  ticket: z.string().describe('For the end user; a bearer token. It is shown this once.'),
  expiresAt: z.iso.datetime(),
});
export const TicketParamsSchema = z.object({ id: z.string().regex(/^tkt_[0-9a-z]{26}$/, 'the id of a ticket begins with tkt_') });
export type NewTicket = z.output<typeof NewTicketSchema>;
export type CreatedTicket = z.output<typeof CreatedTicketSchema>;

export type NewKey = z.output<typeof NewKeySchema>;
export type NewLink = z.output<typeof NewLinkSchema>;
export type KeyView = z.output<typeof KeySchema>;
export type CreatedKey = z.output<typeof CreatedKeySchema>;
export type CreatedLink = z.output<typeof CreatedLinkSchema>;

/** Rights as stored; those that this version does not know give nothing. */
export function toRights(stored: readonly string[]): Right[] {
  return stored.filter(isRight);
}

export interface SignedIn {
  /** The value of the session cookie. */
  readonly cookieValue: string;
  readonly maxAgeS: number;
  /** What the person may do: decides which page is opened first. */
  readonly rights: readonly Right[];
}

export interface AccessSummary {
  /** Keys that work now. */
  readonly activeKeys: number;
  /** Persons who have signed in at least once. */
  readonly persons: number;
  /** Keys that work now and stop working within the warning time. */
  readonly expiringKeys: number;
  readonly nextExpiryAt: Date | null;
}

export interface AccessService extends Authenticator {
  /** True as long as nobody has ever signed in: the app then prints `createFirstSignInLink`. */
  needsFirstSignIn(): Promise<boolean>;
  /** For the administrator, with all rights; on behalf of whoever owns the machine. */
  createFirstSignInLink(): Promise<CreatedLink>;
  /** @throws {GatehouseError} `forbidden` when the actor lacks a right that the link would give */
  createSignInLink(input: NewLink, actor: Principal): Promise<CreatedLink>;
  /** Whose link it is, without using it. @throws {GatehouseError} `sign_in_link_invalid` */
  readSignInLink(link: string): Promise<{ readonly name: string }>;
  /**
   * Uses the link up and begins a session. Of any number of simultaneous calls exactly one succeeds.
   * @param formerCookie the session that the browser had until now; it ends
   * @throws {GatehouseError} `sign_in_link_invalid`
   */
  signIn(link: string, formerCookie: string | undefined): Promise<SignedIn>;
  /** Ends one session; a cookie that is not valid changes nothing. */
  signOut(cookie: string): Promise<void>;
  /** Ends all sessions of a person. */
  signOutEverywhere(personId: string, actor: Principal): Promise<void>;
  /** @throws {GatehouseError} `forbidden` when the actor lacks one of the rights */
  createKey(input: NewKey, actor: Principal): Promise<CreatedKey>;
  /** Newest first. */
  listKeys(): Promise<readonly KeyView[]>;
  /** @throws {GatehouseError} `not_found` */
  readKey(id: string): Promise<KeyView>;
  /** From the next request on, on every node. Repeating it changes nothing. @throws {GatehouseError} `not_found` */
  revokeKey(id: string, actor: Principal): Promise<void>;
  /** Removes sessions and links that can no longer be used. */
  removeExpired(): Promise<{ readonly sessions: number; readonly links: number }>;
  readonly tickets: TicketService;
  summarise(): Promise<AccessSummary>;
  /** Waits for the notes of last use that are under way. */
  settle(): Promise<void>;
}
