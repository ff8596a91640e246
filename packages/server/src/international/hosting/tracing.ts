/** Gathers what is known about a target. Everything that could not be asked becomes a sentence among the problems; nothing is passed over in silence. */
import { isPublicAddress } from '../../platform/outbound.ts';
import { formatAddress, type Address } from './address-rules.ts';
import type { Bootstrap } from './bootstrap-rules.ts';
import {
  claimAddress,
  claimAutnum,
  concludeOrigin,
  findEdge,
  hasKnownNetwork,
  listAsns,
  type AddressFacts,
  type DatasetFact,
  type Edges,
  type NetworkFacts,
} from './claim-rules.ts';
import type { Located } from './country-rules.ts';
import type { Dataset } from './dataset-file.ts';
import type { Names } from './names.ts';
import type { Rdap } from './rdap.ts';
import type { RdapQuery } from './rdap-rules.ts';
import type { Contact, HostingClaim, Scope } from './schema.ts';
import { guessContact, rankContacts, toContacts, toEdgeContacts, type ContactSource } from './scope-rules.ts';
import { listRegistrable, refuse, type Asked } from './target-rules.ts';

export interface TracingParts {
  readonly names: Names;
  readonly rdap: Rdap;
  readonly edges: Edges;
  readonly datasets: readonly Dataset[];
  readonly now: () => Date;
  /** Tests hold the reserved addresses for public ones. */
  readonly isPublic?: ((address: string) => boolean) | undefined;
}

export type Traced = Omit<HostingClaim, 'kind' | 'madeAt'>;

/** Registries are asked about so many addresses of a name; most names have one or two. */
const ASKED_MAX = 4;
const NOBODY = { registrar: null, contacts: [] };

interface Trace extends TracingParts {
  readonly bootstraps: readonly Bootstrap[];
  readonly signal: AbortSignal;
  readonly problems: string[];
}

/** @throws {GatehouseError} `hosting_target_invalid` for an address that is not public */
export async function traceTarget(asked: Asked, parts: TracingParts, signal: AbortSignal): Promise<Traced> {
  const bootstraps = parts.datasets.flatMap(({ bootstrap }) => bootstrap ?? []);
  const trace: Trace = { ...parts, bootstraps, signal, problems: [] };
  if (parts.datasets.every(({ kind }) => kind === 'bootstrap')) trace.problems.push('There is no dataset of addresses (`gatehouse geo show`).');
  switch (asked.kind) {
    case 'onion':
      return { ...NOBODY, host: asked.name, origin: 'onion', country: null, addresses: [], problems: ['An onion service has no address, and so no country.'] };
    case 'asn':
      return traceAsn(asked.asn, trace);
    case 'address':
      return traceAddresses(asked.text, [asked.address], trace);
    case 'name':
      return traceName(asked.name, trace);
  }
}

async function traceName(name: string, trace: Trace): Promise<Traced> {
  const [resolved, domain] = await Promise.all([trace.names.resolve(name, trace.signal), askDomain(name, trace)]);
  trace.problems.push(...resolved.problems);
  const isPublic = trace.isPublic ?? isPublicAddress;
  const addresses = resolved.addresses.filter((address) => isPublic(formatAddress(address)));
  const left = resolved.addresses.length - addresses.length;
  if (left > 0) trace.problems.push(`The name leads to ${left === 1 ? 'an address that is' : `${left} addresses that are`} not public, left out here.`);
  const traced = addresses.length === 0 ? conclude(name, { claims: [], contacts: [] }, trace) : await traceAddresses(name, addresses, trace);
  return { ...traced, aliases: [...resolved.aliases], registrar: domain.registrar, contacts: rankContacts([...traced.contacts, ...domain.contacts]) };
}

async function traceAddresses(host: string, addresses: readonly Address[], trace: Trace): Promise<Traced> {
  const isPublic = trace.isPublic ?? isPublicAddress;
  if (!addresses.every((address) => isPublic(formatAddress(address)))) throw refuse('That address is not one of the public Internet.');
  if (addresses.length > ASKED_MAX) trace.problems.push(`Registries were asked about ${ASKED_MAX} of the ${addresses.length} addresses.`);
  const gathered = await Promise.all(addresses.map((address, index) => gather(address, index < ASKED_MAX, trace)));
  const claims = gathered.map((facts) => claimAddress(facts, trace.edges));
  const contacts = (await Promise.all(gathered.map((facts) => listContacts(facts, trace)))).flat();
  if (gathered.some((facts) => !hasKnownNetwork(facts)))
    trace.problems.push('The number of the network is not known: whether this is a delivery network could not be told for every address.');
  return conclude(host, { claims, contacts }, trace);
}

function conclude(
  host: string,
  { claims, contacts }: { readonly claims: readonly ReturnType<typeof claimAddress>[]; readonly contacts: readonly Contact[] },
  { problems }: Trace,
): Traced {
  return { host, ...concludeOrigin(claims), addresses: [...claims], registrar: null, contacts: rankContacts(contacts), problems: [...new Set(problems)] };
}

async function gather(address: Address, isAsked: boolean, trace: Trace): Promise<AddressFacts> {
  const rdap = isAsked ? await ask({ kind: 'ip', address }, trace) : undefined;
  return { ip: formatAddress(address), asn: null, facts: lookUp(trace, ({ locate }) => locate(address)), rdap: rdap ?? null };
}

function lookUp({ datasets }: Trace, locate: (dataset: Dataset) => Located | undefined): DatasetFact[] {
  return datasets.flatMap((dataset) => {
    const located = locate(dataset);
    return located === undefined ? [] : [{ method: dataset.method, dataset: dataset.name, date: dataset.date, located }];
  });
}

/** The network that holds the address; where its registry names nobody, the one that announces it. */
async function listContacts(facts: NetworkFacts, trace: Trace): Promise<Contact[]> {
  const edge = findEdge(facts, trace.edges);
  const scope: Scope = edge === undefined ? 'network' : 'cdn';
  const own = facts.rdap === null ? [] : toContacts(scope, facts.rdap);
  const forms = edge === undefined ? [] : toEdgeContacts(edge, trace.now());
  const [asn] = listAsns(facts);
  if (own.some(({ problem }) => problem === null) || asn === undefined) return [...forms, ...own];
  const announcing = await ask({ kind: 'autnum', asn }, trace);
  return [...forms, ...own, ...(announcing === undefined ? [] : toContacts(scope, announcing))];
}

async function traceAsn(asn: number, trace: Trace): Promise<Traced> {
  const rdap = (await ask({ kind: 'autnum', asn }, trace)) ?? null;
  const facts = { asn, facts: lookUp(trace, ({ locateAsn }) => locateAsn(asn)), rdap };
  const autnum = claimAutnum(facts, trace.edges);
  const edge = findEdge(facts, trace.edges);
  const contacts = [
    ...(edge === undefined ? [] : toEdgeContacts(edge, trace.now())),
    ...(rdap === null ? [] : toContacts(edge === undefined ? 'network' : 'cdn', rdap)),
  ];
  const remark = 'A network may have machines in many countries: this is the country in which it is registered.';
  const problems = [...new Set([...trace.problems, remark])];
  return { ...NOBODY, host: null, ...concludeOrigin([autnum]), addresses: [], autnum, contacts: rankContacts(contacts), problems };
}

/** The first part of the name that has a registrar; a registry may know `co.uk` as well, and then names none. */
async function askDomain(name: string, trace: Trace): Promise<Pick<HostingClaim, 'registrar' | 'contacts'>> {
  for (const part of listRegistrable(name)) {
    const answer = await trace.rdap.ask({ kind: 'domain', name: part }, trace.bootstraps, trace.signal);
    if (answer.kind === 'failed') {
      trace.problems.push(`The registrar is not known. ${answer.reason}`);
      return NOBODY;
    }
    if (answer.kind === 'found' && answer.record.registrar !== null)
      return { registrar: answer.record.registrar, contacts: [...toContacts('registrar', answer), guessContact(part, trace.now())] };
  }
  trace.problems.push('The registry of the name names no registrar.');
  return NOBODY;
}

async function ask(query: RdapQuery, trace: Trace): Promise<ContactSource | undefined> {
  const answer = await trace.rdap.ask(query, trace.bootstraps, trace.signal);
  if (answer.kind === 'found') return answer;
  trace.problems.push(answer.kind === 'absent' ? `${answer.server} does not know the network.` : `The network's registry was not asked. ${answer.reason}`);
  return undefined;
}
