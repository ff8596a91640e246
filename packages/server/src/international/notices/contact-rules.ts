/** Whom one could tell about a report: those of the claim, and those that the profile of the country knows. */
import type { Contact, HostingClaim } from '../hosting/schema.ts';
import type { Procedure } from '../profiles/schema.ts';
import type { Authority, Viewer } from './schema.ts';

export interface ContactSources {
  readonly claim: Pick<HostingClaim, 'contacts'>;
  /** Of the country of the claim; null: it has none. */
  readonly procedure: Procedure | null;
  /** Of the operator's own country. */
  readonly home: Procedure | null;
  readonly authority: Authority | null;
  readonly now: Date;
}

const CONTACTS_MAX = 50;
const NAME_MAX = 300;

/** Best first. There is always a hotline, if only one that says where to look for it. */
export function listContacts({ claim, procedure, home, authority, now }: ContactSources): Contact[] {
  const official = procedure === null ? [] : listOfficial(procedure, now);
  const hotline = official.some(({ scope }) => scope === 'hotline') ? [] : [findFallback(procedure, home, now)];
  // Nobody tells themselves.
  const isOwn = ({ email }: Contact): boolean => email !== null && email.toLowerCase() === authority?.contactEmail.toLowerCase();
  return [...official, ...hotline, ...claim.contacts].filter((contact) => !isOwn(contact)).slice(0, CONTACTS_MAX);
}

function listOfficial({ country, hotline, police, regulator }: Procedure, now: Date): Contact[] {
  const known = { source: `profile ${country}`, retrievedAt: now.toISOString(), problem: null };
  return [
    ...(hotline === null ? [] : [{ ...known, ...hotline, scope: 'hotline' as const }]),
    ...(police === null ? [] : [{ ...known, ...police, scope: 'police' as const, url: null }]),
    ...(regulator === null ? [] : [{ ...known, ...regulator, scope: 'regulator' as const, url: null }]),
  ];
}

/** No mailbox and no form: a person decides where the sheet goes. */
function findFallback(procedure: Procedure | null, home: Procedure | null, now: Date): Contact {
  const said = procedure?.fallback ?? home?.hotline?.name ?? 'The hotline of your own country, which passes it on';
  const source = procedure === null ? (home === null ? 'nobody knows the country' : `profile ${home.country}`) : `profile ${procedure.country}`;
  return { scope: 'hotline', name: said.slice(0, NAME_MAX), email: null, url: null, source, retrievedAt: now.toISOString(), problem: null };
}

/** Contacts at the host itself are named after it. */
export function redactContact(contact: Contact, { seesUrls }: Viewer): Contact {
  const isTelling = contact.scope === 'host' || contact.source.startsWith('guess');
  if (seesUrls || !isTelling) return contact;
  return { ...contact, name: 'Host', email: null, url: null, problem: contact.problem === null ? null : 'Something is known against it.' };
}

export function redactClaim(claim: HostingClaim, viewer: Viewer): HostingClaim {
  if (viewer.seesUrls) return claim;
  const { aliases: _aliases, ...rest } = claim;
  const problems = claim.problems.length === 0 ? [] : [`${claim.problems.length} of the questions could not be answered.`];
  return {
    ...rest,
    host: null,
    addresses: claim.addresses.map((one) => ({ ...one, ip: 'withheld' })),
    contacts: claim.contacts.map((one) => redactContact(one, viewer)),
    problems,
  };
}

/** For figures: `AS64496 Example`. */
export function nameNetwork({ addresses }: Pick<HostingClaim, 'addresses'>): string | null {
  const first = addresses.find(({ asn }) => asn !== null);
  return first === undefined ? null : `AS${first.asn}${first.network === null ? '' : ` ${first.network.slice(0, 100)}`}`;
}
