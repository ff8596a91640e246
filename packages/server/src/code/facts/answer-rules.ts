/** Judges answers together, so that every fault is said at once. Pure. */
import type { FactDefinition } from '../catalogue/schema.ts';
import { readAnswer } from './question-rules.ts';
import { METHOD_MAX } from './question-schema.ts';
import type { FactValue } from './schema.ts';

export interface GivenAnswer {
  readonly fact: string;
  readonly value: FactValue | null;
  readonly method?: string | null | undefined;
}

export interface ReadAnswers {
  readonly answers: readonly { readonly fact: string; readonly value: FactValue | null; readonly method: string | null }[];
  /** `at` is the id of the fact. */
  readonly faults: readonly { readonly at: string; readonly message: string }[];
}

export function readAnswers(facts: ReadonlyMap<string, FactDefinition>, given: readonly GivenAnswer[]): ReadAnswers {
  const answers: ReadAnswers['answers'][number][] = [];
  const faults: ReadAnswers['faults'][number][] = [];
  const seen = new Set<string>();
  for (const { fact, value, method } of given) {
    const definition = facts.get(fact);
    const read = definition === undefined ? { fault: 'The catalogue in use has no such question.' } : readAnswer(definition, value);
    if (seen.has(fact)) faults.push({ at: fact, message: 'It is answered twice.' });
    else if ('fault' in read) faults.push({ at: fact, message: read.fault });
    else if (method !== undefined && method !== null && method.length > METHOD_MAX)
      faults.push({ at: fact, message: `Say in at most ${METHOD_MAX} characters how it was found out.` });
    else answers.push({ fact, value: read.value, method: method === undefined || method === '' ? null : method });
    seen.add(fact);
  }
  return { answers, faults };
}
