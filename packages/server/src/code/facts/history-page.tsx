/** Who answered a question what, and when; and which measures hang on the answer. */
import type { Principal } from '../../platform/http/rights.ts';
import { Table, Tag, Time, Title } from '../../platform/ui/components.tsx';
import { renderCodePage } from '../pages/frame.tsx';
import type { SECTIONS } from './question-rules.ts';
import type { Question, SaidView } from './question-schema.ts';

const HERE = '/console/code/questions';
const ORIGINS: Readonly<Record<SaidView['origin'], string>> = {
  answer: 'an answer',
  assessment: 'a signed risk assessment',
  system: 'found by Gatehouse',
};

export interface HistoryView {
  readonly section: (typeof SECTIONS)[number];
  readonly question: Question;
  /** Newest first. */
  readonly history: readonly SaidView[];
  /** Measures that are decided by this answer, among others. */
  readonly decides: readonly { readonly id: string; readonly title: string }[];
}

export function renderHistoryPage({ section, question, history, decides }: HistoryView, principal: Principal): string {
  const counting = question.said !== null && question.said.value !== null ? question.said : question.found;
  return renderCodePage({
    title: question.question,
    principal,
    section: 'questions',
    breadcrumbs: [
      { text: 'Questions about the service', href: HERE },
      { text: section.title, href: `${HERE}/${section.id}` },
    ],
    children: (
      <>
        <Title caption={section.title}>{question.question}</Title>
        <p>
          Fact <code>{question.fact}</code>. <a href={`${HERE}/${section.id}#${question.fact}`}>Answer it</a>
        </p>
        <h2>Answers</h2>
        <Table
          caption="Answers to this question, newest first"
          isCaptionHidden
          columns={[
            { heading: 'When', isRowHeading: true, cell: ({ saidAt }) => <Time iso={saidAt} /> },
            {
              heading: 'Answer',
              cell: (one) => (
                <>
                  {one.value === null ? 'left open' : one.text}{' '}
                  {one.saidAt === counting?.saidAt && one.origin === counting.origin ? <Tag colour="green">counts</Tag> : null}
                </>
              ),
            },
            { heading: 'By', cell: ({ saidName, saidBy }) => saidName ?? saidBy },
            { heading: 'As', cell: ({ origin }) => ORIGINS[origin] },
            { heading: 'How it was found', cell: ({ method }) => method ?? 'not said' },
          ]}
          rows={history}
          empty="Nobody has answered it."
        />
        <h2>Measures that this answer decides, among others</h2>
        {decides.length === 0 ? (
          <p>None, as things stand.</p>
        ) : (
          <ul>
            {decides.map(({ id, title }) => (
              <li>
                <a href={`/console/code/measures/${id}`}>{title}</a> <span class="quiet">{id}</span>
              </li>
            ))}
          </ul>
        )}
      </>
    ),
  });
}
