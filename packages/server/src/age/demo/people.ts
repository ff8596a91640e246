/** The people and the documents of the pretend phone. The keys are in this process and go nowhere; they are gone with it. */
import { decideByBirthDate, EU_AGE, MDL, Tagged } from '@gatehouse/credential';
import {
  issueMdoc,
  issueSdJwt,
  SimulatedWallet,
  createTestAuthority,
  type Mdoc,
  type TestAuthority,
  type WalletOptions,
} from '@gatehouse/credential/simulator';
import { DEMO_SD_JWT_TYPE, type Choice, type Person, type Trick } from './schema.ts';

const DAY_MS = 86_400_000;
const MDL_NAMESPACE = 'org.iso.18013.5.1';
/** CBOR tag of full-date (RFC 8943). */
const FULL_DATE = 1004;
/** What attestations usually hold. */
const USUAL_AGES = [13, 15, 16, 18, 21, 65];

export interface DemoIssuers {
  /** Believed by the demonstration. */
  readonly trusted: TestAuthority;
  /** Was believed, and is muted. */
  readonly muted: TestAuthority;
}

export function createDemoIssuers(now: Date): DemoIssuers {
  return { trusted: createTestAuthority({ now, name: 'Demonstration' }), muted: createTestAuthority({ now, name: 'Muted demonstration' }) };
}

/** Young people stay as old as they are, however long the server runs. */
export function bornOn(person: Person, now: Date): string {
  if (person === 'adult') return '1990-05-17';
  const years = person === 'fifteen' ? 15 : 12;
  return new Date(now.getTime() - (years * 365.25 + 180) * DAY_MS).toISOString().slice(0, 10);
}

export const nameAge = (age: number): string => `age_over_${String(age).padStart(2, '0')}`;

/** What the document says about ages: the usual ones, and the one that is asked. */
export function attestAges(person: Person, threshold: number, now: Date): Readonly<Record<string, boolean>> {
  const ages = [...new Set([...USUAL_AGES, threshold])].toSorted((a, b) => a - b);
  return Object.fromEntries(ages.map((age) => [nameAge(age), decideByBirthDate(bornOn(person, now), age, now).isOver]));
}

export interface WalletInput extends Choice {
  readonly threshold: number;
  readonly now: Date;
  readonly trick?: Trick | undefined;
}

/** A wallet with one document. With a trick, one that cheats. */
export function openPretendWallet(issuers: DemoIssuers, input: WalletInput): SimulatedWallet {
  const { now, document, trick } = input;
  const held: Pick<WalletOptions, 'mdocs' | 'sdJwts'> =
    document === 'pid' ? { sdJwts: [issuePid(issuers, input)] } : { mdocs: [issueDocument(issuers, input)] };
  return new SimulatedWallet({ ...held, now: () => now, twist: twistFor(trick) });
}

const NAMES = { family_name: 'Example', given_name: 'Robin' } as const;

function issueDocument(issuers: DemoIssuers, { document, person, threshold, now, trick }: WalletInput): Mdoc {
  const issue = (ages: Readonly<Record<string, boolean>>): Mdoc =>
    issueMdoc({
      signer: signerFor(issuers, trick),
      now: issuedAt(now, trick),
      ...(document === 'mdl'
        ? { documentType: MDL, namespace: MDL_NAMESPACE, elements: { ...NAMES, birth_date: new Tagged(FULL_DATE, bornOn(person, now)), ...ages } }
        : { documentType: EU_AGE, namespace: EU_AGE, elements: ages }),
    });
  const ages = attestAges(person, threshold, now);
  const mdoc = issue(ages);
  // The signature stays, the answers beside it are other ones.
  return trick === 'tampered' ? { ...mdoc, items: issue(invert(ages)).items } : mdoc;
}

function issuePid(issuers: DemoIssuers, { person, threshold, now, trick }: WalletInput): NonNullable<WalletOptions['sdJwts']>[number] {
  const ages = attestAges(person, threshold, now);
  const issue = (claims: Readonly<Record<string, boolean>>): ReturnType<typeof issueSdJwt> =>
    issueSdJwt({
      signer: signerFor(issuers, trick),
      type: DEMO_SD_JWT_TYPE,
      now: issuedAt(now, trick),
      claims: { ...NAMES, birthdate: bornOn(person, now), ...claims },
    });
  const pid = { ...issue(ages), type: DEMO_SD_JWT_TYPE };
  return trick === 'tampered' ? { ...pid, disclosures: issue(invert(ages)).disclosures } : pid;
}

function signerFor(issuers: DemoIssuers, trick: Trick | undefined): TestAuthority['signer'] {
  return (trick === 'muted' ? issuers.muted : issuers.trusted).signer;
}

/** Documents are good for thirty days. */
function issuedAt(now: Date, trick: Trick | undefined): Date {
  return trick === 'expired' ? new Date(now.getTime() - 60 * DAY_MS) : now;
}

function invert(ages: Readonly<Record<string, boolean>>): Readonly<Record<string, boolean>> {
  return Object.fromEntries(Object.entries(ages).map(([name, isOver]) => [name, !isOver]));
}

const ELSEWHERE = { origin: 'https://another.example', responseUri: 'https://another.example/response', clientId: 'x509_hash:another' } as const;
/** 128 bits, as an earlier request would have had. */
const OLD_NONCE = 'AAAAAAAAAAAAAAAAAAAAAA';

function twistFor(trick: Trick | undefined): NonNullable<WalletOptions['twist']> {
  if (trick === 'old') return { session: { nonce: OLD_NONCE } };
  // The audience of an SD-JWT stands in its key binding; everything else is in the session transcript.
  if (trick === 'elsewhere') return { session: ELSEWHERE, sdJwt: { payload: (payload) => void (payload['aud'] = ELSEWHERE.clientId) } };
  return {};
}
