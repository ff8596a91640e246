import { readFileSync } from 'node:fs';
import { createHash, createSign, generateKeyPairSync } from 'node:crypto';
import { DOMParser } from '@xmldom/xmldom';
import { encodeCbor, EU_AGE, MDL, type CborValue } from '@gatehouse/credential';
import { createCertificate, createKeyPair, createTestAuthority, signJws, type Issued } from '@gatehouse/credential/simulator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SignedXml } from 'xml-crypto';
import { createFakeClock } from '../../../test/support/clock.ts';
import { createTestContext, type TestContext } from '../../../test/support/context.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { readTrustList } from './formats.ts';
import { migrations } from './migrations.ts';
import { ImportSchema, TrustListFault, type TrustImport } from './schema.ts';
import { createTrustService, type TrustService } from './service.ts';

const NOW = new Date('2026-11-25T12:00:00.000Z');
const FIXTURES = new URL('../../../../../fixtures/credential/', import.meta.url);
const read = (path: string): Buffer => readFileSync(new URL(path, FIXTURES));
const toPem = (certificate: Uint8Array): string => `-----BEGIN CERTIFICATE-----\n${Buffer.from(certificate).toString('base64')}\n-----END CERTIFICATE-----\n`;
const faultOf = (work: () => unknown): string => {
  try {
    work();
    return 'taken';
  } catch (error) {
    return error instanceof TrustListFault ? error.message : `another error: ${String(error)}`;
  }
};

describe('VICAL of the AAMVA', () => {
  const file = read('vical/aamva-vical-2025-11-18-1763491092481.cbor');
  const now = new Date('2025-11-19T00:00:00Z');
  const signer = read('vical/aamva_ca_root.crt').toString('utf8');

  it('is taken with its authority, and says what each issuer stands for', () => {
    const { list, format } = readTrustList(file, { format: 'auto', signer, now });
    expect(format).toBe('vical');
    expect(list).toMatchObject({ sequence: 227_602, issuedAt: new Date('2025-11-18T18:38:12Z'), nextUpdate: new Date('2025-11-19T18:38:12Z'), refused: [] });
    expect(list.anchors).toHaveLength(14);
    for (const { documentTypes, country } of list.anchors) expect([documentTypes, country]).toEqual([[MDL], 'US']);
  });

  it('is refused with another signer, and with any byte changed', () => {
    const other = toPem(createTestAuthority({ now }).root.certificate);
    expect(faultOf(() => readTrustList(file, { format: 'auto', signer: other, now }))).toMatch(/No trusted issuer/);
    expect(faultOf(() => readTrustList(file, { format: 'auto', signer: undefined, now }))).toMatch(/needs the certificate of its signer/);
    for (let at = 0; at < file.length; at += 97) {
      const changed = Buffer.from(file);
      changed[at] = (changed[at] ?? 0) ^ 0x04;
      expect(faultOf(() => readTrustList(changed, { format: 'vical', signer, now }))).toMatch(/Nothing was changed/);
    }
  });
});

/** A trusted list with one service, signed as XAdES baseline B is: by hand, with the canonical form of xml-crypto. */
function signEtsiList(options: { readonly signer: Issued; readonly root: Uint8Array; readonly status?: string }): string {
  const canonical = (xml: string, prefix?: string): string => {
    const { documentElement } = new DOMParser().parseFromString(xml, 'text/xml');
    const Algorithm = new SignedXml().CanonicalizationAlgorithms['http://www.w3.org/2001/10/xml-exc-c14n#'];
    if (Algorithm === undefined) throw new Error('xml-crypto has it');
    const algorithm = new Algorithm();
    return String(algorithm.process(documentElement, { ancestorNamespaces: prefix === undefined ? [] : [{ prefix, namespaceURI: 'x' }] }));
  };
  const digest = (text: Uint8Array | string): string => createHash('sha256').update(text).digest('base64');
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  const list = (signature: string): string =>
    `<TrustServiceStatusList xmlns="http://uri.etsi.org/02231/v2#"><SchemeInformation><TSLSequenceNumber>3</TSLSequenceNumber><ListIssueDateTime>2026-11-01T00:00:00Z</ListIssueDateTime><NextUpdate><dateTime>2027-05-01T00:00:00Z</dateTime></NextUpdate></SchemeInformation><TrustServiceProviderList><TrustServiceProvider><TSPServices><TSPService><ServiceInformation><ServiceName><Name xml:lang="en">Age</Name></ServiceName><ServiceDigitalIdentity><DigitalId><X509Certificate>${base64(options.root)}</X509Certificate></DigitalId></ServiceDigitalIdentity><ServiceStatus>http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/${options.status ?? 'granted'}</ServiceStatus><StatusStartingTime>2026-01-01T00:00:00Z</StatusStartingTime></ServiceInformation></TSPService></TSPServices></TrustServiceProvider></TrustServiceProviderList>${signature}</TrustServiceStatusList>`;
  const properties = `<xades:SignedProperties xmlns:xades="http://uri.etsi.org/01903/v1.3.2#" Id="props"><xades:SignedSignatureProperties><xades:SigningTime>2026-11-01T00:00:00Z</xades:SigningTime><xades:SigningCertificateV2><xades:Cert><xades:CertDigest><ds:DigestMethod xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod><ds:DigestValue xmlns:ds="http://www.w3.org/2000/09/xmldsig#">${digest(options.signer.certificate)}</ds:DigestValue></xades:CertDigest></xades:Cert></xades:SigningCertificateV2></xades:SignedSignatureProperties></xades:SignedProperties>`;
  const c14n = 'http://www.w3.org/2001/10/xml-exc-c14n#';
  const reference = (uri: string, first: string, value: string): string =>
    `<ds:Reference URI="${uri}"><ds:Transforms>${first}<ds:Transform Algorithm="${c14n}"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod><ds:DigestValue>${value}</ds:DigestValue></ds:Reference>`;
  const filter =
    '<ds:Transform Algorithm="http://www.w3.org/2002/06/xmldsig-filter2"><f:XPath xmlns:f="http://www.w3.org/2002/06/xmldsig-filter2" Filter="subtract">/descendant::ds:Signature</f:XPath></ds:Transform>';
  const info = `<ds:SignedInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:CanonicalizationMethod Algorithm="${c14n}"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></ds:SignatureMethod>${reference('', filter, digest(canonical(list(''))))}${reference('#props', '', digest(canonical(properties)))}</ds:SignedInfo>`;
  const signature = createSign('sha256').update(canonical(info)).sign(options.signer.key.privateKey);
  return list(
    `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">${info}<ds:SignatureValue>${base64(signature)}</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${base64(options.signer.certificate)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo><ds:Object><xades:QualifyingProperties xmlns:xades="http://uri.etsi.org/01903/v1.3.2#">${properties}</xades:QualifyingProperties></ds:Object></ds:Signature>`,
  );
}

describe('ETSI TS 119 612', () => {
  const key = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const parent = createTestAuthority({ now: NOW });
  const signer = createCertificate({ subject: 'list signer', key, validFrom: new Date('2026-01-01'), validTo: new Date('2028-01-01') }, parent.root);
  const authority = createTestAuthority({ now: NOW, name: 'Age' });
  const text = signEtsiList({ signer, root: authority.root.certificate });
  const parse = (xml: string, pem = toPem(signer.certificate)): string =>
    faultOf(() => readTrustList(Buffer.from(xml), { format: 'ts119612', signer: pem, now: NOW }));

  it('is taken with its signer, or the authority above it', () => {
    for (const pem of [toPem(signer.certificate), toPem(parent.root.certificate)]) {
      const { list, format } = readTrustList(Buffer.from(text), { format: 'auto', signer: pem, now: NOW });
      expect(format).toBe('ts119612');
      expect(list).toMatchObject({ sequence: 3, issuedAt: new Date('2026-11-01T00:00:00Z'), nextUpdate: new Date('2027-05-01T00:00:00Z'), refused: [] });
      expect(list.anchors).toMatchObject([{ documentTypes: [EU_AGE], country: 'UT', validFrom: new Date('2026-01-01T00:00:00Z') }]);
    }
    const withdrawn = readTrustList(Buffer.from(signEtsiList({ signer, root: authority.root.certificate, status: 'withdrawn' })), {
      format: 'auto',
      signer: toPem(signer.certificate),
      now: NOW,
    });
    expect(withdrawn.list).toMatchObject({ anchors: [], refused: [{ what: 'Age' }] });
  });

  it('is refused with another signer and with any byte changed', () => {
    expect(parse(text, toPem(authority.root.certificate))).toMatch(/not signed by the signer/);
    for (let at = 60; at < text.length; at += 37) {
      const changed = `${text.slice(0, at)}${text[at] === 'x' ? 'y' : 'x'}${text.slice(at + 1)}`;
      // The wrapper around the signed properties is not signed, and nothing is read from it.
      const isWrapper = at > text.indexOf('<xades:QualifyingProperties') && at < text.indexOf('<xades:SignedProperties');
      // The last digit before the padding of base64 has bits that stand for nothing: another digit can be the same bytes.
      const isPadded = text[at + 1] === '=';
      if (!isWrapper && !isPadded)
        expect([text.slice(at - 30, at + 30), parse(changed)]).toEqual([text.slice(at - 30, at + 30), expect.stringContaining('Nothing was changed')]);
    }
  });

  it("refuses the EU's sample: its content is not what was signed (xmlsec1 says the same)", () => {
    const sample = read('eu-av/av-etsi-trusted-list.xml').toString('utf8');
    const certificate = (/<ds:X509Certificate>([^<]*)</.exec(sample)?.[1] ?? '').replaceAll(/\s/g, '');
    expect(
      faultOf(() => readTrustList(Buffer.from(sample), { format: 'auto', signer: toPem(Buffer.from(certificate, 'base64')), now: new Date('2025-12-01') })),
    ).toMatch(/Its signature is wrong/);
  });

  it.each([
    ['a DTD', (xml: string) => `<!DOCTYPE x>${xml}`],
    ['an entity bomb', (xml: string) => `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>${xml}`],
    [
      'a second signature',
      (xml: string) => xml.replace('</TrustServiceStatusList>', '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/></TrustServiceStatusList>'),
    ],
    ['the signed list wrapped in another', (xml: string) => `<TrustServiceStatusList xmlns="http://uri.etsi.org/02231/v2#">${xml}</TrustServiceStatusList>`],
    ['an end tag of another name', (xml: string) => xml.replace('</xades:Cert>', '</xades:Cxrt>')],
    ['an end tag too many', (xml: string) => xml.replace('</TSPServices>', '</TSPServices></x>')],
    ['no signature', (xml: string) => xml.replace(/<ds:Signature[\s\S]*<\/ds:Signature>/, '')],
    ['a MAC in place of the signature', (xml: string) => xml.replace('xmldsig-more#rsa-sha256', 'xmldsig-more#hmac-sha256')],
    ['only the properties signed', (xml: string) => xml.replace('URI=""', 'URI="#nothing"')],
    ['another transformation', (xml: string) => xml.replace('http://www.w3.org/2002/06/xmldsig-filter2', 'http://www.w3.org/TR/1999/REC-xslt-19991116')],
    ['a filter that takes more away', (xml: string) => xml.replace('/descendant::', '/descendant-or-self::')],
    ['an id that is there twice', (xml: string) => xml.replace('<SchemeInformation>', '<SchemeInformation Id="props">')],
    ['a service that was added', (xml: string) => xml.replace('</TSPServices>', '<TSPService/></TSPServices>')],
  ])('refuses %s', (_name, change) => {
    const changed = change(text);
    expect(changed).not.toBe(text);
    expect(parse(changed)).toMatch(/Nothing was changed/);
  });

  it('reads no value that a comment splits', () => {
    // Comments are not signed: what is read is the canonical form, which has none.
    const changed = text.replace('<TSLSequenceNumber>3<', '<TSLSequenceNumber><!-- 9 -->3<');
    expect(readTrustList(Buffer.from(changed), { format: 'auto', signer: toPem(signer.certificate), now: NOW }).list.sequence).toBe(3);
  });
});

describe('LoTE', () => {
  const authority = createTestAuthority({ now: NOW });
  const content = {
    LoTE: {
      ListAndSchemeInformation: { LoTESequenceNumber: 7, ListIssueDateTime: '2026-11-01T00:00:00Z', NextUpdate: '2027-05-01T00:00:00Z', SchemeTerritory: 'EU' },
      TrustedEntitiesList: [
        {
          TrustedEntityServices: [
            { ServiceInformation: { ServiceDigitalIdentity: { X509Certificates: [{ val: Buffer.from(authority.root.certificate).toString('base64') }] } } },
            { ServiceInformation: { ServiceStatus: 'http://example/withdrawn', ServiceDigitalIdentity: { X509Certificates: [] } } },
          ],
        },
      ],
    },
  };
  const signerKey = createKeyPair();
  const signer = createCertificate({ subject: 'list', key: signerKey, validFrom: new Date('2026-01-01'), validTo: new Date('2028-01-01') });
  const sign = (header: Record<string, unknown> = {}): string =>
    signJws({ alg: 'ES256', x5c: [Buffer.from(signer.certificate).toString('base64')], ...header }, content, signerKey.privateKey);
  const parse = (jws: string, pem = toPem(signer.certificate)): ReturnType<typeof readTrustList> =>
    readTrustList(Buffer.from(jws), { format: 'auto', signer: pem, now: NOW });

  it('is taken with its signer', () => {
    const { list, format } = parse(sign());
    expect(format).toBe('lote');
    expect(list).toMatchObject({ sequence: 7, refused: [{ what: 'a service' }] });
    expect(list.anchors).toMatchObject([{ documentTypes: [EU_AGE] }]);
  });

  it('is refused otherwise', () => {
    expect(faultOf(() => parse(sign(), toPem(authority.root.certificate)))).toMatch(/not signed by the signer/);
    expect(faultOf(() => parse(sign({ alg: 'none' })))).toMatch(/not accepted/);
    expect(faultOf(() => parse(sign({ alg: 'HS256' })))).toMatch(/not accepted/);
    expect(faultOf(() => parse(sign({ crit: ['x'] })))).toMatch(/Nothing was changed/);
    const jws = sign();
    const [header, payload, signature] = jws.split('.');
    expect(faultOf(() => parse(`${header}.${Buffer.from(JSON.stringify({ LoTE: {} })).toString('base64url')}.${signature}`))).toMatch(/signature/);
    expect(faultOf(() => parse(`${header}.${payload}`))).toMatch(/Nothing was changed|no kind/);
  });
});

describe('PEM', () => {
  it('refuses private keys, and files without certificates', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    expect(faultOf(() => readTrustList(Buffer.from(pem), { format: 'pem', signer: undefined, now: NOW }))).toMatch(/private key/);
    expect(faultOf(() => readTrustList(Buffer.from('nothing'), { format: 'pem', signer: undefined, now: NOW }))).toMatch(/no certificate/);
    expect(faultOf(() => readTrustList(Buffer.from('nothing'), { format: 'auto', signer: undefined, now: NOW }))).toMatch(/no kind of trust list/);
  });
});

describe('the trust service', () => {
  const clock = createFakeClock(NOW);
  let testDatabase: TestDatabase;
  let test: TestContext;
  let trust: TrustService;
  beforeAll(async () => {
    testDatabase = await createTestDatabase([{ domain: 'age', migrations }]);
    test = await createTestContext({ database: testDatabase.database, clock });
    trust = createTrustService(test.context);
  });
  afterAll(async () => {
    await test.dispose();
    await testDatabase.drop();
  });

  const authority = createTestAuthority({ now: NOW });
  const other = createTestAuthority({ now: NOW, name: 'Other' });
  const wanted = (certificates: readonly Issued[], change: Partial<TrustImport> = {}): TrustImport =>
    ImportSchema.parse({ name: 'own', content: Buffer.from(certificates.map(({ certificate }) => toPem(certificate)).join('')).toString('base64'), ...change });

  it('imports, replaces, tells what changed, and a dry run changes nothing', async () => {
    const before = await trust.generation();
    expect(await trust.importList(wanted([authority.root], { dryRun: true }), 'tester')).toMatchObject({ isDryRun: true, added: [authority.anchor.id] });
    expect([await trust.listAnchors(), await trust.generation()]).toEqual([[], before]);
    expect(await trust.importList(wanted([authority.root], { assurance: 'high', documentTypes: [EU_AGE] }), 'tester')).toMatchObject({
      added: [authority.anchor.id],
      unchanged: 0,
      gone: [],
    });
    expect(await trust.importList(wanted([authority.root, other.root]), 'tester')).toMatchObject({ added: [other.anchor.id], unchanged: 1, gone: [] });
    // What was checked before stays good while no issuer leaves.
    expect(await trust.generation()).toBe(before);
    expect(await trust.importList(wanted([other.root]), 'tester')).toMatchObject({ added: [], gone: [authority.anchor.id] });
    expect(await trust.generation()).toBe(before + 1);
    expect(await trust.importList(wanted([authority.root, other.root], { assurance: 'high' }), 'tester')).toMatchObject({ added: [authority.anchor.id] });
    expect(await trust.generation()).toBeGreaterThan(before);
    expect(await trust.isHighAssurance(authority.anchor.id)).toBe(true);
  });

  it('a muted issuer is not believed from the next look on, stays muted when its list comes again, and can come back', async () => {
    const chain = [authority.signer.certificate];
    const question = { now: NOW, purpose: 'mdoc' } as const;
    expect((await trust.current()).trust.verifyChain(chain, question).anchor.id).toBe(authority.anchor.id);
    const before = await trust.generation();
    await trust.mute(authority.anchor.id, 'broken app', 'tester');
    expect(await trust.generation()).toBeGreaterThan(before);
    const muted = (await trust.current()).trust;
    expect(() => muted.verifyChain(chain, question)).toThrow(expect.objectContaining({ code: 'chain_untrusted' }));
    await trust.importList(wanted([authority.root, other.root]), 'tester');
    const again = (await trust.current()).trust;
    expect(() => again.verifyChain(chain, question)).toThrow(expect.objectContaining({ code: 'chain_untrusted' }));
    expect(await trust.listAnchors()).toContainEqual(expect.objectContaining({ id: authority.anchor.id, muteReason: 'broken app' }));
    await trust.unmute(authority.anchor.id, 'tester');
    expect((await trust.current()).trust.verifyChain(chain, question).anchor.id).toBe(authority.anchor.id);
    await expect(trust.mute('0'.repeat(64), 'x', 'tester')).rejects.toMatchObject({ code: 'not_found' });
    await expect(trust.unmute(authority.anchor.id, 'tester')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('a second node sees it as soon', async () => {
    const node = createTrustService(test.context);
    const id = other.anchor.id;
    expect((await node.current()).trust.anchors.some((anchor) => anchor.id === id)).toBe(true);
    await trust.mute(id, 'x', 'tester');
    expect((await node.current()).trust.anchors.some((anchor) => anchor.id === id)).toBe(false);
    await trust.unmute(id, 'tester');
  });

  it('says which issuer stands behind a certificate, or what fails', async () => {
    expect(await trust.test(toPem(authority.signer.certificate), undefined)).toEqual({ isTrusted: true, anchor: authority.anchor.id, reason: null });
    expect(await trust.test(toPem(createTestAuthority({ now: NOW }).signer.certificate), undefined)).toMatchObject({
      isTrusted: false,
      reason: expect.stringContaining('chain_untrusted') as unknown,
    });
    await expect(trust.test('nothing', undefined)).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('refuses an older edition, unless it is meant', async () => {
    const list = (sequence: number): TrustImport => {
      const infos = [
        new Map<string, CborValue>([
          ['certificate', authority.root.certificate],
          ['docType', [MDL]],
          ['issuingCountry', 'UT'],
        ]),
      ];
      const payload = encodeCbor(
        new Map<string, CborValue>([
          ['version', '1.0'],
          ['vicalIssueID', sequence],
          ['certificateInfos', infos],
        ]),
      );
      const protectedBytes = encodeCbor(new Map([[1, -7]]));
      const data = encodeCbor(['Signature1', protectedBytes, new Uint8Array(0), payload]);
      const signature = createSign('sha256').update(data).sign({ key: other.signer.key.privateKey, dsaEncoding: 'ieee-p1363' });
      const file = encodeCbor([protectedBytes, new Map([[33, other.signer.certificate]]), payload, signature]);
      return ImportSchema.parse({ name: 'vical', content: Buffer.from(file).toString('base64'), signer: toPem(other.root.certificate) });
    };
    await trust.importList(list(5), 'tester');
    await expect(trust.importList(list(4), 'tester')).rejects.toMatchObject({ code: 'conflict' });
    expect(await trust.importList({ ...list(4), force: true }, 'tester')).toMatchObject({ unchanged: 1 });
    await trust.removeList('vical', 'tester');
    await expect(trust.removeList('vical', 'tester')).rejects.toMatchObject({ code: 'not_found' });
  });
});
