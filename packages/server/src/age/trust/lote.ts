/** List of trusted entities (ETSI TS 119 602), JSON inside a compact JWS, as the EUDI trust lists come. */
import { verify, type KeyObject } from 'node:crypto';
import { anchorId, createTrustStore, CredentialError, EU_AGE } from '@gatehouse/credential';
import { z } from 'zod';
import { collect, readPemCertificates, toAnchor, type Found } from './pem.ts';
import { TrustListFault, type FoundList } from './schema.ts';

const HeaderSchema = z.object({
  alg: z.enum(['ES256', 'ES384', 'ES512', 'EdDSA', 'RS256', 'RS384', 'RS512', 'PS256']),
  x5c: z.array(z.base64()).min(1).max(4),
  crit: z.undefined().optional(),
});
const DigitalIdentitySchema = z.object({ X509Certificates: z.array(z.object({ val: z.base64() })).optional() });
const ServiceSchema = z.object({
  ServiceInformation: z.object({ ServiceDigitalIdentity: DigitalIdentitySchema.optional(), ServiceStatus: z.string().optional() }),
});
const ListSchema = z.object({
  LoTE: z.object({
    ListAndSchemeInformation: z.object({
      LoTESequenceNumber: z.int(),
      ListIssueDateTime: z.iso.datetime(),
      NextUpdate: z.iso.datetime().optional(),
      SchemeTerritory: z.string().optional(),
    }),
    TrustedEntitiesList: z.array(z.object({ TrustedEntityServices: z.array(ServiceSchema) })).default([]),
  }),
});

const HASHES: Readonly<Record<string, string | null>> = {
  ES256: 'sha256',
  ES384: 'sha384',
  ES512: 'sha512',
  EdDSA: null,
  RS256: 'sha256',
  RS384: 'sha384',
  RS512: 'sha512',
  PS256: 'sha256',
};
const PSS_PADDING = 6;

/** @throws {TrustListFault} */
export function readLote(text: string, signer: string, now: Date): FoundList {
  const [header, payload, signature, ...others] = text.trim().split('.');
  if (header === undefined || payload === undefined || signature === undefined || others.length > 0)
    throw new TrustListFault('This is no signed list (a compact JWS). Nothing was changed.');
  const head = HeaderSchema.safeParse(parse(header));
  if (!head.success) throw new TrustListFault('The header of the list names no certificate, or an algorithm that is not accepted. Nothing was changed.');
  const { alg, x5c } = head.data;
  const key = verifyChain(x5c, signer, now);
  const padding = alg === 'PS256' ? { padding: PSS_PADDING, saltLength: 32 } : {};
  const isSigned = verify(
    HASHES[alg],
    Buffer.from(`${header}.${payload}`),
    { key, dsaEncoding: 'ieee-p1363', ...padding },
    Buffer.from(signature, 'base64url'),
  );
  if (!isSigned) throw new TrustListFault('The signature of the list is wrong. Nothing was changed.');
  return toList(parse(payload));
}

function parse(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch (cause) {
    throw new TrustListFault('The list is not JSON. Nothing was changed.', { cause });
  }
}

function verifyChain(x5c: readonly string[], signer: string, now: Date): KeyObject {
  const pinned = readPemCertificates(signer).map((certificate) => ({
    id: anchorId(certificate),
    certificate,
    documentTypes: 'any' as const,
    source: 'signer',
  }));
  try {
    return createTrustStore(pinned).verifyChain(
      x5c.map((certificate) => Buffer.from(certificate, 'base64')),
      { now, purpose: 'list' },
    ).leafKey;
  } catch (cause) {
    if (!(cause instanceof CredentialError)) throw cause;
    throw new TrustListFault(`The list was not signed by the signer that you named: ${cause.message} Nothing was changed.`, { cause });
  }
}

function toList(content: unknown): FoundList {
  const parsed = ListSchema.safeParse(content);
  if (!parsed.success) throw new TrustListFault('The list is not of the form of ETSI TS 119 602. Nothing was changed.');
  const { ListAndSchemeInformation: about, TrustedEntitiesList: entities } = parsed.data.LoTE;
  const found = entities.flatMap(({ TrustedEntityServices: services }) => services.flatMap(({ ServiceInformation: service }) => readService(service)));
  return {
    sequence: about.LoTESequenceNumber,
    issuedAt: new Date(about.ListIssueDateTime),
    nextUpdate: about.NextUpdate === undefined ? undefined : new Date(about.NextUpdate),
    ...collect(found),
  };
}

function readService({ ServiceDigitalIdentity: identity, ServiceStatus: status }: z.output<typeof ServiceSchema>['ServiceInformation']): Found[] {
  if (status !== undefined && /withdrawn|suspended|revoked/i.test(status))
    return [{ what: 'a service', reason: 'The list says that it is not trusted any more.' }];
  return (identity?.X509Certificates ?? []).map(({ val }) => toAnchor(Buffer.from(val, 'base64'), { documentTypes: [EU_AGE] }));
}
