/**
 * Whom one could turn to, ranked: behind a delivery network that network first, because it tells the host and knows the address behind it; otherwise the
 * network, then the registrar of the name, and a guess last (international-and-register.md, sections 3.2 and 4.3).
 */
import type { EdgeNetwork } from './claim-rules.ts';
import type { RdapRecord } from './rdap-rules.ts';
import type { Contact, Scope } from './schema.ts';

export interface ContactSource {
  readonly record: RdapRecord;
  readonly server: string;
  readonly retrievedAt: Date;
}

const RANKS: readonly Scope[] = ['cdn', 'network', 'host', 'registrar'];

export function toContacts(scope: Scope, { record, server, retrievedAt }: ContactSource): Contact[] {
  return record.contacts.map((contact) => ({ scope, ...contact, source: `RDAP ${server}`, retrievedAt: retrievedAt.toISOString() }));
}

export function toEdgeContacts({ name, abuseUrl }: EdgeNetwork, now: Date): Contact[] {
  if (abuseUrl === null) return [];
  return [{ scope: 'cdn', name, email: null, url: abuseUrl, source: 'list of delivery networks', retrievedAt: now.toISOString(), problem: null }];
}

/** RFC 2142: a mailbox that a domain should have. Whoever runs the site reads it, and may be the one who put the material there. */
export function guessContact(name: string, now: Date): Contact {
  return {
    scope: 'host',
    name,
    email: `abuse@${name}`,
    url: null,
    source: 'guess of RFC 2142',
    retrievedAt: now.toISOString(),
    problem: 'A guess: nobody confirmed that it exists. Whoever runs the site would read it.',
  };
}

/** Each once, with forms before mailboxes of the same scope only where they came first. */
export function rankContacts(contacts: readonly Contact[]): Contact[] {
  const byKey = new Map<string, Contact>();
  for (const contact of contacts) {
    const key = `${contact.scope} ${contact.email} ${contact.url} ${contact.problem}`;
    if (!byKey.has(key)) byKey.set(key, contact);
  }
  const isGuess = ({ source }: Contact): number => (source.startsWith('guess') ? 1 : 0);
  return [...byKey.values()].toSorted((a, b) => isGuess(a) - isGuess(b) || RANKS.indexOf(a.scope) - RANKS.indexOf(b.scope));
}
