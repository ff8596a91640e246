/** Which questions are asked in which order, and what counts as an answer. Pure. */
import type { FactDefinition } from '../catalogue/schema.ts';
import type { Answer, Question, Section, SectionId } from './question-schema.ts';
import { LEVELS, type Applicability, type FactValue } from './schema.ts';
import { listValues } from './test-rules.ts';
import { describeValue, joinWords } from './wording-rules.ts';

/** In the order in which they are asked: what decides most comes first. */
export const SECTIONS: readonly { readonly id: SectionId; readonly title: string; readonly about: string }[] = [
  { id: 'service', title: 'The service', about: 'What it is and whom it belongs to.' },
  { id: 'size', title: 'Users', about: 'How many people use it in the United Kingdom.' },
  { id: 'functions', title: 'What people can do', about: 'Functions that people find in it.' },
  { id: 'children', title: 'Children', about: 'Whether children are likely to use it, and what content you allow.' },
  { id: 'illegal_risks', title: 'Risks of illegal content', about: 'The levels that your risk assessment found. A signed assessment answers these.' },
  { id: 'child_risks', title: 'Risks to children', about: 'The levels that your children’s risk assessment found. A signed assessment answers these.' },
  { id: 'age', title: 'Age checks', about: 'How you find out how old people are.' },
  { id: 'technology', title: 'Technology', about: 'What is checked by machines, and what can be.' },
  { id: 'abroad', title: 'Outside the United Kingdom', about: 'Users, providers and services elsewhere.' },
  { id: 'status', title: 'Status', about: 'What Ofcom has decided about the service.' },
];

export function findSection(id: string): (typeof SECTIONS)[number] | undefined {
  return SECTIONS.find((section) => section.id === id);
}

export type ReadAnswer = { readonly value: FactValue | null } | { readonly fault: string };

const UNKNOWN_WORDS = new Set(['', 'unknown', '?']);
const YES = new Set(['yes', 'true']);
const NO = new Set(['no', 'false']);

/** Values as they are, and as people write them: `yes`, `20,000`, `Medium`. */
export function readAnswer(definition: FactDefinition, given: FactValue | null): ReadAnswer {
  const { type } = definition;
  if (type.kind === 'derived') return { fault: 'This follows from other answers and cannot be answered itself.' };
  if (given === null) return { value: null };
  const text = typeof given === 'string' ? given.trim() : undefined;
  if (text !== undefined && UNKNOWN_WORDS.has(text.toLowerCase())) return { value: null };
  if (type.kind === 'yes_no') return readYesNo(given, text?.toLowerCase());
  if (type.kind === 'number') return readNumber(given, type);
  const value = listValues(definition).find((one) => one === (type.kind === 'level' ? text?.toLowerCase() : text));
  return value === undefined ? { fault: `Choose ${joinWords(describeOptions(definition), 'or')}.` } : { value };
}

function readYesNo(given: FactValue, text: string | undefined): ReadAnswer {
  if (typeof given === 'boolean') return { value: given };
  if (text !== undefined && (YES.has(text) || NO.has(text))) return { value: YES.has(text) };
  return { fault: 'Answer yes, no or unknown.' };
}

const NUMBER = /^-?(?:[0-9]+|[0-9]{1,3}(?:[, ][0-9]{3})+)(?:\.[0-9]+)?$/;

function readNumber(given: FactValue, { min, max }: { readonly min: number; readonly max: number }): ReadAnswer {
  const number = typeof given === 'string' && NUMBER.test(given.trim()) ? Number(given.replaceAll(/[, ]/g, '')) : given;
  if (typeof number !== 'number' || !Number.isFinite(number)) return { fault: 'Enter a number, such as 20,000.' };
  if (number < min || number > max) return { fault: `Enter a number from ${min.toLocaleString('en-GB')} to ${max.toLocaleString('en-GB')}.` };
  return { value: number };
}

function describeOptions(definition: FactDefinition): string[] {
  return listValues(definition).map((value) => (definition.type.kind === 'choice' ? `${String(value)} (${describeValue(definition, value)})` : String(value)));
}

/** For radios. */
export function listOptions({ type }: FactDefinition): Question['options'] {
  if (type.kind === 'level') return LEVELS.map((value) => ({ value, text: `${value.slice(0, 1).toUpperCase()}${value.slice(1)}` }));
  return type.kind === 'choice' ? type.options.map(({ value, label }) => ({ value, text: label })) : [];
}

/** For how many measures somebody waits for this answer. */
export function countDecided(applicability: readonly Applicability[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { missing } of applicability) for (const fact of missing) counts.set(fact, (counts.get(fact) ?? 0) + 1);
  return counts;
}

/** Not answered and needed; those first for which most measures wait. Nothing is asked that nobody waits for. */
export function listNext(questions: readonly Question[]): string[] {
  return questions
    .filter(isOpen)
    .toSorted((a, b) => b.decides - a.decides)
    .map(({ fact }) => fact);
}

export function isOpen({ value, decides }: Question): boolean {
  return value === null && decides > 0;
}

export function summariseSections(questions: readonly Question[]): Section[] {
  return SECTIONS.flatMap(({ id, title }) => {
    const own = questions.filter(({ section }) => section === id);
    if (own.length === 0) return [];
    const answered = own.filter(({ value }) => value !== null).length;
    const open = own.filter(isOpen).length;
    return [{ id, title, answered, open, notNeeded: own.length - answered - open }];
  });
}

/** Where to go on: the next section with something open after this one, around the end. */
export function findNextSection(sections: readonly Section[], after: string | undefined): SectionId | undefined {
  const from = sections.findIndex(({ id }) => id === after) + 1;
  return [...sections.slice(from), ...sections.slice(0, Math.max(0, from - 1))].find(({ open }) => open > 0)?.id;
}

/** As a browser sends it, by name. */
export type Sent = Readonly<Record<string, string>>;

/** The name of the field that asks how an answer was found out. Only numbers have one. */
export function methodName({ fact }: Pick<Question, 'fact'>): string {
  return `${fact}--method`;
}

/** What stands in the form before anybody changes it: what people said. */
export function toFormValue({ said }: Question): string {
  const value = said?.value ?? null;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return value === null ? '' : String(value);
}

/** Answers that are other ones than before: sending a page again says nothing anew. */
export function listChanged(questions: readonly Question[], sent: Sent): Answer[] {
  return questions.flatMap((question) => {
    const text = sent[question.fact]?.trim();
    const method = question.type === 'number' ? (sent[methodName(question)] ?? '').trim() : '';
    if (text === undefined || isAsBefore(question, text, method)) return [];
    return [{ fact: question.fact, value: text === '' ? null : text, ...(method === '' ? {} : { method }) }];
  });
}

function isAsBefore(question: Question, text: string, method: string): boolean {
  if (text !== toFormValue(question)) return false;
  return question.type !== 'number' || text === '' || method === (question.said?.method ?? '');
}
