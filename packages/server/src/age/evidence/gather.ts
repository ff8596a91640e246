/** Collects the facts about the installation, for the metrics and for the written record. No secret is in them. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { AppContext } from '../../platform/context.ts';
import { VERSION } from '../../platform/version.ts';
import { deriveBuffer } from '../providers/buffer-rules.ts';
import type { ProviderService } from '../providers/flow.ts';
import { gradeOf, offerProvider } from '../providers/rules.ts';
import type { AgeProvider } from '../providers/schema.ts';
import { DEMO_SERVICE, type AgeServices, type BrowserProof } from '../sessions/schema.ts';
import type { StatusService } from '../status/schema.ts';
import type { TrustService } from '../trust/service.ts';
import type { Facts, ProviderFact } from './facts-schema.ts';
import type { Snapshot } from './record-schema.ts';
import { listWays } from './setup-rules.ts';

export interface Sources {
  readonly context: Pick<AppContext, 'config' | 'settings' | 'clock'>;
  readonly languages: readonly string[];
  readonly providers: Pick<ProviderService<BrowserProof>, 'providers' | 'maxWrongAccept'>;
  readonly services: Pick<AgeServices, 'list'>;
  readonly trust: Pick<TrustService, 'listLists' | 'listAnchors'>;
  readonly status: Pick<StatusService, 'list'>;
  readonly passkeys: { isAvailable(): boolean };
}

export type Installation = Pick<
  Facts,
  'now' | 'version' | 'k' | 'gapPercent' | 'maxWrongAccept' | 'providers' | 'hasIssuer' | 'trustLists' | 'statusLists' | 'formats' | 'profiles'
>;

export async function gatherFacts(sources: Sources): Promise<Installation> {
  const { context, providers, trust, status } = sources;
  const { config, clock } = context;
  const now = clock.now();
  const [lists, anchors] = [await trust.listLists(), await trust.listAnchors()];
  return {
    now,
    version: VERSION,
    k: config.ageEvidenceMinCount,
    gapPercent: config.ageEvidenceGapPercent,
    maxWrongAccept: providers.maxWrongAccept,
    providers: listReal(providers).map((provider) => toFact(provider, providers.maxWrongAccept)),
    hasIssuer: anchors.some(
      ({ mutedAt, validFrom, validTo }) => mutedAt === null && Date.parse(validFrom) <= now.getTime() && now.getTime() < Date.parse(validTo),
    ),
    trustLists: lists.map(({ name, importedAt, nextUpdate }) => ({
      name,
      importedAt: new Date(importedAt),
      nextUpdate: nextUpdate === null ? undefined : new Date(nextUpdate),
    })),
    statusLists: (await status.list()).map(({ state }) => ({ state })),
    formats: config.ageSdJwtTypes.length > 0 ? ['mdoc', 'sd-jwt'] : ['mdoc'],
    profiles: listProfiles(config.ageSdJwtTypes.length > 0),
  };
}

function listReal({ providers }: Sources['providers']): readonly AgeProvider[] {
  return providers.filter(({ isForDemo }) => isForDemo !== true);
}

/** Asked as a service asks that says nothing special. */
function toFact(provider: AgeProvider, maxWrongAccept: number): ProviderFact {
  const { id, declaration, mode } = provider;
  const question = { threshold: 18, direction: 'over' } as const;
  const offer = offerProvider(provider, { service: '', question, minGrade: 2, methods: undefined, attempts: [], maxWrongAccept });
  const thresholds = declaration.thresholds.length > 0 ? declaration.thresholds : [question.threshold];
  const challenges = thresholds.map((threshold) => {
    const buffer = deriveBuffer({ threshold, direction: 'over' }, declaration, maxWrongAccept);
    return buffer.kind === 'challenge'
      ? { threshold, challengeAge: buffer.challengeAge, predictedWrongAccept: buffer.predictedWrongAccept }
      : { threshold, challengeAge: null, predictedWrongAccept: null };
  });
  return { id, declaration, mode, grade: gradeOf(declaration), isOffered: offer.isOffered, challenges };
}

function listProfiles(hasSdJwt: boolean): string[] {
  return [
    'EU age verification profile: mdoc, OpenID4VP by value, direct_post',
    'OpenID4VP 1.0 with HAIP: signed request, direct_post.jwt',
    'Digital Credentials API: org-iso-mdoc (ISO/IEC TS 18013-7 Annex C)',
    'Digital Credentials API: openid4vp-v1-signed and -unsigned',
    ...(hasSdJwt ? ['SD-JWT VC'] : []),
    'OpenID Connect facade for services',
    'Forward authentication for reverse proxies',
    'Privacy Pass tokens (RFC 9578, type 2)',
  ];
}

/** Of the file as it was when the process began: providers are read then and never again. */
export async function digestFile(path: string | undefined): Promise<string | null> {
  if (path === undefined) return null;
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

export async function takeSnapshot(sources: Sources, providersFileSha256: string | null): Promise<Snapshot> {
  const facts = await gatherFacts(sources);
  const { services, trust, status, languages, passkeys } = sources;
  const ways = listWays(facts);
  return {
    version: facts.version,
    settings: readSettings(sources.context),
    thresholds: { k: facts.k, gapPercent: facts.gapPercent, maxWrongAccept: facts.maxWrongAccept },
    ways: [...new Set(Object.values(ways).flat()), 'token', ...(passkeys.isAvailable() ? ['passkey'] : []), 'signal', 'declared_under'],
    languages: [...languages],
    profiles: [...facts.profiles],
    providersFileSha256,
    providers: facts.providers.map(toRecorded),
    trustLists: (await trust.listLists()).map(({ name, format, sequence, issuedAt, nextUpdate, sha256, anchors }) => {
      return { name, format, sequence, issuedAt, nextUpdate, sha256, anchors };
    }),
    // Not the reasons: people write what they like there.
    mutedIssuers: (await trust.listAnchors()).flatMap(({ id, mutedAt }) => (mutedAt === null ? [] : [{ id, mutedAt }])),
    statusLists: (await status.list()).map(({ uri, issuer }) => ({ address: withoutQuery(uri), issuer })),
    services: (await services.list())
      .filter(({ id }) => id !== DEMO_SERVICE)
      .map(({ id, name, returnOrigins, callbackUrl }) => ({ id, name, returnOrigins, hasCallback: callbackUrl !== undefined })),
  };
}

function toRecorded({ id, declaration, grade, challenges }: ProviderFact): Snapshot['providers'][number] {
  const { title, kind, basis, presentationAttackLevel, data, retention, regions, thresholds, canSayUnder, errorsSource } = declaration;
  const challengeAges = challenges.flatMap(({ threshold, challengeAge }) => (challengeAge === null ? [] : [[String(threshold), challengeAge] as const]));
  return {
    id,
    title,
    kind,
    basis,
    grade,
    presentationAttackLevel,
    data: [...data],
    retention,
    regions: [...regions],
    thresholds: [...thresholds],
    canSayUnder,
    errorsSource: errorsSource ?? null,
    challengeAges: Object.fromEntries(challengeAges),
  };
}

/** Of files only whether they are set: their places are the machine's business. Secret settings are masked already. */
function readSettings({ settings }: Sources['context']): Record<string, string> {
  const own = settings.filter(({ key }) => key.startsWith('age') || key === 'publicUrl' || key === 'issuer');
  return Object.fromEntries(own.map(({ key, value, source }) => [key, key.endsWith('File') ? (source === 'default' ? 'not set' : 'set') : value]));
}

function withoutQuery(address: string): string {
  return address.split('?')[0] ?? '';
}
