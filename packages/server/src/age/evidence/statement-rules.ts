/** Plain words for each way, and for whatever else the statement says. Pure. */
import type { SelfTest } from './lab-schema.ts';
import type { ReviewInput, Snapshot } from './record-schema.ts';
import type { StatedWay, StatementFile, StatementView } from './statement-schema.ts';

const OURS = 'The answer (yes or no, how sure, by which way) for at most ten minutes. No name, no date of birth, no document, no picture.';

const WAYS: Readonly<Record<string, Omit<StatedWay, 'id'>>> = {
  wallet: {
    title: 'Wallet on this device',
    how: 'An app that holds a digital identity or an age attestation proves that you are old enough. The proof is bound to this one check.',
    processed: 'The proof of age, with what shows that it is genuine. Nothing else is asked for.',
    kept: OURS,
    grade: 'High: a document or an identity stands behind it.',
  },
  wallet_other_device: {
    title: 'Wallet on another device',
    how: 'You scan a code with the device that holds your wallet, compare two digits, and answer there.',
    processed: 'The same as on this device.',
    kept: OURS,
    grade: 'Medium: whoever sees the code could answer it.',
  },
  token: {
    title: 'Token of an earlier check',
    how: 'After a check your browser can keep a few tokens. One of them answers the same question later; nobody can tell which check it came from.',
    processed: 'The token, once.',
    kept: 'That this token was used, until it expires. It cannot be joined to you or to the earlier check.',
    grade: 'At most that of the earlier check.',
  },
  passkey: {
    title: 'Passkey of an earlier check',
    how: 'After a check your device can keep a passkey that stands for the answer. You use it with the lock of your device.',
    processed: 'The signature of the passkey.',
    kept: 'The public key of the passkey with the answer, until it expires. Your fingerprint or face stays on your device.',
    grade: 'At most that of the earlier check.',
  },
  signal: {
    title: 'Signal of your device',
    how: 'Where the service has an app of its own, the app can pass on what the operating system or the app store says about your age. It is a claim of the app, and a service that needs more takes no answer from it.',
    processed: 'The range of ages, and where it comes from.',
    kept: OURS,
    grade: 'Low: it comes from the app, without proof.',
  },
  declared_under: {
    title: 'Saying that you are too young',
    how: 'You say so yourself. It is believed at once, and opens nothing that is for adults.',
    processed: 'That you said so.',
    kept: OURS,
    grade: 'None is needed.',
  },
};

const KINDS: Readonly<Record<string, string>> = {
  open_banking: 'Your bank says whether you are old enough, after you agree there.',
  photo_id: 'The provider compares a picture of an identity document with your face.',
  facial_estimation: 'The provider estimates your age from your face.',
  mobile_operator: 'Your mobile operator says whether the number is registered as an adult’s.',
  credit_card: 'A payment provider checks a credit card, which only adults can have. Nothing is charged.',
  email: 'The provider infers from where an e-mail address was used that its owner is an adult.',
  digital_id: 'You sign in with a digital identity, which says whether you are old enough.',
  sandbox: 'For trials only: it decides nothing about people.',
};
const GRADES: readonly string[] = [
  'None.',
  'Low: an inference.',
  'Medium: it may be wrong near the age that is asked for.',
  'High: a document or a record stands behind it.',
  'Very high.',
];

const BIRTH_DATE =
  'The proof of age, with what shows that it is genuine. A wallet that has no attested age is asked for the date of birth, which is compared and forgotten.';

export function describeWays({ ways, providers, settings }: Snapshot): StatedWay[] {
  const asksBirthDate = settings['ageAllowBirthDate'] === 'true';
  return ways.flatMap((id) => {
    const own = WAYS[id];
    if (own !== undefined) return [{ id, ...own, ...(id === 'wallet' && asksBirthDate ? { processed: BIRTH_DATE } : {}) }];
    const provider = providers.find((one) => `provider:${one.id}` === id);
    return provider === undefined ? [] : [describeProvider(id, provider)];
  });
}

function describeProvider(id: string, { title, kind, basis, grade, data, retention, challengeAges }: Snapshot['providers'][number]): StatedWay {
  const ages = Object.entries(challengeAges).map(([threshold, age]) => `${age} for the question ${threshold}`);
  const buffer =
    basis === 'estimates' && ages.length > 0 ? ` Estimates err, so you must look at least ${ages.join(', ')}; otherwise another way is offered.` : '';
  return {
    id,
    title,
    how: `${KINDS[kind] ?? 'A provider checks your age.'}${buffer}`,
    processed: data.length === 0 ? 'The provider states no categories of data.' : `By the provider: ${data.join(', ')}.`,
    kept: `By the provider: ${retention}. By us: ${OURS.charAt(0).toLowerCase()}${OURS.slice(1)}`,
    grade: GRADES[grade] ?? 'Not stated.',
  };
}

/** An empty line begins a paragraph. */
export function toParagraphs(text: string | undefined): string[] {
  return (text ?? '')
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== '');
}

/** Of a way of our own. */
export function titleOf(method: string): string {
  return WAYS[method]?.title ?? 'Other';
}

export function describeOperator(words: StatementFile | undefined): Pick<StatementView, 'operator' | 'preface' | 'alternatives' | 'complaint'> {
  const contact = words?.contact ?? {};
  return {
    operator: words?.operator ?? null,
    preface: toParagraphs(words?.preface),
    alternatives: toParagraphs(words?.alternatives),
    complaint: { text: toParagraphs(contact.text), email: contact.email ?? null, url: contact.url ?? null },
  };
}

/** @param at when it was written down */
export function describeRecorded(
  snapshot: Snapshot | undefined,
  at: Date | undefined,
): Pick<StatementView, 'inForceSince' | 'services' | 'languages' | 'ways'> {
  if (snapshot === undefined) return { inForceSince: null, services: [], languages: [], ways: [] };
  const services = snapshot.services.map(({ name }) => name);
  return { inForceSince: at?.toISOString() ?? null, services, languages: snapshot.languages, ways: describeWays(snapshot) };
}

export function describeFindings(selfTest: SelfTest | undefined, review: ReviewInput | undefined): Pick<StatementView, 'selfTest' | 'review'> {
  return {
    selfTest:
      selfTest === undefined
        ? null
        : { at: selfTest.at, cases: selfTest.report.cases, hostileAccepted: selfTest.report.hostileAccepted, isPassed: selfTest.isPassed },
    review: review === undefined ? null : { reviewedOn: review.reviewedOn, nextReviewOn: review.nextReviewOn, dpiaUrl: review.dpiaUrl ?? null },
  };
}
