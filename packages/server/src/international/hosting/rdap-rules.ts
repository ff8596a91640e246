/**
 * What an RDAP server answered (RFC 9083), reduced to what a claim needs. The answer is hostile: it must be about what was asked, depth and number of
 * entities are bounded, and nothing is believed that is not of the expected type.
 */
import { z } from 'zod';
import { formatAddress, isWithin, parseAddress, type Address } from './address-rules.ts';
import { findProblem } from './contact-rules.ts';
import { cleanText, toAsn, toCountry, toNetworkName } from './country-rules.ts';

export type RdapQuery =
  | { readonly kind: 'ip'; readonly address: Address }
  | { readonly kind: 'autnum'; readonly asn: number }
  | { readonly kind: 'domain'; readonly name: string };

export const RdapContactSchema = z.object({
  name: z.string(),
  email: z.string().nullable(),
  url: z.string().nullable(),
  problem: z.string().nullable(),
});
export type RdapContact = z.output<typeof RdapContactSchema>;

export const RdapRecordSchema = z.object({
  /** As the registry has it. */
  name: z.string().nullable(),
  handle: z.string().nullable(),
  country: z.string().nullable(),
  /** ARIN says which networks announce an address. */
  asns: z.array(z.number().int()),
  registrar: z.string().nullable(),
  contacts: z.array(RdapContactSchema),
});
export type RdapRecord = z.output<typeof RdapRecordSchema>;

/** `unrelated`: the answer is not about what was asked. */
export type RdapReading = { readonly kind: 'record'; readonly record: RdapRecord } | { readonly kind: 'unrelated' } | { readonly kind: 'unmanaged' };

type Json = Readonly<Record<string, unknown>>;

interface Entity {
  readonly roles: readonly string[];
  readonly card: Card;
  readonly entities: readonly Entity[];
}

interface Card {
  readonly name: string | null;
  readonly email: string | null;
  readonly url: string | null;
}

const DEPTH_MAX = 5;
const ENTITIES_MAX = 100;
const CONTACTS_MAX = 4;
const PROPERTIES_MAX = 100;
/** What registries answer for space that another one, or nobody, looks after. */
const UNMANAGED = /^(NON-RIPE-NCC-MANAGED-ADDRESS-BLOCK|IANA-(NETBLOCK|BLK|BLOCK|RESERVED)|ERX-NETBLOCK|APNIC-AP-ERX|STUB-)/i;

/** `ip/192.0.2.1` (RFC 9082, section 3.1) */
export function toPath(query: RdapQuery): string {
  switch (query.kind) {
    case 'ip':
      return `ip/${formatAddress(query.address)}`;
    case 'autnum':
      return `autnum/${query.asn}`;
    case 'domain':
      return `domain/${query.name}`;
  }
}

export function readRdap(value: unknown, query: RdapQuery): RdapReading {
  if (!isJson(value) || !isAbout(value, query)) return { kind: 'unrelated' };
  const name = toNetworkName(value['name']);
  if (query.kind !== 'domain' && name !== null && UNMANAGED.test(name)) return { kind: 'unmanaged' };
  const entities = readEntities(value['entities'], { depth: 0, left: { count: ENTITIES_MAX } });
  const registrar = flatten(entities).find(({ roles }) => roles.includes('registrar'));
  return {
    kind: 'record',
    record: {
      name,
      handle: toNetworkName(value['handle']),
      country: query.kind === 'domain' ? null : toCountry(value['country']),
      asns: readAsns(value['arin_originas0_originautnums']),
      registrar: registrar === undefined ? null : (registrar.card.name ?? 'a registrar without a name'),
      contacts: query.kind === 'domain' ? findRegistrarContacts(registrar) : findNetworkContacts(entities),
    },
  };
}

function isAbout(value: Json, query: RdapQuery): boolean {
  switch (query.kind) {
    case 'ip':
      return value['objectClassName'] === 'ip network' && holdsAddress(value, query.address);
    case 'autnum':
      return value['objectClassName'] === 'autnum' && holdsAsn(value, query.asn);
    case 'domain':
      return value['objectClassName'] === 'domain' && isNamed(value['ldhName'], query.name);
  }
}

function holdsAddress(value: Json, address: Address): boolean {
  const [first, last] = [value['startAddress'], value['endAddress']].map((text) => (typeof text === 'string' ? parseAddress(text) : undefined));
  return first !== undefined && last !== undefined && isWithin(address, { first, last });
}

function holdsAsn(value: Json, asn: number): boolean {
  const [first, last] = [toAsn(value['startAutnum']), toAsn(value['endAutnum'])];
  return first !== null && last !== null && first <= asn && asn <= last;
}

function isNamed(ldhName: unknown, name: string): boolean {
  return typeof ldhName === 'string' && ldhName.toLowerCase().replace(/\.$/, '') === name;
}

function readAsns(value: unknown): number[] {
  return Array.isArray(value) ? value.slice(0, 16).flatMap((one) => toAsn(one) ?? []) : [];
}

function readEntities(value: unknown, { depth, left }: { readonly depth: number; readonly left: { count: number } }): Entity[] {
  if (!Array.isArray(value) || depth >= DEPTH_MAX) return [];
  const found: Entity[] = [];
  for (const one of value) {
    if (left.count <= 0) break;
    left.count -= 1;
    if (!isJson(one)) continue;
    const roles = Array.isArray(one['roles']) ? one['roles'].filter((role) => typeof role === 'string').map((role) => role.toLowerCase()) : [];
    found.push({ roles, card: readCard(one['vcardArray']), entities: readEntities(one['entities'], { depth: depth + 1, left }) });
  }
  return found;
}

function flatten(entities: readonly Entity[]): Entity[] {
  return entities.flatMap((entity) => [entity, ...flatten(entity.entities)]);
}

/** jCard (RFC 7095): `["vcard", [[name, parameters, type, value, …], …]]`; the first usable property of a name counts. */
function readCard(value: unknown): Card {
  const properties: unknown[] = Array.isArray(value) && Array.isArray(value[1]) ? value[1].slice(0, PROPERTIES_MAX) : [];
  const texts = (wanted: string): string[] =>
    properties.flatMap((property) => {
      const isWanted = Array.isArray(property) && typeof property[0] === 'string' && property[0].toLowerCase() === wanted;
      const text: unknown = isWanted ? property[3] : undefined;
      return typeof text === 'string' ? cleanText(text).slice(0, 300) : [];
    });
  return {
    name: [...texts('fn'), ...texts('org')].find((text) => text !== '') ?? null,
    email:
      texts('email')
        .map(toEmail)
        .find((email) => email !== null) ?? null,
    url: [...texts('contact-uri'), ...texts('url')].map(toWebUrl).find((url) => url !== null) ?? null,
  };
}

/** What a mail program may be given: one address, of letters that no header is changed by. */
export function toEmail(text: string): string | null {
  const bare = text.replace(/^mailto:/i, '');
  return bare.length <= 254 && /^[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/i.test(bare)
    ? bare.toLowerCase()
    : null;
}

function toWebUrl(text: string): string | null {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).username === '' ? new URL(text).href : null;
}

/** Roles in the order in which they are asked; only `abuse` is meant for this. */
function findNetworkContacts(entities: readonly Entity[]): RdapContact[] {
  const all = flatten(entities);
  const abuse = all.filter(({ roles }) => roles.includes('abuse'));
  const others = abuse.length > 0 ? [] : all.filter(({ roles, card }) => card.email !== null && roles.some((role) => role === 'noc' || role === 'technical'));
  return unique([
    ...abuse.map(({ card }) => toContact(card, null)),
    ...others.map(({ card }) => toContact(card, 'The registry names no contact for abuse; this is the technical one.')),
  ]);
}

function findRegistrarContacts(registrar: Entity | undefined): RdapContact[] {
  if (registrar === undefined) return [];
  const abuse = flatten(registrar.entities).filter(({ roles }) => roles.includes('abuse'));
  return unique(abuse.map(({ card }) => toContact({ ...card, name: registrar.card.name ?? card.name }, null)));
}

function toContact({ name, email, url }: Card, remark: string | null): RdapContact {
  const problem = email === null && url === null ? 'The registry names it without an address.' : findProblem(email);
  return { name: name ?? 'without a name', email: problem === null || email === null ? email : null, url, problem: problem ?? remark };
}

function unique(contacts: readonly RdapContact[]): RdapContact[] {
  const seen = new Map(contacts.map((contact) => [`${contact.email} ${contact.url} ${contact.problem}`, contact]));
  return [...seen.values()].slice(0, CONTACTS_MAX);
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
