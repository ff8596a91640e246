/** What the pages of the demonstration say about people, documents, ways and tricks. */
import type { AgeQuestion } from '../sessions/schema.ts';
import type { Document, Person, Trick, Way } from './schema.ts';

export const PEOPLE_WORDS: Readonly<Record<Person, string>> = { adult: 'An adult, born in 1990', fifteen: 'A 15-year-old', twelve: 'A 12-year-old' };

interface DocumentWords {
  readonly title: string;
  readonly about: string;
  /** What it holds besides ages, and what is not sent. */
  readonly others: readonly string[];
}

export const DOCUMENT_WORDS: Readonly<Record<Document, DocumentWords>> = {
  eu: { title: 'EU age attestation', about: 'ISO mdoc. Holds ages and nothing else.', others: [] },
  mdl: { title: 'Driving licence', about: 'ISO 18013-5 mdoc.', others: ['family name', 'given name', 'date of birth'] },
  pid: { title: 'Identity card', about: 'SD-JWT VC, as person identification data are.', others: ['family name', 'given name', 'date of birth'] },
};

interface WayWords {
  readonly title: string;
  readonly about: string;
  /** Documents that such a request can be answered with. */
  readonly documents: readonly Document[];
}

const ALL: readonly Document[] = ['eu', 'mdl', 'pid'];
const MDOCS: readonly Document[] = ['eu', 'mdl'];

export const WAY_WORDS: Readonly<Record<Way, WayWords>> = {
  haip: {
    title: 'A link on this device, request signed',
    about: 'OpenID4VP, HAIP profile: the wallet fetches a signed request and encrypts its answer.',
    documents: ALL,
  },
  eu: {
    title: 'A link on this device, request in the link',
    about: 'OpenID4VP, EU age verification profile: everything is in the link, nothing is signed.',
    documents: MDOCS,
  },
  qr: {
    title: 'A QR code for another device',
    about: 'The same requests. Whoever sees the code can answer it: the grade is 2, and the code lives two minutes.',
    documents: ALL,
  },
  'org-iso-mdoc': { title: 'Through the browser: org-iso-mdoc', about: 'Digital Credentials API, ISO 18013-7 Annex C.', documents: MDOCS },
  'openid4vp-v1-signed': {
    title: 'Through the browser: openid4vp, signed',
    about: 'Digital Credentials API, OpenID4VP with a signed request.',
    documents: ALL,
  },
  'openid4vp-v1-unsigned': {
    title: 'Through the browser: openid4vp, unsigned',
    about: 'Digital Credentials API, OpenID4VP without a signature.',
    documents: ALL,
  },
};

export const TRICK_WORDS: Readonly<Record<Trick, { readonly title: string; readonly about: string }>> = {
  old: { title: 'Send an old answer', about: 'An answer that was made for an earlier request.' },
  elsewhere: { title: 'Send an answer for another website', about: 'Somebody else asked the person, and passes the answer on.' },
  tampered: { title: 'Change the answer', about: 'The signature of the issuer stays, the ages beside it are turned round.' },
  expired: { title: 'Use an expired document', about: 'It ended a month ago.' },
  muted: { title: 'Use a document of a muted issuer', about: 'The operator has ceased to believe its issuer.' },
};

export function ask({ threshold, direction }: AgeQuestion): string {
  return direction === 'over' ? `Are you ${threshold} or older?` : `Are you under ${threshold}?`;
}

export function describeQuestion({ threshold, direction }: AgeQuestion): string {
  return direction === 'over' ? `${threshold} or older` : `under ${threshold}`;
}
