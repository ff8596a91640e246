/**
 * The question in DCQL (OpenID4VP 1.0, section 6), and the check that an answer answers it. Alternatives stand in the order in which they are
 * preferred: the EU age attestation, which holds nothing else; the driving licence's `age_over_NN`; SD-JWT credentials.
 */
import type { AgeQuestion } from './age.ts';
import { CredentialError } from './errors.ts';
import { type JsonObject, readObject } from './jws.ts';

export const EU_AGE = 'eu.europa.ec.av.1';
export const MDL = 'org.iso.18013.5.1.mDL';
const MDL_NAMESPACE = 'org.iso.18013.5.1';

export interface MdocWanted {
  readonly id: string;
  readonly format: 'mso_mdoc';
  readonly documentType: string;
  readonly namespace: string;
  readonly elements: readonly string[];
}

export interface SdJwtWanted {
  readonly id: string;
  readonly format: 'dc+sd-jwt';
  readonly types: readonly string[];
  readonly paths: readonly (readonly string[])[];
}

/** What was asked for, in our own words: the answer is held against this and not against the query. */
export type Wanted = MdocWanted | SdJwtWanted;

export interface QueryOptions {
  /** `vct` values of SD-JWT credentials that may answer; none leaves the format out. */
  readonly sdJwtTypes?: readonly string[];
  /** Accepts a date of birth where nothing less is to be had. Default false: it says more than was asked. */
  readonly allowBirthDate?: boolean;
}

/**
 * At most two ages (ISO/IEC 18013-5 lets a reader ask for no more): the threshold itself, and the next that attestations usually hold. By the
 * nearest-attestation rule a wallet may answer either with another age.
 */
export function chooseAges({ threshold }: AgeQuestion): readonly number[] {
  const usual = [13, 15, 16, 18, 21, 65].find((age) => age > threshold);
  return threshold >= 65 || usual === undefined ? [threshold] : [threshold, usual];
}

const nameAge = (age: number): string => `age_over_${String(age).padStart(2, '0')}`;

export function listWanted(question: AgeQuestion, { sdJwtTypes = [], allowBirthDate = false }: QueryOptions = {}): readonly Wanted[] {
  const names = chooseAges(question).map(nameAge);
  const extra = allowBirthDate ? ['birth_date'] : [];
  return [
    { id: 'eu_age', format: 'mso_mdoc', documentType: EU_AGE, namespace: EU_AGE, elements: names },
    { id: 'mdl', format: 'mso_mdoc', documentType: MDL, namespace: MDL_NAMESPACE, elements: [...names, ...extra] },
    ...(sdJwtTypes.length === 0
      ? []
      : [
          {
            id: 'sd_jwt',
            format: 'dc+sd-jwt' as const,
            types: sdJwtTypes,
            paths: [...names.map((name) => [name]), ...(allowBirthDate ? [['birthdate']] : [])],
          },
        ]),
  ];
}

/** `dcql_query`. Each credential may answer with the first set of claims that it can. */
export function toDcql(wanted: readonly Wanted[]): JsonObject {
  return {
    credentials: wanted.map((one) => (one.format === 'mso_mdoc' ? toMdocQuery(one) : toSdJwtQuery(one))),
    credential_sets: [{ options: wanted.map(({ id }) => [id]) }],
  };
}

function toMdocQuery({ id, format, documentType, namespace, elements }: MdocWanted): JsonObject {
  return {
    id,
    format,
    meta: { doctype_value: documentType },
    claims: elements.map((name) => ({ id: name, path: [namespace, name], intent_to_retain: false })),
    claim_sets: toSets(elements),
  };
}

function toSdJwtQuery({ id, format, types, paths }: SdJwtWanted): JsonObject {
  const names = paths.map((path) => path.join('_'));
  return { id, format, meta: { vct_values: types }, claims: paths.map((path, at) => ({ id: names[at], path })), claim_sets: toSets(names) };
}

/** One claim is enough; the first is preferred. */
function toSets(names: readonly string[]): readonly (readonly string[])[] {
  return names.map((name) => [name]);
}

export interface Answered {
  readonly wanted: Wanted;
  /** base64url of a DeviceResponse, or an SD-JWT with key binding. */
  readonly presentation: string;
}

/** The one presentation of a `vp_token` (text of JSON, or the object itself). @throws {CredentialError} */
export function readVpToken(token: unknown, wanted: readonly Wanted[]): Answered {
  const object = readObject(typeof token === 'string' ? parse(token) : token, 'vp_token_malformed');
  const entries = Object.entries(object);
  if (entries.length !== 1) throw new CredentialError('vp_token_count');
  const [id, presentations] = entries[0] ?? [];
  const one = wanted.find((asked) => asked.id === id);
  if (one === undefined) throw new CredentialError('vp_token_query');
  if (!Array.isArray(presentations)) throw new CredentialError('vp_token_malformed');
  if (presentations.length !== 1) throw new CredentialError('vp_token_count');
  const presentation: unknown = presentations[0];
  if (typeof presentation !== 'string' || presentation === '') throw new CredentialError('vp_token_malformed');
  if (presentation.includes('~') !== (one.format === 'dc+sd-jwt')) throw new CredentialError('format_unexpected');
  return { wanted: one, presentation };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CredentialError('vp_token_malformed', { cause });
  }
}
