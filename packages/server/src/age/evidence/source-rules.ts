/** What the counts of age checks say about the measures of a code. Small numbers stay withheld, as everywhere here. Pure. */
import type { EvidenceReading } from '../../platform/evidence.ts';
import type { Facts, ProviderFact } from './facts-schema.ts';
import type { CountRow, TallyRow } from './schema.ts';

/** Of a way that is configured no longer nobody can say what it was. */
const KINDS_RECOGNISED: ReadonlySet<string> = new Set([
  'open_banking',
  'photo_id',
  'facial_estimation',
  'mobile_operator',
  'credit_card',
  'email',
  'digital_id',
]);
/** A wallet is digital identity; a token or passkey says the yes of an earlier check by one of these ways. */
const WAYS_RECOGNISED: ReadonlySet<string> = new Set(['wallet', 'wallet_other_device', 'token', 'passkey']);

interface Smallest {
  readonly k: number;
}

function tooFew(total: number, k: number): EvidenceReading {
  return { figure: null, finding: total === 0 ? 'There were none.' : `There were fewer than ${k}: too few for a figure.` };
}

/** The gate lets nobody through without a pass; what stands beside the gate is not seen here. */
export function readGateCoverage(tallies: readonly TallyRow[], { k }: Smallest): EvidenceReading {
  const count = (word: string): number => tallies.reduce((sum, one) => (one.method === 'gate' && one.word === word ? sum + one.count : sum), 0);
  const [passed, bare] = [count('gate_passed'), count('gate_passed_without')];
  const allowed = passed + bare;
  if (allowed < k) return tooFew(allowed, k);
  return {
    figure: passed / allowed,
    numerator: passed,
    denominator: allowed,
    finding: `${passed} of ${allowed} requests that the gate let through showed a valid answer. Areas without the gate are not seen here.`,
  };
}

const isYes = ({ outcome }: CountRow): boolean => outcome === 'true';
const sum = (cells: readonly CountRow[]): number => cells.reduce((total, { sessions }) => total + sessions, 0);

export function readSelfDeclared(cells: readonly CountRow[], { k }: Smallest): EvidenceReading {
  const yes = cells.filter(isYes);
  const [total, declared] = [sum(yes), sum(yes.filter(({ kind }) => kind === 'declared'))];
  if (total < k) return tooFew(total, k);
  return { figure: declared, denominator: total, finding: `${declared} of ${total} answers "yes" rest on what the person or an app says alone.` };
}

export function readRecognised(cells: readonly CountRow[], { k, providers }: Smallest & { readonly providers: readonly ProviderFact[] }): EvidenceReading {
  const yes = cells.filter(isYes);
  const total = sum(yes);
  if (total < k) return tooFew(total, k);
  const kinds = new Map(providers.map(({ id, declaration }) => [`provider:${id}`, declaration.kind]));
  const recognised = sum(
    yes.filter(({ method, kind }) => kind !== 'declared' && (WAYS_RECOGNISED.has(method) || KINDS_RECOGNISED.has(kinds.get(method) ?? ''))),
  );
  return { figure: recognised / total, numerator: recognised, denominator: total, finding: `${recognised} of ${total} answers "yes".` };
}

/** Of estimators of faces; the smallest counts. */
export function readChallengeMargin({ providers }: Pick<Facts, 'providers'>): EvidenceReading {
  const faces = providers.filter(({ declaration, isOffered }) => isOffered && declaration.kind === 'facial_estimation');
  const challenges = faces.flatMap(({ id, challenges: own }) => own.map((challenge) => ({ id, ...challenge })));
  if (challenges.length === 0) return { figure: null, finding: 'No estimator of faces is offered.' };
  // Without a challenge age that keeps to the limit of errors the estimator is not asked about this threshold.
  const margins = challenges.flatMap(({ id, threshold, challengeAge }) =>
    challengeAge === null ? [] : [{ label: `${id}, ${threshold} at ${challengeAge}`, figure: challengeAge - threshold }],
  );
  if (margins.length === 0) return { figure: null, finding: 'No estimator of faces has a challenge age that keeps to the limit of errors.' };
  const least = Math.min(...margins.map(({ figure }) => figure));
  return { figure: least, finding: `The smallest of ${margins.length} margins is ${least} years.`, rows: margins };
}

/** Names of columns that would hold what must not be kept. */
const FORBIDDEN =
  /birth|(^|_)dob($|_)|portrait|(^|_)faces?($|_)|photo|image|selfie|passport|licen[cs]e|document_(number|id|image|scan)|family_name|given_name|surname/;

export function readDataMinimal(columns: readonly string[]): EvidenceReading {
  if (columns.length === 0) return { figure: null, finding: 'The tables of age checks could not be read.' };
  const found = columns.filter((column) => FORBIDDEN.test(column.split('.').at(-1) ?? ''));
  return {
    figure: found.length === 0,
    numerator: found.length,
    denominator: columns.length,
    finding: `${found.length} of ${columns.length} columns of the tables of age checks would hold a birth date, a document or a face.`,
    rows: found.map((label) => ({ label, figure: 1 })),
  };
}
