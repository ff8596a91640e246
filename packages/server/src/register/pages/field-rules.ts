/** What each member of a change is called and how it is asked for: one table for forms, reviews and what an error points at. */
import { ACTION_KINDS, CLAIMANTS, RESPONSE_CLASSES, STATUSES, type Change } from '../model/schema.ts';
import { CLASS_WORDS, STATUS_WORDS } from '../model/status-rules.ts';

export type FieldType =
  | { readonly kind: 'line' }
  | { readonly kind: 'text' }
  | { readonly kind: 'day' }
  /** One on each line. */
  | { readonly kind: 'list' }
  | { readonly kind: 'yes' }
  | { readonly kind: 'choice'; readonly choices: readonly { readonly value: string; readonly text: string }[] }
  /** One of the actions of the recommendation. */
  | { readonly kind: 'action' };

export interface ChangeField {
  /** Where it stands in the body. */
  readonly path: readonly string[];
  readonly label: string;
  readonly hint?: string;
  readonly type: FieldType;
  /** Left empty it is null. */
  readonly isOptional?: true;
}

export const KIND_WORDS: Readonly<Record<Change['kind'], { readonly title: string; readonly about: string }>> = {
  register: { title: 'Register', about: 'A report with recommendations, and when a response to it was due.' },
  recommendation: { title: 'Recommendation', about: 'What was recommended, and to whom.' },
  response: { title: 'Response', about: 'What somebody to whom it was addressed said. Lateness is worked out from the dates.' },
  action: { title: 'Action', about: 'What somebody does about it.' },
  milestone: { title: 'Milestone', about: 'A step of an action with its day. Older days stay visible.' },
  status: { title: 'Claim about the status', about: 'What the government, the register or an independent body says. The three are never merged.' },
};

export const CLAIMANT_WORDS: Readonly<Record<(typeof CLAIMANTS)[number], string>> = {
  government: 'the government, or whoever it was addressed to',
  register: 'this register',
  independent: 'an independent body',
};
const ACTION_WORDS: Readonly<Record<(typeof ACTION_KINDS)[number], string>> = {
  law: 'law',
  policy: 'policy',
  funding: 'funding',
  international: 'international',
  tool: 'tool',
  other: 'other',
};

const choose = <Value extends string>(values: readonly Value[], words: Readonly<Record<Value, string>>): FieldType => ({
  kind: 'choice',
  choices: values.map((value) => ({ value, text: words[value] })),
});
const line = (path: string, label: string, more: Partial<ChangeField> = {}): ChangeField => ({ path: path.split('.'), label, type: { kind: 'line' }, ...more });
const text = (path: string, label: string, more: Partial<ChangeField> = {}): ChangeField => ({ path: path.split('.'), label, type: { kind: 'text' }, ...more });
const day = (path: string, label: string, more: Partial<ChangeField> = {}): ChangeField => ({ path: path.split('.'), label, type: { kind: 'day' }, ...more });
const list = (path: string, label: string, hint = 'One on each line'): ChangeField => ({ path: path.split('.'), label, hint, type: { kind: 'list' } });
const optional = { isOptional: true } as const;

function sourceFields(prefix: string): readonly ChangeField[] {
  return [
    line(`${prefix}.url`, 'Source: address'),
    line(`${prefix}.publisher`, 'Source: publisher'),
    line(`${prefix}.title`, 'Source: title'),
    line(`${prefix}.licence`, 'Source: licence', optional),
    day(`${prefix}.retrievedAt`, 'Source: retrieved on'),
    line(`${prefix}.sha256`, 'Source: digest of the document', { ...optional, hint: 'SHA-256, 64 hexadecimal digits, if the document was kept' }),
    line(`${prefix}.archivedUrl`, 'Source: address in an archive', optional),
    text(`${prefix}.quote.exact`, 'Source: the sentence, word for word', { hint: 'Leave empty when the wording is yours' }),
    line(`${prefix}.quote.prefix`, 'Source: a few words before it'),
    line(`${prefix}.quote.suffix`, 'Source: a few words behind it'),
  ];
}

const SOURCE = sourceFields('source');
const FORCE = { yes: 'in force', partly: 'in force in part', no: 'not in force', unknown: 'not known' } as const;

const FIELDS: Readonly<Record<Change['kind'], readonly ChangeField[]>> = {
  register: [
    line('id', 'Short name', { hint: 'Small letters, digits and hyphens; part of the permanent address' }),
    line('title', 'Title'),
    line('inquiry', 'Inquiry'),
    line('publisher', 'Publisher'),
    day('publishedAt', 'Published on'),
    day('responseDueAt', 'Response due on', optional),
    line('licence', 'Licence of the texts', optional),
    ...SOURCE,
  ],
  recommendation: [
    line('register', 'Register', { hint: 'Its short name' }),
    line('number', 'Number', { hint: 'As the publisher numbers it; part of the permanent address' }),
    line('title', 'Title'),
    text('text', 'Text'),
    { path: ['isVerbatim'], label: 'The text is the publisher’s, word for word', type: { kind: 'yes' } },
    list('addressees', 'Addressed to'),
    list('themes', 'Themes', 'One on each line, in small letters with hyphens'),
    list('relatedTo', 'Related recommendations'),
    text('gatehouse.text', 'What Gatehouse does about it', { hint: 'Leave empty when it does nothing' }),
    list('gatehouse.measures', 'Measures of the code', 'Their ids, one on each line'),
    list('gatehouse.checks', 'Checks', 'Their names, one on each line'),
  ],
  response: [
    line('by', 'By'),
    day('date', 'Day'),
    { path: ['class'], label: 'Class', type: choose(RESPONSE_CLASSES, CLASS_WORDS) },
    line('classAsPublished', 'The publisher’s own word for it', optional),
    text('text', 'What it says'),
    ...SOURCE,
  ],
  action: [
    line('owner', 'Owner'),
    { path: ['kind'], label: 'Kind', type: choose(ACTION_KINDS, ACTION_WORDS) },
    line('title', 'Title'),
    day('from', 'From', optional),
    day('to', 'To', optional),
    line('legislation.identifier', 'Law: its identifier', { hint: 'Such as 2023 c. 50. Leave empty when it is no law.' }),
    line('legislation.jurisdiction', 'Law: where it applies', { hint: 'Such as GB' }),
    { path: ['legislation', 'inForce'], label: 'Law: in force', type: choose(['unknown', 'yes', 'partly', 'no'], FORCE) },
    line('legislation.url', 'Law: address', optional),
    ...SOURCE,
  ],
  milestone: [
    { path: ['action'], label: 'Action', type: { kind: 'action' } },
    line('title', 'Title'),
    day('dueAt', 'Due on'),
    day('doneAt', 'Done on', optional),
  ],
  status: [
    { path: ['by'], label: 'Whose claim', type: choose(CLAIMANTS, CLAIMANT_WORDS) },
    line('claimant', 'Name of the claimant'),
    { path: ['status'], label: 'Status', type: choose(STATUSES, STATUS_WORDS) },
    day('asOf', 'As of'),
    text('text', 'In words'),
  ],
};

const EVIDENCE_KINDS = {
  document: 'a document',
  statement: 'a statement',
  legislation: 'a law',
  dataset: 'a dataset',
  check: 'a check of this register',
} as const;
const SHOWS = { effect: 'that something changed for children', activity: 'that something is being done', reply: 'that somebody said something' } as const;

function evidenceFields(index: number): readonly ChangeField[] {
  const at = `basis.${index}`;
  const name = `Evidence ${index + 1}`;
  const own: readonly ChangeField[] = [
    { path: ['basis', String(index), 'kind'], label: 'Kind', type: choose(['document', 'statement', 'legislation', 'dataset', 'check'], EVIDENCE_KINDS) },
    { path: ['basis', String(index), 'shows'], label: 'It shows', type: choose(['reply', 'activity', 'effect'], SHOWS) },
    text(`${at}.text`, 'What it is', { hint: 'Leave empty when there is no such evidence' }),
    line(`${at}.check`, 'Name of the check', optional),
    ...sourceFields(`${at}.source`),
  ];
  return own.map((field) => ({ ...field, label: `${name}. ${field.label}` }));
}

export const EVIDENCE_MAX = 8;

/** @param evidence so many pieces of evidence are asked for, of claims */
export function fieldsOf(kind: Change['kind'], evidence = 0): readonly ChangeField[] {
  if (kind !== 'status') return FIELDS[kind];
  return [...FIELDS.status, ...Array.from({ length: Math.min(evidence, EVIDENCE_MAX) }, (_none, index) => evidenceFields(index)).flat()];
}

/** The name of its control, and its id on the page. */
export function nameOf({ path }: Pick<ChangeField, 'path'>): string {
  return path.join('-');
}
