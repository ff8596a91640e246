/** `/console/age/evidence`: metrics by criterion, the weeks, the self-test, the written record, the form for a review. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FieldError } from '../../platform/errors.ts';
import type { Principal } from '../../platform/http/rights.ts';
import {
  Button,
  Details,
  ErrorSummary,
  Field,
  Form,
  formatTime,
  Inset,
  LinkButton,
  NotificationBanner,
  Table,
  Tag,
  TextArea,
  Time,
  Title,
  type Column,
  type TagColour,
} from '../../platform/ui/components.tsx';
import { renderPage } from '../../platform/ui/page.tsx';
import { WeekChart } from './chart-page.tsx';
import { CRITERIA, type MetricState } from './definition-schema.ts';
import { formatFigure, formatThreshold, formatValue, nameCriterion } from './export-rules.ts';
import type { SelfTest } from './lab-schema.ts';
import type { EvidenceView } from './metric-schema.ts';
import { RecordSection } from './record-page.tsx';
import type { RecordView, Verification } from './record-schema.ts';
import type { ChartWeek } from './weekly-rules.ts';

export type ReviewForm = Readonly<Record<'reviewer' | 'reviewedOn' | 'text' | 'nextReviewOn' | 'dpiaUrl', string>>;

export interface EvidencePageView {
  readonly evidence: EvidenceView;
  readonly verification: Verification;
  readonly selfTest: SelfTest | undefined;
  readonly entries: readonly RecordView[];
  readonly older: string | undefined;
  readonly hasStatement: boolean;
  readonly done: 'review' | 'self-test' | undefined;
  readonly form: ReviewForm | undefined;
  readonly errors: readonly FieldError[];
}

const DONE = { review: 'The review was written into the record.', 'self-test': 'The self-test was run.' } as const;

export function renderEvidencePage(view: EvidencePageView, principal: Principal): string {
  const { evidence, done, errors } = view;
  return renderPage({
    title: 'Age: evidence',
    principal,
    current: 'age-evidence',
    hasErrors: errors.length > 0,
    children: (
      <>
        <ErrorSummary errors={errors} />
        {done === undefined ? null : <NotificationBanner kind="success">{DONE[done]}</NotificationBanner>}
        <Title>Age: evidence</Title>
        <p class="lead">{evidence.about}</p>
        <p>
          Counted without persons. No figure is about fewer than {evidence.k} checks, and none from which one could be worked out: those are withheld.
          {view.hasStatement ? (
            <>
              {' '}
              <a href="/age/statement">The public statement</a>
            </>
          ) : null}
        </p>
        <Counts metrics={evidence.metrics} />
        {CRITERIA.map((criterion) => (
          <CriterionSection criterion={criterion} metrics={evidence.metrics} />
        ))}
        <Weeks weeks={evidence.weekly} />
        <SelfTestSection selfTest={view.selfTest} principal={principal} />
        <RecordSection view={view} />
        {principal.rights.has('age:manage') ? <ReviewSection view={view} principal={principal} /> : null}
      </>
    ),
  });
}

const STATES: Readonly<Record<MetricState, { readonly text: string; readonly colour: TagColour }>> = {
  pass: { text: 'Pass', colour: 'green' },
  fail: { text: 'Fail', colour: 'red' },
  attention: { text: 'Attention', colour: 'yellow' },
  not_evaluated: { text: 'Not evaluated', colour: 'grey' },
};

function Counts({ metrics }: { readonly metrics: EvidenceView['metrics'] }): JSX.Element {
  const count = (state: MetricState): number => metrics.filter((metric) => metric.state === state).length;
  return (
    <Inset>
      <p>
        {metrics.length} metrics: {count('pass')} pass, {count('attention')} need attention, {count('fail')} fail, {count('not_evaluated')} are not evaluated.
        Not evaluated is not a pass.
      </p>
    </Inset>
  );
}

type Metric = EvidenceView['metrics'][number];

const COLUMNS: readonly Column<Metric>[] = [
  { heading: 'Metric', isRowHeading: true, cell: ({ title }) => title },
  { heading: 'State', cell: ({ state }) => <Tag colour={STATES[state].colour}>{STATES[state].text}</Tag> },
  { heading: 'Value', isNumeric: true, cell: (metric) => formatValue(metric) },
  { heading: 'Why', cell: (metric) => <Why metric={metric} /> },
  { heading: 'Threshold', cell: (metric) => formatThreshold(metric) },
];

function Why({ metric }: { readonly metric: Metric }): JSX.Element {
  const { reason, definition, window, rows, unit, id } = metric;
  const rowUnit = unit === 'points' ? 'share' : unit;
  return (
    <>
      {reason}
      <Details
        summary={
          <>
            About<span class="visually-hidden"> {metric.title}</span>
          </>
        }
      >
        <p>{definition}</p>
        <p>
          From: {window}. <code>{id}</code>
        </p>
        {rows.length === 0 ? null : (
          <ul>
            {rows.map((row) => (
              <li>
                {row.label}
                {row.isWithheld ? ': withheld' : row.value === null ? '' : `: ${formatFigure(row.value, rowUnit)}`}
                {row.numerator === null || row.denominator === null ? '' : ` (${row.numerator} of ${row.denominator})`}
              </li>
            ))}
          </ul>
        )}
      </Details>
    </>
  );
}

function CriterionSection({ criterion, metrics }: { readonly criterion: (typeof CRITERIA)[number]; readonly metrics: EvidenceView['metrics'] }): JSX.Element {
  const title = nameCriterion(criterion);
  return (
    <section aria-labelledby={criterion}>
      <h2 id={criterion}>{title}</h2>
      <Table
        caption={title}
        isCaptionHidden
        columns={COLUMNS}
        rows={metrics.filter((metric) => metric.criterion === criterion)}
        empty="There is no metric for this criterion."
      />
    </section>
  );
}

const WEEK_COLUMNS: readonly Column<ChartWeek>[] = [
  { heading: 'Week from', isRowHeading: true, cell: ({ week }) => week },
  { heading: 'Answered', isNumeric: true, cell: ({ share }) => (share === null ? 'withheld' : formatFigure(share, 'share')) },
];

function Weeks({ weeks }: { readonly weeks: readonly ChartWeek[] }): JSX.Element {
  return (
    <section aria-labelledby="weeks">
      <h2 id="weeks">Answers by week</h2>
      {weeks.length === 0 ? (
        <p>There is no whole week of counts yet.</p>
      ) : (
        <>
          <p>Of the checks whose page was opened, the share that ended with yes or no, from 0 at the lowest line to 100 % at the highest.</p>
          <WeekChart weeks={weeks} label="Share of checks that ended with yes or no, by week; the table below has the figures" />
          <Details summary="The same as a table">
            <Table caption="Answers by week" isCaptionHidden columns={WEEK_COLUMNS} rows={weeks} empty="" />
          </Details>
        </>
      )}
    </section>
  );
}

function SelfTestSection({ selfTest, principal }: { readonly selfTest: SelfTest | undefined; readonly principal: Principal }): JSX.Element {
  return (
    <section aria-labelledby="self-test">
      <h2 id="self-test">Self-test</h2>
      {selfTest === undefined ? (
        <p>This version has had none yet.</p>
      ) : (
        <>
          <p>
            <Tag colour={selfTest.isPassed ? 'green' : 'red'}>{selfTest.isPassed ? 'Passed' : 'Failed'}</Tag> on <Time iso={selfTest.at} />, version{' '}
            {selfTest.version}: {selfTest.report.cases} presentations, each judged twice; {selfTest.report.hostileAccepted} hostile ones accepted,{' '}
            {selfTest.report.genuineWrong} genuine ones not answered rightly.
          </p>
          {selfTest.report.faults.length === 0 ? null : (
            <ul>
              {selfTest.report.faults.map((fault) => (
                <li>{fault}</li>
              ))}
            </ul>
          )}
        </>
      )}
      {principal.rights.has('age:manage') ? (
        <Form action="/console/age/evidence/self-test" principal={principal}>
          <Button kind="secondary">Run the self-test now</Button>
        </Form>
      ) : null}
    </section>
  );
}

function ReviewSection({ view, principal }: { readonly view: EvidencePageView; readonly principal: Principal }): JSX.Element {
  const { form, errors } = view;
  const errorOf = (at: string): string | undefined => errors.find((error) => error.at === at)?.message;
  const today = view.evidence.generatedAt.slice(0, 10);
  return (
    <section aria-labelledby="review">
      <h2 id="review">Add a review</h2>
      <p>It stays in the record and in every export. Write nothing about people who were checked.</p>
      <Form action="/console/age/evidence/reviews" principal={principal}>
        <Field name="reviewer" label="Reviewer" hint="A role is enough" value={form?.reviewer} error={errorOf('reviewer')} maxlength={100} />
        <Field name="reviewedOn" label="Reviewed on" hint="Such as 2026-11-25" value={form?.reviewedOn ?? today} error={errorOf('reviewedOn')} width={10} />
        <TextArea name="text" label="What was looked at, what was found, what follows" value={form?.text} error={errorOf('text')} />
        <Field name="nextReviewOn" label="Next review on" hint="Such as 2027-05-25" value={form?.nextReviewOn} error={errorOf('nextReviewOn')} width={10} />
        <Field name="dpiaUrl" label="Data protection impact assessment (optional)" hint="Its address" value={form?.dpiaUrl} error={errorOf('dpiaUrl')} />
        <Button>Add the review</Button>
      </Form>
      <p>
        <LinkButton href="/v1/age/evidence/export?format=markdown" kind="secondary" download>
          Export as Markdown
        </LinkButton>{' '}
        <LinkButton href="/v1/age/evidence/export?format=json" kind="secondary" download>
          Export as JSON
        </LinkButton>
      </p>
      <p>Made on {formatTime(view.evidence.generatedAt)}.</p>
    </section>
  );
}
