/** A claim in words, for the terminal and the console. */
import type { AddressClaim, Contact, Finding, HostingClaim, NetworkClaim } from './schema.ts';

export const METHOD_WORDS: Readonly<Record<Finding['method'], string>> = {
  geofeed: 'geofeed of the network',
  geo_db: 'dataset of addresses',
  rir_allocation: 'statistics of the registry (holder)',
  rdap_country: 'entry in the registry (holder)',
  operator_statement: 'statement of the operator',
  hotline_trace: 'trace by a hotline',
};

export const SCOPE_WORDS: Readonly<Record<Contact['scope'], string>> = {
  hotline: 'hotline',
  police: 'police',
  regulator: 'regulator',
  network: 'network: can take the host down',
  host: 'operator of the site: can delete the item',
  registrar: 'registrar: can suspend the name',
  cdn: 'delivery network: tells its customer and the host',
};

/** One sentence; `claimed` is as far as it goes. */
export function concludeInWords({ origin, country }: Pick<HostingClaim, 'origin' | 'country'>): string {
  switch (origin) {
    case 'claimed':
      return `Said to be in ${country ?? 'no country'}.`;
    case 'edge_origin_unknown':
      return 'Behind a delivery network: where the content itself is, is unknown.';
    case 'disputed':
      return 'Disputed: the sources do not agree on one country.';
    case 'onion':
      return 'An onion service: it has no country.';
    case 'unknown':
      return 'Unknown: nothing that was asked knows a country.';
  }
}

/** `2 of 3 say GB` */
export function agreementInWords({ agreement: { agree, of }, country, isEdge }: Pick<AddressClaim, 'agreement' | 'country' | 'isEdge'>): string {
  if (of === 0) return 'nobody knows it';
  if (country !== null) return `${agree} of ${of} say ${country}`;
  return isEdge ? `${agree} of ${of} agree, about the delivery network only` : `no majority among ${of}`;
}

export function describeClaim(claim: HostingClaim): string[] {
  const { host, aliases = [], addresses, autnum, registrar, contacts, problems } = claim;
  return [
    `${host ?? `AS${autnum?.asn ?? '?'}`}: ${concludeInWords(claim)}`,
    ...(aliases.length === 0 ? [] : [`Leads through: ${aliases.join(', ')}`]),
    ...(registrar === null ? [] : [`Registrar: ${registrar}`]),
    ...addresses.flatMap((one) => describePart(one.ip, one)),
    ...(autnum === undefined ? [] : describePart(`AS${autnum.asn}`, autnum)),
    ...(contacts.length === 0 ? [] : ['Whom one could turn to:', ...contacts.map((one) => `  ${describeContact(one)}`)]),
    ...problems.map((problem) => `Note: ${problem}`),
    `Claim of ${claim.madeAt}. It is not kept.`,
  ];
}

function describePart(title: string, part: AddressClaim | NetworkClaim): string[] {
  const network = [part.asn === null ? '' : `AS${part.asn}`, part.network ?? ''].filter((text) => text !== '' && text !== title).join(' ');
  return [
    `${title}: ${agreementInWords(part)}${network === '' ? '' : ` (${network})`}`,
    ...part.findings.map(
      ({ method, country, dataset, datasetDate }) => `  ${country}  ${METHOD_WORDS[method]}: ${dataset} of ${datasetDate ?? 'an unknown day'}`,
    ),
  ];
}

function describeContact({ scope, name, email, url, source, problem }: Contact): string {
  const where = [email, url].filter((text) => text !== null).join(', ');
  return `${SCOPE_WORDS[scope]}: ${name}${where === '' ? '' : `, ${where}`} [${source}]${problem === null ? '' : ` ${problem}`}`;
}
