/** `/console/code/questions`: how far the questionnaire is, what to answer next, and what follows. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Principal } from '../../platform/http/rights.ts';
import { Figures, formatCount, formatNumber, LinkButton, NotificationBanner, Table, Title } from '../../platform/ui/components.tsx';
import { renderCodePage } from '../pages/frame.tsx';
import { findNextSection } from './question-rules.ts';
import type { Questionnaire } from './question-schema.ts';

const HERE = '/console/code/questions';
const NEXT_SHOWN = 5;

export interface QuestionsView {
  readonly questionnaire: Questionnaire;
  /** So many answers were kept just now. */
  readonly kept: number | undefined;
}

export function renderQuestionsPage({ questionnaire, kept }: QuestionsView, principal: Principal): string {
  const next = findNextSection(questionnaire.sections, undefined);
  const hasAnswers = questionnaire.sections.some(({ answered }) => answered > 0);
  return renderCodePage({
    title: 'Questions about the service',
    principal,
    section: 'questions',
    children: (
      <>
        {kept === undefined ? null : <Kept count={kept} />}
        <Title caption="Code of practice">Questions about the service</Title>
        <p class="lead">
          The answers decide which measures are asked of this service. “I do not know” is an answer: what is unknown is never taken for no, and the measures
          that hang on it stay undecided.
        </p>
        <Figures items={listFigures(questionnaire)} />
        {next === undefined ? (
          <p>Nothing is open: no measure waits for an answer.</p>
        ) : (
          <LinkButton href={`${HERE}/${next}`}>{hasAnswers ? 'Go on' : 'Begin'}</LinkButton>
        )}
        <Sections questionnaire={questionnaire} />
        <NextQuestions questionnaire={questionnaire} />
        <Derived questionnaire={questionnaire} />
      </>
    ),
  });
}

export function Kept({ count }: { readonly count: number }): JSX.Element {
  return (
    <NotificationBanner kind="success">
      <p>{count === 0 ? 'Nothing was changed.' : `${formatCount(count, 'answer')} kept, with your name and the time.`}</p>
    </NotificationBanner>
  );
}

function listFigures({ sections, decided, undecided }: Questionnaire): Parameters<typeof Figures>[0]['items'] {
  const sum = (member: 'answered' | 'open' | 'notNeeded'): number => sections.reduce((total, section) => total + section[member], 0);
  return [
    { label: 'Answered', value: formatNumber(sum('answered')), note: 'questions' },
    { label: 'Open', value: formatNumber(sum('open')), note: `${formatNumber(sum('notNeeded'))} more that nothing waits for` },
    { label: 'Measures decided', value: formatNumber(decided), href: '/console/code' },
    { label: 'Measures undecided', value: formatNumber(undecided), href: '/console/code?outcome=undecided' },
  ];
}

function Sections({ questionnaire }: { readonly questionnaire: Questionnaire }): JSX.Element {
  return (
    <section>
      <h2>Sections</h2>
      <Table
        caption="Sections of the questionnaire"
        isCaptionHidden
        columns={[
          { heading: 'Section', isRowHeading: true, cell: ({ id, title }) => <a href={`${HERE}/${id}`}>{title}</a> },
          { heading: 'Answered', isNumeric: true, cell: ({ answered }) => formatNumber(answered) },
          { heading: 'Open', isNumeric: true, cell: ({ open }) => formatNumber(open) },
          { heading: 'Not needed now', isNumeric: true, cell: ({ notNeeded }) => formatNumber(notNeeded) },
        ]}
        rows={questionnaire.sections}
        empty="The catalogue asks nothing."
      />
    </section>
  );
}

function NextQuestions({ questionnaire: { next, questions } }: { readonly questionnaire: Questionnaire }): JSX.Element | null {
  const rows = next.slice(0, NEXT_SHOWN).flatMap((fact) => questions.find((question) => question.fact === fact) ?? []);
  if (rows.length === 0) return null;
  return (
    <section>
      <h2>What decides most</h2>
      <ol>
        {rows.map(({ fact, section, question, decides }) => (
          <li>
            <a href={`${HERE}/${section}#${fact}`}>{question}</a> <span class="quiet">{formatCount(decides, 'measure')} wait for it</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Derived({ questionnaire: { derived } }: { readonly questionnaire: Questionnaire }): JSX.Element {
  return (
    <section>
      <h2>What follows from the answers</h2>
      <Table
        caption="Facts that follow from the answers"
        isCaptionHidden
        columns={[
          { heading: 'Fact', isRowHeading: true, cell: ({ question }) => question },
          { heading: 'Answer', cell: ({ value }) => (value === null ? 'not known yet' : value ? 'yes' : 'no') },
        ]}
        rows={derived}
        empty="Nothing does."
      />
    </section>
  );
}
