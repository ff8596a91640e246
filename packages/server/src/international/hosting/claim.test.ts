/** What follows from which findings. */
import { describe, expect, it } from 'vitest';
import { claimAddress, concludeOrigin, vote, type AddressFacts, type DatasetFact, type Edges } from './claim-rules.ts';
import type { RdapRecord } from './rdap-rules.ts';
import type { Contact, Finding } from './schema.ts';
import { guessContact, rankContacts, toContacts } from './scope-rules.ts';

const NOW = new Date('2026-11-25T12:00:00Z');
const EDGES: Edges = {
  byAsn: new Map([[64_511, { name: 'Edge', abuseUrl: 'https://abuse.example/' }]]),
  byName: new Map([['EXAMPLE-EDGE', { name: 'Edge', abuseUrl: null }]]),
};
const finding = (method: Finding['method'], country: string): Finding => ({ method, country, dataset: 'made', datasetDate: null });
const fact = (method: Finding['method'], country: string | null, more: Partial<DatasetFact['located']> = {}): DatasetFact => ({
  method,
  dataset: `${method}.csv`,
  date: '2026-11-01',
  located: { country, asn: null, network: null, isAnycast: false, ...more },
});
const record = (more: Partial<RdapRecord> = {}): RdapRecord => ({ name: null, handle: null, country: null, asns: [], registrar: null, contacts: [], ...more });
const facts = (all: readonly DatasetFact[], rdap?: Partial<RdapRecord>): AddressFacts => ({
  ip: '198.51.100.1',
  asn: null,
  facts: all,
  rdap: rdap === undefined ? null : { record: record(rdap), server: 'https://rdap.example/', retrievedAt: NOW },
});

describe('a vote', () => {
  it.each([
    [[], null, 0, 0],
    [[finding('geo_db', 'GB')], 'GB', 1, 1],
    [[finding('geo_db', 'GB'), finding('geo_db', 'NL')], null, 1, 2],
    [[finding('geo_db', 'GB'), finding('geo_db', 'NL'), finding('geofeed', 'GB')], 'GB', 2, 3],
    [[finding('geo_db', 'GB'), finding('geo_db', 'NL'), finding('geo_db', 'BG')], null, 1, 3],
    [[finding('geo_db', 'GB'), finding('geo_db', 'GB'), finding('geo_db', 'NL'), finding('geo_db', 'NL')], null, 2, 4],
    // Who holds the addresses does not outvote who says where they are, and breaks no tie.
    [[finding('geo_db', 'GB'), finding('rir_allocation', 'NL'), finding('rdap_country', 'NL')], 'GB', 1, 1],
    [[finding('geo_db', 'GB'), finding('geo_db', 'NL'), finding('rdap_country', 'NL')], null, 1, 2],
    [[finding('rir_allocation', 'NL'), finding('rdap_country', 'NL')], 'NL', 2, 2],
    [[finding('rir_allocation', 'NL'), finding('rdap_country', 'GB')], null, 1, 2],
    [[finding('hotline_trace', 'BG'), finding('rdap_country', 'GB')], 'BG', 1, 1],
  ])('%#', (findings, country, agree, of) => expect(vote(findings)).toEqual({ country, agree, of }));
});

describe('a claim about an address', () => {
  it('shows every finding with its dataset and day', () => {
    const claim = claimAddress(facts([fact('geo_db', 'GB', { asn: 64_496 }), fact('rir_allocation', 'NL')], { name: 'EXAMPLE-NET', country: 'NL' }), EDGES);
    expect(claim).toEqual({
      ip: '198.51.100.1',
      asn: 64_496,
      network: 'EXAMPLE-NET',
      findings: [
        { method: 'geo_db', country: 'GB', dataset: 'geo_db.csv', datasetDate: '2026-11-01' },
        { method: 'rir_allocation', country: 'NL', dataset: 'rir_allocation.csv', datasetDate: '2026-11-01' },
        { method: 'rdap_country', country: 'NL', dataset: 'RDAP https://rdap.example/', datasetDate: '2026-11-25' },
      ],
      agreement: { agree: 1, of: 1 },
      country: 'GB',
      isEdge: false,
    });
  });

  it.each([
    ['the number of a dataset', facts([fact('geo_db', 'US', { asn: 64_511 })])],
    ['the number of the second dataset', facts([fact('geo_db', 'US', { asn: 64_496 }), fact('geo_db', 'US', { asn: 64_511 })])],
    ['the number of the registry', facts([fact('geo_db', 'US')], { asns: [64_511] })],
    ['the name in the registry', facts([fact('geo_db', 'US')], { name: 'Example-Edge' })],
    ['anycast', facts([fact('geo_db', 'US', { isAnycast: true })])],
  ])('is an edge by %s, and then of no country', (_how, given) => {
    expect(claimAddress(given, EDGES)).toMatchObject({ isEdge: true, country: null, agreement: { agree: expect.any(Number) } });
  });

  it('of which nothing is known has no country', () => {
    expect(claimAddress(facts([]), EDGES)).toMatchObject({ findings: [], agreement: { agree: 0, of: 0 }, country: null, isEdge: false, asn: null });
  });
});

describe('the origin', () => {
  const known = (country: string | null): Parameters<typeof concludeOrigin>[0][number] => ({ country, isEdge: false, agreement: { agree: 1, of: 2 } });
  const unknown = { country: null, isEdge: false, agreement: { agree: 0, of: 0 } };
  const edge = { country: null, isEdge: true, agreement: { agree: 1, of: 1 } };
  it.each([
    [[], { origin: 'unknown', country: null }],
    [[unknown], { origin: 'unknown', country: null }],
    [[known('GB')], { origin: 'claimed', country: 'GB' }],
    [[known('GB'), known('GB'), unknown], { origin: 'claimed', country: 'GB' }],
    [[known('GB'), known('NL')], { origin: 'disputed', country: null }],
    [[known(null)], { origin: 'disputed', country: null }],
    [[known('GB'), known(null)], { origin: 'disputed', country: null }],
    [[known('GB'), edge], { origin: 'edge_origin_unknown', country: null }],
    [[edge, known('GB'), known('NL')], { origin: 'edge_origin_unknown', country: null }],
  ])('%#', (claims, expected) => expect(concludeOrigin(claims)).toEqual(expected));
});

describe('contacts', () => {
  const contact = (scope: Contact['scope'], email: string): Contact => ({
    scope,
    name: scope,
    email,
    url: null,
    source: 'RDAP x',
    retrievedAt: NOW.toISOString(),
    problem: null,
  });
  it('stand in the order delivery network, network, registrar, guess, each once', () => {
    const ranked = rankContacts([
      guessContact('example.org', NOW),
      contact('registrar', 'r@r.example'),
      contact('network', 'n@n.example'),
      contact('cdn', 'c@c.example'),
      contact('network', 'n@n.example'),
    ]);
    expect(ranked.map(({ email }) => email)).toEqual(['c@c.example', 'n@n.example', 'r@r.example', 'abuse@example.org']);
    expect(ranked.at(-1)?.problem).toContain('A guess');
  });

  it('say which registry they come from', () => {
    const source = {
      record: record({ contacts: [{ name: 'Abuse desk', email: 'a@n.example', url: null, problem: null }] }),
      server: 'https://rdap.example/',
      retrievedAt: NOW,
    };
    expect(toContacts('network', source)).toEqual([
      {
        scope: 'network',
        name: 'Abuse desk',
        email: 'a@n.example',
        url: null,
        source: 'RDAP https://rdap.example/',
        retrievedAt: NOW.toISOString(),
        problem: null,
      },
    ]);
  });
});
