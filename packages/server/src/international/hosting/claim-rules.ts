/**
 * What follows from the findings: agreement, country, origin. A claim is never more certain than what it comes from (international-and-register.md,
 * section 4.3: of random IPv4 addresses three public datasets agreed on 90.0 %, and a majority existed for 99.1 %).
 */
import type { Located } from './country-rules.ts';
import type { RdapRecord } from './rdap-rules.ts';
import type { AddressClaim, Finding, HostingClaim, NetworkClaim } from './schema.ts';

export interface EdgeNetwork {
  readonly name: string;
  readonly abuseUrl: string | null;
}

export interface Edges {
  readonly byAsn: ReadonlyMap<number, EdgeNetwork>;
  /** By the name that a registry gives to the network, in capitals. */
  readonly byName: ReadonlyMap<string, EdgeNetwork>;
}

export interface DatasetFact {
  readonly method: Finding['method'];
  readonly dataset: string;
  readonly date: string | null;
  readonly located: Located;
}

export interface NetworkFacts {
  readonly asn: number | null;
  readonly facts: readonly DatasetFact[];
  readonly rdap: { readonly record: RdapRecord; readonly server: string; readonly retrievedAt: Date } | null;
}

export interface AddressFacts extends NetworkFacts {
  readonly ip: string;
}

/** Who says where machines are. The others say who holds the addresses, and count only where none of these knows anything. */
const PLACES: readonly Finding['method'][] = ['geofeed', 'geo_db', 'operator_statement', 'hotline_trace'];

export function claimAddress(facts: AddressFacts, edges: Edges): AddressClaim {
  const { asn, ...claim } = claimNetwork(facts, edges);
  return { ip: facts.ip, asn, ...claim };
}

export function claimAutnum(facts: NetworkFacts & { readonly asn: number }, edges: Edges): NetworkClaim {
  return { ...claimNetwork(facts, edges), asn: facts.asn };
}

function claimNetwork(facts: NetworkFacts, edges: Edges): Omit<AddressClaim, 'ip'> {
  const findings = listFindings(facts);
  const isEdge = findEdge(facts, edges) !== undefined || facts.facts.some(({ located }) => located.isAnycast);
  const { country, agree, of } = vote(findings);
  return {
    asn: listAsns(facts)[0] ?? null,
    network: facts.rdap?.record.name ?? facts.facts.find(({ located }) => located.network !== null)?.located.network ?? null,
    findings,
    agreement: { agree, of },
    country: isEdge ? null : country,
    isEdge,
  };
}

function listFindings({ facts, rdap }: NetworkFacts): Finding[] {
  const found = facts.flatMap(({ method, dataset, date, located: { country } }) => (country === null ? [] : [{ method, country, dataset, datasetDate: date }]));
  if (rdap === null || rdap.record.country === null) return found;
  const datasetDate = rdap.retrievedAt.toISOString().slice(0, 10);
  return [...found, { method: 'rdap_country', country: rdap.record.country, dataset: `RDAP ${rdap.server}`, datasetDate }];
}

/** @returns the country that more than half of those say that count; null when there is none */
export function vote(findings: readonly Finding[]): { readonly country: string | null; readonly agree: number; readonly of: number } {
  const places = findings.filter(({ method }) => PLACES.includes(method));
  const voters = places.length > 0 ? places : findings;
  const counts = new Map<string, number>();
  for (const { country } of voters) counts.set(country, (counts.get(country) ?? 0) + 1);
  const [first] = [...counts].toSorted(([a, ofA], [b, ofB]) => ofB - ofA || a.localeCompare(b));
  const agree = first?.[1] ?? 0;
  return { country: agree * 2 > voters.length ? (first?.[0] ?? null) : null, agree, of: voters.length };
}

/** Those of the datasets first; the registry's where they say nothing. */
export function listAsns({ asn, facts, rdap }: NetworkFacts): number[] {
  const known = facts.flatMap(({ located }) => located.asn ?? []);
  return [...new Set([...(asn === null ? [] : [asn]), ...known, ...(rdap?.record.asns ?? [])])];
}

export function findEdge(facts: NetworkFacts, { byAsn, byName }: Edges): EdgeNetwork | undefined {
  const ofAsn = listAsns(facts)
    .map((asn) => byAsn.get(asn))
    .find((edge) => edge !== undefined);
  return ofAsn ?? byName.get(facts.rdap?.record.name?.toUpperCase() ?? '');
}

export function hasKnownNetwork(facts: NetworkFacts): boolean {
  return listAsns(facts).length > 0 || facts.facts.some(({ located }) => located.isAnycast);
}

type Origin = Pick<HostingClaim, 'origin' | 'country'>;

/**
 * One edge among the addresses is enough for "origin unknown": what stands behind it may be anywhere. Addresses of which nothing is known contradict nobody;
 * those that are disputed, or of another country, do.
 */
export function concludeOrigin(claims: readonly Pick<AddressClaim, 'country' | 'isEdge' | 'agreement'>[]): Origin {
  if (claims.some(({ isEdge }) => isEdge)) return { origin: 'edge_origin_unknown', country: null };
  const known = claims.filter(({ agreement }) => agreement.of > 0);
  const countries = new Set(known.map(({ country }) => country));
  const [country = null] = countries;
  if (known.length === 0) return { origin: 'unknown', country: null };
  return countries.size > 1 || country === null ? { origin: 'disputed', country: null } : { origin: 'claimed', country };
}
