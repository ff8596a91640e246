/** The console's questionnaire: an overview, one page for each section, and who answered what when. */
import { z } from 'zod';
import { GatehouseError, isGatehouseError } from '../../platform/errors.ts';
import { html, seeOther, type Answer } from '../../platform/http/reply.ts';
import { definePage, type Route } from '../../platform/http/route.ts';
import type { CatalogueService } from '../catalogue/schema.ts';
import { renderHistoryPage } from './history-page.tsx';
import { findNextSection, findSection, listChanged } from './question-rules.ts';
import { renderQuestionsPage } from './questions-page.tsx';
import type { QuestionsService } from './schema.ts';
import { renderSectionPage, type SectionView } from './section-page.tsx';

const HERE = '/console/code/questions';
const SectionParams = z.object({ section: z.string().max(40) });
const DoneQuery = z.object({ kept: z.coerce.number().int().min(0).max(999).optional().catch(undefined) });
/** As a browser sends it; the service judges it, so that faults are shown at the fields. */
const FormSchema = z.record(z.string().max(120), z.string().or(z.array(z.string()).transform((all) => all.at(-1) ?? '')));

interface PagesNeeds {
  readonly facts: QuestionsService;
  readonly catalogue: Pick<CatalogueService, 'current'>;
}

export function pages({ facts, catalogue }: PagesNeeds): readonly Route[] {
  return [questionsPage(facts), sectionPage(facts), answerForm(facts), historyPage(facts, catalogue)];
}

function questionsPage(facts: QuestionsService): Route {
  return definePage({
    method: 'get',
    path: HERE,
    right: 'code:read',
    summary: 'Questions about the service, and what follows from the answers',
    query: DoneQuery,
    async handle({ principal, query }) {
      return html(renderQuestionsPage({ questionnaire: await facts.questionnaire(), kept: query.kept }, principal));
    },
  });
}

function sectionPage(facts: QuestionsService): Route {
  return definePage({
    method: 'get',
    path: `${HERE}/{section}`,
    right: 'code:read',
    summary: 'The questions of one section',
    params: SectionParams,
    query: DoneQuery,
    async handle({ principal, params, query }) {
      return html(renderSectionPage({ ...(await view(facts, params.section)), kept: query.kept }, principal));
    },
  });
}

/** @throws {GatehouseError} `not_found` */
async function view(facts: QuestionsService, id: string): Promise<Pick<SectionView, 'section' | 'questionnaire' | 'questions'>> {
  const section = findSection(id);
  if (section === undefined) throw new GatehouseError('not_found', 'There is no such section of questions.');
  const questionnaire = await facts.questionnaire();
  return { section, questionnaire, questions: questionnaire.questions.filter((question) => question.section === section.id) };
}

function answerForm(facts: QuestionsService): Route {
  return definePage({
    method: 'post',
    path: `${HERE}/{section}`,
    right: 'code:manage',
    summary: 'Answer the questions of one section',
    params: SectionParams,
    body: FormSchema,
    async handle({ principal, params, body }): Promise<Answer> {
      const { section, questionnaire, questions } = await view(facts, params.section);
      const answers = listChanged(questions, body);
      try {
        if (answers.length > 0) await facts.answer(answers, { id: principal.id, name: principal.name });
      } catch (error) {
        if (!isGatehouseError(error, 'fact_invalid')) throw error;
        const errors = error.extras.errors ?? [];
        return html(renderSectionPage({ section, questionnaire, questions, sent: body, errors }, principal), { status: 400 });
      }
      const kept = `kept=${answers.length}`;
      if (body['then'] === 'stay') return seeOther(`${HERE}/${section.id}?${kept}`);
      const next = findNextSection((await facts.questionnaire()).sections, section.id);
      return seeOther(next === undefined ? `${HERE}?${kept}` : `${HERE}/${next}?${kept}`);
    },
  });
}

function historyPage(facts: QuestionsService, catalogue: PagesNeeds['catalogue']): Route {
  return definePage({
    method: 'get',
    path: `${HERE}/{section}/{fact}`,
    right: 'code:read',
    summary: 'Who answered a question what, and when',
    params: SectionParams.extend({ fact: z.string().max(80) }),
    async handle({ principal, params }) {
      const { section, questions } = await view(facts, params.section);
      const question = questions.find(({ fact }) => fact === params.fact);
      if (question === undefined) throw new GatehouseError('not_found', 'This section has no such question.');
      const deciding = (await facts.applicability()).filter(({ decidedBy }) => decidedBy.some(({ fact }) => fact === question.fact));
      const decides = deciding.map(({ control }) => ({ id: control, title: catalogue.current().control(control)?.control.title ?? control }));
      return html(renderHistoryPage({ section, question, history: await facts.historyView(question.fact), decides }, principal));
    },
  });
}
