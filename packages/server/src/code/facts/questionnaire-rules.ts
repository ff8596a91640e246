/** The questionnaire as it is shown: each question with what was said, by whom, and how many measures wait for it. Pure. */
import type { FactDefinition } from '../catalogue/schema.ts';
import type { LoadedCatalogue } from '../catalogue/schema.ts';
import type { Model } from './condition-schema.ts';
import { countDecided, listNext, listOptions, SECTIONS, summariseSections } from './question-rules.ts';
import type { Question, Questionnaire, SaidView } from './question-schema.ts';
import type { Applicability, FactsState, SaidFact } from './schema.ts';
import { describeValue } from './wording-rules.ts';

export interface QuestionnaireInput extends FactsState {
  readonly loaded: LoadedCatalogue;
  readonly model: Model;
  readonly found: readonly SaidFact[];
  readonly applicability: readonly Applicability[];
  /** What people said last, which may be that they take it back. */
  readonly byPeople: ReadonlyMap<string, SaidFact>;
}

export function toQuestionnaire(input: QuestionnaireInput): Questionnaire {
  const { loaded, model, values, digest, applicability } = input;
  const decides = countDecided(applicability);
  const found = new Map(input.found.map((one) => [one.fact, one]));
  const ordered = SECTIONS.flatMap(({ id }) => [...model.facts.values()].filter(({ section }) => section === id));
  const questions = ordered.flatMap((definition): Question[] => {
    const { id, type } = definition;
    if (type.kind === 'derived') return [];
    const view = (one: SaidFact | undefined): SaidView | null => (one === undefined ? null : toSaidView(definition, one));
    return [
      {
        fact: id,
        section: definition.section,
        question: definition.question,
        help: definition.help,
        type: type.kind,
        options: [...listOptions(definition)],
        value: values.get(id) ?? null,
        said: view(input.byPeople.get(id)),
        found: view(found.get(id)),
        decides: decides.get(id) ?? 0,
      },
    ];
  });
  const derived = ordered.flatMap(({ id, section, question, type }) =>
    type.kind === 'derived' ? [{ fact: id, section, question, value: toYesNo(values.get(id)) }] : [],
  );
  const undecided = applicability.filter(({ outcome }) => outcome === 'undecided').length;
  return {
    catalogueVersion: loaded.catalogue.version,
    digest,
    sections: summariseSections(questions),
    questions,
    derived,
    next: listNext(questions),
    decided: applicability.length - undecided,
    undecided,
  };
}

function toYesNo(value: unknown): boolean | null {
  return typeof value === 'boolean' ? value : null;
}

export function toSaidView(definition: FactDefinition, { value, origin, saidBy, saidName, saidAt, method }: SaidFact): SaidView {
  return { value, text: describeValue(definition, value), origin, saidBy, saidName: saidName ?? null, saidAt: saidAt.toISOString(), method };
}
