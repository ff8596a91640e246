/** What is sealed, opened and sealed by the name of the row that it belongs to. */
import type { Contact, HostingClaim } from '../hosting/schema.ts';
import type { NoticeKey, NoticeKeys } from './keys.ts';
import type { ReportInput } from './schema.ts';
import { lookupOf, seal, unseal } from './seal.ts';
import { hostOf, normaliseUrl } from './url-rules.ts';

/** What a reply says and who signed it; both may quote addresses. */
export interface ReplyContent {
  readonly from: string | null;
  readonly text: string;
}

interface SealedReport {
  readonly id: string;
  readonly keyId: string;
  readonly inputSealed: Buffer;
  readonly claimSealed: Buffer | null;
}

interface SealedRow {
  readonly id: string;
  readonly keyId: string;
  readonly sealed: Buffer;
}

/** The casts: what is opened was sealed here, and its tag proves it. */
export interface Vault {
  readonly keys: NoticeKeys;
  openInput(row: SealedReport): Promise<ReportInput>;
  openClaim(row: SealedReport): Promise<HostingClaim | null>;
  openContact(row: SealedRow): Promise<Contact>;
  openReply(row: SealedRow): Promise<ReplyContent>;
  /** The lookups of one text under each key, so that what another key sealed is found. */
  findUrl(url: string): Promise<readonly string[]>;
  findContact(contact: Contact): Promise<readonly string[]>;
}

export function createVault(keys: NoticeKeys): Vault {
  return {
    keys,
    openInput: async ({ id, keyId, inputSealed }) => unseal(await keys.byId(keyId), `report:${id}:input`, inputSealed) as ReportInput,
    openClaim: async ({ id, keyId, claimSealed }) =>
      claimSealed === null ? null : (unseal(await keys.byId(keyId), `report:${id}:claim`, claimSealed) as HostingClaim),
    openContact: async ({ id, keyId, sealed }) => unseal(await keys.byId(keyId), `contact:${id}`, sealed) as Contact,
    openReply: async ({ id, keyId, sealed }) => unseal(await keys.byId(keyId), `reply:${id}`, sealed) as ReplyContent,
    findUrl: async (url) => (await keys.all()).map((key) => lookupOf(key, 'url', normaliseUrl(url))),
    findContact: async (contact) => (await keys.all()).map((key) => lookupOf(key, 'contact', nameContact(contact))),
  };
}

export function sealReport(key: NoticeKey, id: string, { input, claim }: { readonly input: ReportInput; readonly claim: HostingClaim | null }) {
  return {
    keyId: key.id,
    inputSealed: seal(key, `report:${id}:input`, input),
    claimSealed: claim === null ? null : seal(key, `report:${id}:claim`, claim),
    urlLookup: lookupOf(key, 'url', normaliseUrl(input.url)),
    hostLookup: lookupOf(key, 'host', hostOf(input.url)),
  };
}

export function sealContact(key: NoticeKey, id: string, contact: Contact) {
  return { keyId: key.id, sealed: seal(key, `contact:${id}`, contact), lookup: lookupOf(key, 'contact', nameContact(contact)) };
}

export function sealReply(key: NoticeKey, id: string, content: ReplyContent) {
  return { keyId: key.id, sealed: seal(key, `reply:${id}`, content) };
}

/** Approval is of a mailbox for a purpose, whatever name a registry gives to it. */
function nameContact({ scope, email, url, name }: Contact): string {
  return `${scope}\n${email?.toLowerCase() ?? url ?? name}`;
}
