/** From what a form sends to a change, and back; faults at their controls. */
import { z } from 'zod';
import type { FieldError } from '../../platform/errors.ts';
import { ChangeSchema, type Change } from '../model/schema.ts';
import { subjectOf } from '../model/state-rules.ts';
import { EVIDENCE_MAX, fieldsOf, nameOf, type ChangeField } from './field-rules.ts';

/** A form, as a browser sends it. */
export const FormSchema = z.record(z.string(), z.union([z.string(), z.array(z.string())]));
export type Values = Readonly<Record<string, string>>;

export function first(sent: z.output<typeof FormSchema>, name: string): string {
  const value = sent[name] ?? '';
  return typeof value === 'string' ? value : (value[0] ?? '');
}

type Branch = { [member: string]: unknown };

/** These are null as a whole when what they begin with is empty. */
const GROUPS: Readonly<Record<string, string>> = { source: 'url', quote: 'exact', legislation: 'identifier', gatehouse: 'text' };

export interface ReadForm {
  readonly change: Change | undefined;
  readonly errors: readonly FieldError[];
}

/** @param recommendation the subject that the form is about; not of registers and recommendations */
export function readChangeForm(kind: Change['kind'], recommendation: string, values: Values): ReadForm {
  const fields = fieldsOf(kind, EVIDENCE_MAX);
  const body: Branch = {};
  for (const field of fields) put(body, field, values[nameOf(field)] ?? '');
  const kept = prune(body);
  const basis = Object.values(isBranch(kept['basis']) ? kept['basis'] : {});
  const whole = kind === 'status' ? { ...kept, basis: basis.filter((one) => isBranch(one) && one['text'] !== '') } : kept;
  const candidate = kind === 'register' || kind === 'recommendation' ? { kind, body: whole } : { kind, recommendation, body: whole };
  const parsed = ChangeSchema.safeParse(candidate);
  return parsed.success ? { change: parsed.data, errors: [] } : { change: undefined, errors: explainAll(fields, parsed.error.issues) };
}

function put(body: Branch, { path, type, isOptional }: ChangeField, given: string): void {
  const text = given.replaceAll('\r\n', '\n').trim();
  let at = body;
  for (const member of path.slice(0, -1)) {
    const next = at[member];
    const branch: Branch = isBranch(next) ? next : {};
    at[member] = branch;
    at = branch;
  }
  at[path.at(-1) ?? ''] = toValue(type.kind, text, isOptional === true);
}

function toValue(kind: ChangeField['type']['kind'], text: string, isOptional: boolean): unknown {
  if (kind === 'yes') return text === 'yes';
  if (kind === 'list')
    return text
      .split('\n')
      .map((one) => one.trim())
      .filter((one) => one !== '');
  return text === '' && isOptional ? null : text;
}

function prune(branch: Branch): Branch {
  return Object.fromEntries(
    Object.entries(branch).map(([member, value]) => {
      if (!isBranch(value)) return [member, value];
      const begins = GROUPS[member];
      return [member, begins !== undefined && value[begins] === '' ? null : prune(value)];
    }),
  );
}

function isBranch(value: unknown): value is Branch {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One sentence for each control at which the schema stumbled. */
function explainAll(fields: readonly ChangeField[], issues: readonly z.core.$ZodIssue[]): FieldError[] {
  const found = new Map<string, FieldError>();
  for (const { path, message } of issues) {
    const names = path.filter((one) => one !== 'body').map(String);
    const field = fields.find((one) => nameOf(one) === names.join('-')) ?? fields.find((one) => nameOf(one).startsWith(names.slice(0, 1).join('-')));
    const at = field === undefined ? '' : nameOf(field);
    if (!found.has(at)) found.set(at, { at, message: field === undefined ? message : `${field.label}: ${explain(field)}` });
  }
  return [...found.values()];
}

const MEMBER_HINTS: Readonly<Record<string, string>> = {
  url: 'enter a whole address, such as https://example.org/report',
  archivedUrl: 'enter a whole address, or leave it empty',
  sha256: 'enter 64 hexadecimal digits, or leave it empty',
  id: 'enter small letters, digits and hyphens, such as inquiry-2026',
  register: 'enter small letters, digits and hyphens, such as inquiry-2026',
  number: 'enter at most 20 letters, digits, dots, brackets and hyphens',
  themes: 'enter small letters, digits and hyphens, one theme on each line',
};
const TYPE_HINTS: Readonly<Record<ChangeField['type']['kind'], string>> = {
  day: 'enter a day as year-month-day, such as 2027-03-31',
  choice: 'choose one',
  action: 'choose one',
  list: 'enter at least one, each on its own line',
  line: 'enter it, in at most 20,000 characters',
  text: 'enter it, in at most 20,000 characters',
  yes: 'tick it or leave it',
};

function explain({ type, path }: ChangeField): string {
  return MEMBER_HINTS[path.at(-1) ?? ''] ?? TYPE_HINTS[type.kind];
}

/** What a form shows of a change that is there. */
export function toValues(change: Change): Values {
  return Object.fromEntries(fieldsOf(change.kind, EVIDENCE_MAX).map((field) => [nameOf(field), readText(change.body, field)]));
}

function readText(body: unknown, { path, type }: ChangeField): string {
  let at: unknown = body;
  for (const member of path) at = typeof at === 'object' && at !== null ? (Reflect.get(at, member) as unknown) : undefined;
  if (type.kind === 'yes') return at === true ? 'yes' : '';
  if (Array.isArray(at)) return at.join('\n');
  return typeof at === 'string' ? at : '';
}

export interface Difference {
  readonly label: string;
  readonly before: string;
  readonly after: string;
  readonly isChanged: boolean;
}

/** Member for member; those that are empty on both sides are left out. */
export function compareChanges(before: Change | undefined, after: Change): Difference[] {
  const old = before === undefined ? {} : toValues(before);
  const now = toValues(after);
  return fieldsOf(after.kind, EVIDENCE_MAX)
    .map((field) => ({ label: field.label, before: word(field, old[nameOf(field)] ?? ''), after: word(field, now[nameOf(field)] ?? '') }))
    .filter((one) => one.before !== '' || one.after !== '')
    .map((one) => ({ ...one, isChanged: one.before !== one.after }));
}

function word({ type }: ChangeField, value: string): string {
  return type.kind === 'choice' ? (type.choices.find((one) => one.value === value)?.text ?? value) : value;
}

/** How many rows of evidence a form has: those that are filled, and one more. */
export function countEvidence(values: Values): number {
  const filled = Array.from({ length: EVIDENCE_MAX }, (_none, index) => index).filter((index) => (values[`basis-${index}-text`] ?? '') !== '');
  return Math.min(EVIDENCE_MAX, (filled.at(-1) ?? -1) + 2);
}

export function describeChange(change: Change): string {
  const { body } = change;
  const title = 'title' in body ? body.title : 'text' in body ? body.text : '';
  return `${subjectOf(change)}: ${title.length > 80 ? `${title.slice(0, 80)}…` : title}`;
}
