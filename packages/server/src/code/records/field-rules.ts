/** What each member of a record is called and how it is asked for: one table for forms, printed pages and the command line. */
import { REVIEWS, ROLES, type BodyKind } from './body-schema.ts';
import type { RecordKind } from './schema.ts';

export type FieldType =
  | { readonly kind: 'control' }
  | { readonly kind: 'metric' }
  | { readonly kind: 'line' }
  | { readonly kind: 'slug' }
  | { readonly kind: 'text' }
  | { readonly kind: 'day' }
  | { readonly kind: 'count' }
  /** Yes, no, or a number: as the metric has it. */
  | { readonly kind: 'figure' }
  | { readonly kind: 'choice'; readonly choices: readonly { readonly value: string; readonly text: string }[] };

export interface RecordField {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly type: FieldType;
  /** Left empty it is null (`''` for texts). */
  readonly isOptional?: true;
}

export const KIND_WORDS: Readonly<Record<RecordKind, { readonly title: string; readonly about: string }>> = {
  assessment_illegal: { title: 'Illegal content risk assessment', about: 'OSA ss.9 and 23(2).' },
  assessment_children: { title: 'Children’s risk assessment', about: 'OSA ss.11 and 23(2).' },
  measure: { title: 'Measure in effect', about: 'A measure of a code that the service takes: what it is, and from when (OSA s.23(3)).' },
  alternative: {
    title: 'Alternative measure',
    about: 'A measure of a code that the service does not take, what it does in place of it, and why that meets the duty (OSA s.23(4) and (5)).',
  },
  attestation: { title: 'Attestation', about: 'A figure that nobody measures, said by somebody by name. It is shown as attested and never as measured.' },
  appointment: { title: 'Appointment', about: 'Who is accountable, and who reports to the authority.' },
  review: { title: 'Review', about: 'A review by the board, of the internal assurance, or of changes.' },
  policy: { title: 'Policy', about: 'A document in force: its version, its digest, and when it is reviewed. The document itself is kept elsewhere.' },
  training: { title: 'Training', about: 'How many people need a training, and how many have it.' },
  change: { title: 'Significant change', about: 'A change of the service that must be assessed before it is made (OSA ss.9(4) and 11(4)).' },
  registration: { title: 'Registration for reports', about: 'That the service is registered with the authority that takes reports (SI 2026/268 reg 4).' },
};

const CONTROL: RecordField = { name: 'control', label: 'Measure', hint: 'Its id in the catalogue, such as icu-c9', type: { kind: 'control' } };
const EFFECTIVE: RecordField = { name: 'effectiveFrom', label: 'In effect from', type: { kind: 'day' } };
const OWNER: RecordField = { name: 'owner', label: 'Owner', hint: 'A person or a role', type: { kind: 'line' } };
const DIGEST_HINT = 'SHA-256, 64 hexadecimal digits. The document stays with you; the digest shows later that it was this one.';

const ROLE_WORDS: Readonly<Record<(typeof ROLES)[number], string>> = {
  accountable_person: 'Person accountable for illegal content safety and reporting',
  accountable_person_children: 'Person accountable for the safety of children',
  reporting_administrator: 'Administrator for reports to the authority',
  reporting_replacement: 'Replacement of that administrator',
};
const REVIEW_WORDS: Readonly<Record<(typeof REVIEWS)[number], string>> = {
  board: 'Review by the board or most senior body',
  assurance: 'Review of the internal assurance',
  changes: 'Review of changes: whether anything changed that must be assessed',
};

export const FIELDS: Readonly<Record<BodyKind, readonly RecordField[]>> = {
  measure: [CONTROL, { name: 'description', label: 'What the service does', type: { kind: 'text' } }, EFFECTIVE, OWNER],
  alternative: [
    CONTROL,
    { name: 'notAdopted', label: 'What of the measure is not adopted', type: { kind: 'text' } },
    { name: 'doneInstead', label: 'What is done in place of it', type: { kind: 'text' } },
    { name: 'whyEnough', label: 'Why that meets the duty', type: { kind: 'text' } },
    { name: 'regardToRights', label: 'How freedom of expression and privacy were regarded', type: { kind: 'text' } },
    EFFECTIVE,
    OWNER,
  ],
  attestation: [
    { name: 'metric', label: 'Metric', hint: 'Its id in the catalogue, such as appeal_review_ratio', type: { kind: 'metric' } },
    { ...CONTROL, hint: 'Leave empty when it holds for every measure with this metric', isOptional: true },
    { name: 'figure', label: 'Figure', hint: 'Yes, no, or a number in the unit of the metric. A share is between 0 and 1.', type: { kind: 'figure' } },
    { name: 'statement', label: 'What is attested, and what it rests on', type: { kind: 'text' } },
    { name: 'validUntil', label: 'Holds until', hint: 'From the day after it counts as not evaluated', type: { kind: 'day' } },
    { name: 'documentSha256', label: 'Digest of a document', hint: DIGEST_HINT, type: { kind: 'line' }, isOptional: true },
  ],
  appointment: [
    { name: 'role', label: 'Role', type: { kind: 'choice', choices: ROLES.map((value) => ({ value, text: ROLE_WORDS[value] })) } },
    { name: 'person', label: 'Name', type: { kind: 'line' } },
    { name: 'position', label: 'Position in the organisation', type: { kind: 'line' } },
    { name: 'acceptedOn', label: 'Accepted on', hint: 'Leave empty when the person has not accepted yet', type: { kind: 'day' }, isOptional: true },
    { name: 'reviewBy', label: 'To be reviewed by', type: { kind: 'day' } },
  ],
  review: [
    { name: 'review', label: 'What was reviewed', type: { kind: 'choice', choices: REVIEWS.map((value) => ({ value, text: REVIEW_WORDS[value] })) } },
    { name: 'by', label: 'By whom', type: { kind: 'line' } },
    { name: 'heldOn', label: 'Held on', type: { kind: 'day' } },
    { name: 'findings', label: 'What was found and decided', type: { kind: 'text' } },
    { name: 'nextBy', label: 'Next review by', type: { kind: 'day' } },
    { name: 'documentSha256', label: 'Digest of the minutes', hint: DIGEST_HINT, type: { kind: 'line' }, isOptional: true },
  ],
  policy: [
    { name: 'name', label: 'Name', hint: 'Small letters, digits and hyphens, such as moderation-policy', type: { kind: 'slug' } },
    { name: 'version', label: 'Version', type: { kind: 'line' } },
    { name: 'about', label: 'What it governs, and where it is kept', type: { kind: 'text' } },
    { name: 'inForceFrom', label: 'In force from', type: { kind: 'day' } },
    { name: 'reviewBy', label: 'To be reviewed by', type: { kind: 'day' } },
    { name: 'documentSha256', label: 'Digest of the document', hint: DIGEST_HINT, type: { kind: 'line' } },
  ],
  training: [
    { name: 'group', label: 'Group', hint: 'Small letters, digits and hyphens, such as moderators', type: { kind: 'slug' } },
    { name: 'content', label: 'What was taught', type: { kind: 'text' } },
    { name: 'due', label: 'How many people need it', type: { kind: 'count' } },
    { name: 'current', label: 'How many have it', type: { kind: 'count' } },
    { name: 'heldOn', label: 'Held on', type: { kind: 'day' } },
    { name: 'nextBy', label: 'To be repeated by', type: { kind: 'day' } },
  ],
  change: [
    { name: 'name', label: 'Name', hint: 'Small letters, digits and hyphens, such as group-video', type: { kind: 'slug' } },
    { name: 'what', label: 'What changes', type: { kind: 'text' } },
    { name: 'changesOn', label: 'Takes effect on', type: { kind: 'day' } },
    {
      name: 'assessedOn',
      label: 'Assessed on',
      hint: 'Leave empty when it was not assessed. Sign a new version when it was.',
      type: { kind: 'day' },
      isOptional: true,
    },
    { name: 'assessment', label: 'Where the assessment is', hint: 'Such as the id of a signed risk assessment', type: { kind: 'text' }, isOptional: true },
  ],
  registration: [
    { name: 'authority', label: 'Authority', hint: 'Small letters, digits and hyphens, such as nca', type: { kind: 'slug' } },
    { name: 'registeredOn', label: 'Registered on', type: { kind: 'day' } },
    { name: 'testedOn', label: 'Last tested on', hint: 'When somebody last saw that a report can be sent', type: { kind: 'day' } },
    { name: 'nextTestBy', label: 'Next test by', type: { kind: 'day' } },
    { name: 'note', label: 'Note', type: { kind: 'text' }, isOptional: true },
  ],
};

/** As a form or a command line sends it -> what the schema of the kind then judges. */
export function toBody(kind: BodyKind, given: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(FIELDS[kind].map((field) => [field.name, toValue(field, (given[field.name] ?? '').trim())]));
}

function toValue({ type, isOptional }: RecordField, text: string): unknown {
  if (type.kind === 'figure') return readFigure(text);
  if (type.kind === 'count') return /^\d{1,9}$/.test(text) ? Number(text) : text;
  if (text === '' && isOptional === true) return type.kind === 'text' ? '' : null;
  return text;
}

function readFigure(text: string): unknown {
  const word = text.toLowerCase();
  if (word === 'yes' || word === 'true') return true;
  if (word === 'no' || word === 'false') return false;
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

/** The other way round: into the controls of a form. */
export function fromBody(kind: BodyKind, body: unknown): Record<string, string> {
  return Object.fromEntries(FIELDS[kind].map(({ name }) => [name, formatMember(Reflect.get(Object(body), name))]));
}

export function formatMember(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** A member as it is read: choices in words. */
export function describeMember({ type }: RecordField, value: unknown): string {
  const text = formatMember(value);
  return (type.kind === 'choice' ? type.choices.find((choice) => choice.value === text)?.text : undefined) ?? text;
}
