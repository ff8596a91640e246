/** Notices for tests: reserved names and addresses only, hashes of nothing. */
import type { HostingClaim } from '../../src/international/hosting/schema.ts';
import { makeMessageId, makeToken } from '../../src/international/notices/formats/names.ts';
import type { NoticeContent, NoticeItem } from '../../src/international/notices/formats/schema.ts';

export const CLAIM: HostingClaim = {
  kind: 'url',
  host: 'host.example.org',
  origin: 'claimed',
  country: 'NL',
  addresses: [
    {
      ip: '192.0.2.10',
      asn: 64_496,
      network: 'EXAMPLE-NET',
      findings: [{ method: 'geo_db', country: 'NL', dataset: 'server-country.mmdb', datasetDate: '2026-11-01' }],
      agreement: { agree: 2, of: 3 },
      country: 'NL',
      isEdge: false,
    },
  ],
  registrar: 'Example Registrar',
  contacts: [],
  problems: [],
  madeAt: '2026-11-25T09:00:00.000Z',
};

export function makeItem(change: Partial<NoticeItem['input']> = {}, claim: HostingClaim | null = CLAIM): NoticeItem {
  return {
    reportId: 'rep_1',
    reportedAt: new Date('2026-11-25T08:30:00.000Z'),
    claim,
    input: {
      url: 'https://host.example.org/a/b?c=1',
      classification: 'baseline',
      basis: 'Assessed by an analyst of the example hotline under the example act',
      detection: 'hash_match',
      mediaType: 'image',
      sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      reference: 'R-1',
      ...change,
    },
  };
}

export function makeContent(change: Partial<NoticeContent> = {}): NoticeContent {
  return {
    noticeId: 'ntc_1',
    token: makeToken(),
    messageId: makeMessageId('hotline.example.org'),
    earlier: [],
    firstSentAt: null,
    items: [makeItem()],
    recipient: {
      scope: 'host',
      name: 'Example Hosting',
      email: 'abuse@host.example.net',
      url: null,
      source: 'RDAP https://rdap.example.net',
      retrievedAt: '2026-11-25T09:00:00.000Z',
      problem: null,
    },
    scope: 'host',
    country: 'NL',
    sequence: 1,
    legalBasis: 'Directive 2011/93/EU, article 25',
    authority: { body: 'Example Hotline', law: 'Example Act, section 1', countries: ['NL'], contactEmail: 'notices@hotline.example.org' },
    madeAt: new Date('2026-11-25T10:00:00.000Z'),
    ...change,
  };
}
