/** Status lists: which credentials their issuers have taken back. Fetched on a schedule, never because a credential is shown. */
import type { StatusLists, TrustStore } from '@gatehouse/credential';
import { z } from 'zod';
import { AnchorIdSchema } from '../trust/schema.ts';

export const STATUS_LISTS_MAX = 100;

/** draft-ietf-oauth-status-list, section 8.1. */
export const STATUS_TYPES = { 'application/statuslist+jwt': 'jwt', 'application/statuslist+cwt': 'cwt' } as const;
export type StatusFormat = (typeof STATUS_TYPES)[keyof typeof STATUS_TYPES];

/** `fresh`; `late`: believed, but it should have been fetched again; `stale`: not believed any more; `missing`: it was never fetched. */
export const STATUS_STATES = ['fresh', 'late', 'stale', 'missing'] as const;
export type StatusState = (typeof STATUS_STATES)[number];

export const StatusIdSchema = z.string().regex(/^asl_[0-9a-z]{26}$/);

/** Character by character what credentials name and what the list calls itself; so it is not written anew. */
function isPlainAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '' && hash === '';
}

export const AddStatusListSchema = z
  .strictObject({
    uri: z.string().min(1).max(2000).refine(isPlainAddress, 'must be an http(s) address without a user name and without #').describe('As credentials name it.'),
    issuer: AnchorIdSchema.optional().describe('Only signers below this trusted issuer may sign it; without it, any trusted one.'),
  })
  .meta({ id: 'AddAgeStatusList' });
export type AddStatusList = z.output<typeof AddStatusListSchema>;

export const StatusListViewSchema = z
  .object({
    id: StatusIdSchema,
    uri: z.string(),
    issuer: z.string().nullable().describe('The issuer that must stand behind it, where one was named.'),
    signer: z.string().nullable().describe('The issuer that stands behind the kept list.'),
    state: z.enum(STATUS_STATES),
    issuedAt: z.iso.datetime().nullable(),
    expiresAt: z.iso.datetime().nullable(),
    fetchedAt: z.iso.datetime().nullable(),
    ageSeconds: z.number().nullable().describe('Since it was last fetched.'),
    entries: z.number().nullable(),
    nextFetchAt: z.iso.datetime(),
    failures: z.number().describe('Since the last success.'),
    failure: z.string().nullable().describe('One word for the last one.'),
    failedAt: z.iso.datetime().nullable(),
    addedAt: z.iso.datetime(),
    addedBy: z.string(),
  })
  .meta({ id: 'AgeStatusList' });
export type StatusListView = z.output<typeof StatusListViewSchema>;

export const SeenListSchema = z
  .object({
    host: z.string(),
    path: z.string().nullable().describe('Null until as many presentations named it as `SEEN_MIN` says.'),
    atLeast: z.number().describe('Presentations since this node was started, rounded down to a multiple of 5; 1 stands for fewer than 5.'),
    hasQuery: z.boolean().describe('The address goes on behind the path; that part is not kept.'),
  })
  .meta({ id: 'AgeSeenStatusList' });
export type SeenList = z.output<typeof SeenListSchema>;

/** What the operator sees of presentations that were refused because their list is not registered. */
export const SeenViewSchema = z.object({ lists: z.array(SeenListSchema), others: z.number().describe('Presentations whose address was not noted.') });
export type SeenView = z.output<typeof SeenViewSchema>;

export interface StatusService {
  /** Registers it and fetches it at once; a list that cannot be fetched stays registered and says why. */
  add(input: AddStatusList, actor: string): Promise<StatusListView>;
  list(): Promise<StatusListView[]>;
  remove(id: string, actor: string): Promise<void>;
  refresh(id: string): Promise<StatusListView>;
  /** Whatever is due, on whichever node. */
  refreshDue(signal: AbortSignal): Promise<void>;
  seen(): Promise<SeenView>;
  /** The lists at hand, to be believed as far as `trust` goes. One small query; a list is read again only after a change. */
  current(trust: TrustStore): Promise<StatusLists>;
}
