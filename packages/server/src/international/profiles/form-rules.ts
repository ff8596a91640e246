/** From the fields of a form to what the service takes, and from faults back to the fields. */
import type { z } from 'zod';
import type { FieldError } from '../../platform/errors.ts';
import { parseValue } from './statement-rules.ts';
import { AssessmentInputSchema, StatementSchema, type AssessmentInput, type Statement } from './schema.ts';

export type FormValues = Readonly<Record<string, string>>;
export type FormOutcome<T> = { readonly ok: true; readonly input: T } | { readonly ok: false; readonly errors: readonly FieldError[] };

/** Claims of one form; the API takes more. */
export const CLAIM_ROWS = 3;

const textOf = (values: FormValues, name: string): string => (values[name] ?? '').trim();
const orNull = (text: string): string | null => (text === '' ? null : text);

export function readStatementForm(country: string, values: FormValues): FormOutcome<Statement> {
  const text = (name: string): string => textOf(values, name);
  const parsed = StatementSchema.safeParse({
    country,
    topic: text('topic'),
    key: text('key'),
    value: parseValue(text('key'), text('value')),
    text: text('text'),
    asOf: orNull(text('asOf')),
    caveat: orNull(text('caveat')),
    source: readEvidence(values, ''),
  });
  return parsed.success ? { ok: true, input: parsed.data } : { ok: false, errors: toErrors(parsed.error.issues, values) };
}

export function readAssessmentForm(country: string, values: FormValues): FormOutcome<AssessmentInput> {
  const text = (name: string): string => textOf(values, name);
  const rows = Array.from({ length: CLAIM_ROWS }, (_none, index) => `claim${index}-`);
  // The first row always counts, so that what is missing in it is said.
  const used = rows.filter((row, index) => index === 0 || text(`${row}text`) !== '');
  const parsed = AssessmentInputSchema.safeParse({
    country,
    framework: 'mnr-2016',
    capability: toNumber(text('capability')),
    phase: toNumber(text('phase')),
    assessor: { kind: text('kind'), organisation: text('organisation') },
    method: text('method'),
    coverage: toNumber(text('coverage')) / 100,
    claims: used.map((row) => ({ text: text(`${row}text`), verdict: text(`${row}verdict`), evidence: [readEvidence(values, row)] })),
  });
  if (parsed.success) return { ok: true, input: parsed.data };
  return {
    ok: false,
    errors: toErrors(
      parsed.error.issues.map((issue) => ({ ...issue, path: renameRow(issue.path, rows, used) })),
      values,
    ),
  };
}

function readEvidence(values: FormValues, prefix: string): Statement['source'] {
  const text = (name: string): string => textOf(values, `${prefix}${name}`);
  return {
    url: orNull(text('url')),
    publisher: text('publisher'),
    title: text('title'),
    licence: orNull(text('licence')),
    retrievedAt: text('retrievedAt'),
    sha256: null,
    quote: null,
  };
}

/** An empty field is no number, and not 0. */
function toNumber(text: string): number {
  return text === '' ? Number.NaN : Number(text);
}

/** Among the claims that were read, the second may be the third row of the form. */
function renameRow(path: readonly PropertyKey[], rows: readonly string[], used: readonly string[]): PropertyKey[] {
  if (path[0] !== 'claims') return [...path];
  const row = used[Number(path[1] ?? 0)] ?? rows[0] ?? '';
  const last = path.at(-1);
  return [`${row}${typeof last === 'string' && last !== 'claims' && last !== 'evidence' ? last : 'text'}`];
}

/** The last name in the path is the name of the field. */
function toErrors(issues: readonly Pick<z.core.$ZodIssue, 'path' | 'message'>[], values: FormValues): FieldError[] {
  const errors = issues.map(({ path, message }) => {
    const at = String(path.at(-1) ?? '');
    return { at, message: textOf(values, at) === '' ? `Enter ${describeField(at)}` : `${describeField(at)}: ${message}` };
  });
  return errors.filter(({ at }, index) => errors.findIndex((other) => other.at === at) === index);
}

const WORDS: Readonly<Record<string, string>> = {
  topic: 'the topic',
  key: 'a key of small letters, digits and underscores',
  value: 'the value',
  text: 'the sentence',
  asOf: 'the day for which it is true',
  publisher: 'the publisher of the source',
  title: 'the title of the source',
  url: 'the address of the source, with https://',
  retrievedAt: 'the day on which you read the source',
  phase: 'the phase',
  kind: 'who assesses',
  organisation: 'the body that assesses',
  method: 'the method',
  coverage: 'the share of the indicators that were answered, in percent',
  verdict: 'whether it holds',
  capability: 'the capability',
};

function describeField(at: string): string {
  const name = at.replace(/^claim\d-/, '');
  return name === 'text' && name !== at ? 'the claim' : (WORDS[name] ?? name);
}
