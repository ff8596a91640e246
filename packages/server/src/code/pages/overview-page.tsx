/** `/console/code`: what binds, in which state it is, and how that went. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Principal } from '../../platform/http/rights.ts';
import {
  Button,
  Details,
  Figures,
  Form,
  formatNumber,
  Inset,
  LinkButton,
  NotificationBanner,
  Select,
  Table,
  Tag,
  Time,
  Title,
} from '../../platform/ui/components.tsx';
import { STATES, type KeptEvaluation } from '../evidence/schema.ts';
import { OUTCOMES, type Outcome } from '../facts/schema.ts';
import { renderCodePage } from './frame.tsx';
import { countOutcomes, countStates, DUTIES, filterRows, type MeasureRow, type RowFilter, type StateCount } from './overview-rules.ts';
import { sayCounts, StateBar, Trend, type TrendPoint } from './plots.tsx';
import { OUTCOME_WORDS, STATE_WORDS } from './word-rules.ts';

export interface OverviewView {
  readonly rows: readonly MeasureRow[];
  readonly filter: RowFilter;
  readonly evaluation: KeptEvaluation | undefined;
  readonly trend: readonly TrendPoint[];
  readonly version: string;
  readonly toVerify: number;
  readonly isEvaluated: boolean;
}

export function renderOverview(view: OverviewView, principal: Principal): string {
  return renderCodePage({
    title: 'Measures',
    principal,
    section: 'overview',
    children: (
      <>
        {view.isEvaluated ? (
          <NotificationBanner kind="success">
            <p>Every source was read and every measure judged. The result is in the log.</p>
          </NotificationBanner>
        ) : null}
        <Title caption="Code of practice">Measures</Title>
        <Summary view={view} />
        <Evaluated view={view} principal={principal} />
        <List view={view} principal={principal} />
        <p>
          Catalogue {view.version}: {formatNumber(view.toVerify)} of {formatNumber(view.rows.length)} measures are marked “to verify”: nobody has compared them
          with the primary text yet.
        </p>
      </>
    ),
  });
}

function Summary({ view: { rows } }: { readonly view: OverviewView }): JSX.Element {
  const outcomes = countOutcomes(rows);
  const undecided = outcomes.get('undecided') ?? 0;
  return (
    <section aria-labelledby="what-binds">
      <h2 id="what-binds">What binds this service</h2>
      <Figures
        items={OUTCOMES.map((outcome) => ({
          label: OUTCOME_WORDS[outcome].text,
          value: formatNumber(outcomes.get(outcome) ?? 0),
          href: `/console/code?outcome=${outcome}#measures`,
        }))}
      />
      {undecided === 0 ? null : (
        <Inset>
          <p>
            {formatNumber(undecided)} {undecided === 1 ? 'measure is' : 'measures are'} undecided, mostly because questions about the service are open.
          </p>
          <LinkButton href="/console/code/questions">Answer questions</LinkButton>
        </Inset>
      )}
    </section>
  );
}

function Evaluated({ view, principal }: { readonly view: OverviewView; readonly principal: Principal }): JSX.Element {
  const { evaluation, rows, trend } = view;
  const duties = countStates(rows, DUTIES);
  const asked = countStates(rows, ['addressed']);
  return (
    <section aria-labelledby="state">
      <h2 id="state">State</h2>
      {evaluation === undefined ? (
        <p>Nothing was evaluated yet. It happens every hour; no data is never a pass.</p>
      ) : (
        <>
          <p>
            Evaluated <Time iso={evaluation.evaluation.at} />
            {evaluation.logIndex === undefined ? null : (
              <>
                , <a href={`/console/log?before=${evaluation.logIndex + 1}`}>entry {formatNumber(evaluation.logIndex)} of the log</a>
              </>
            )}
            .
          </p>
          <Counts id="duties" title="Measures that bind" counts={duties} />
          <Counts id="asked" title="Asked, not binding" counts={asked} />
          {trend.length < 2 ? null : <TrendPart trend={trend} />}
        </>
      )}
      {principal.rights.has('code:manage') ? (
        <Form action="/console/code/evaluations" principal={principal}>
          <Button kind="secondary">Evaluate now</Button>
        </Form>
      ) : null}
    </section>
  );
}

interface CountsProps {
  readonly id: string;
  readonly title: string;
  readonly counts: readonly StateCount[];
}

function Counts({ id, title, counts }: CountsProps): JSX.Element {
  const said = sayCounts(counts);
  return (
    <>
      <h3>{title}</h3>
      {said === '' ? <p>None.</p> : <StateBar id={id} counts={counts} label={`${title}. ${said}`} />}
      {said === '' ? null : <p>{said}.</p>}
    </>
  );
}

function TrendPart({ trend }: { readonly trend: readonly TrendPoint[] }): JSX.Element | null {
  const [first] = trend;
  const last = trend.at(-1);
  if (first === undefined || last === undefined) return null;
  return (
    <>
      <h3>The last 30 days</h3>
      <Trend
        points={trend}
        span={{ from: first.at, to: last.at }}
        label={`Passes went from ${first.pass} to ${last.pass}, failures from ${first.fail} to ${last.fail}. The line shows passes, the dashed line failures.`}
      />
      <Details summary="The same as a table">
        <Table
          caption="States by evaluation"
          columns={[
            { heading: 'Evaluated', cell: ({ at }) => <Time iso={at.toISOString()} />, isRowHeading: true },
            { heading: 'Pass', cell: ({ pass }) => formatNumber(pass), isNumeric: true },
            { heading: 'Fail', cell: ({ fail }) => formatNumber(fail), isNumeric: true },
          ]}
          rows={trend.toReversed().slice(0, 50)}
          empty=""
        />
      </Details>
    </>
  );
}

function List({ view, principal }: { readonly view: OverviewView; readonly principal: Principal }): JSX.Element {
  const shown = filterRows(view.rows, view.filter);
  return (
    <section aria-labelledby="measures">
      <h2 id="measures">The catalogue</h2>
      <Filter view={view} principal={principal} />
      <p>
        {formatNumber(shown.length)} of {formatNumber(view.rows.length)} measures.
      </p>
      {shown.length === 0 ? <p class="empty">No measure fits that choice.</p> : null}
      {[...new Set(shown.map(({ group }) => group))].map((group) => (
        <GroupTable title={group.title} rows={shown.filter((row) => row.group === group)} />
      ))}
    </section>
  );
}

function GroupTable({ title, rows }: { readonly title: string; readonly rows: readonly MeasureRow[] }): JSX.Element {
  return (
    <>
      <h3>{title}</h3>
      <Table
        caption={title}
        isCaptionHidden
        columns={[
          {
            heading: 'Measure',
            isRowHeading: true,
            cell: ({ control }) => (
              <>
                <a href={`/console/code/measures/${control.id}`}>{control.title}</a>
                <br />
                <span class="quiet">{control.ref}</span>
              </>
            ),
          },
          { heading: 'For you', cell: ({ outcome }) => <OutcomeTag outcome={outcome} /> },
          { heading: 'State', cell: (row) => <RowState row={row} /> },
        ]}
        rows={rows}
        empty=""
      />
    </>
  );
}

export function OutcomeTag({ outcome }: { readonly outcome: Outcome }): JSX.Element {
  const { text, colour } = OUTCOME_WORDS[outcome];
  return <Tag colour={colour}>{text}</Tag>;
}

function RowState({ row: { state, isDoneAnyway, isAttestedOnly, control } }: { readonly row: MeasureRow }): JSX.Element {
  const said = STATE_WORDS[state ?? 'not_evaluated'];
  return (
    <>
      {isDoneAnyway ? <Tag colour="green">Done anyway</Tag> : <Tag colour={said.colour}>{said.text}</Tag>}
      {isAttestedOnly ? (
        <>
          {' '}
          <Tag colour="purple">attested</Tag>
        </>
      ) : null}
      {control.verify ? (
        <>
          {' '}
          <Tag colour="yellow">to verify</Tag>
        </>
      ) : null}
    </>
  );
}

function Filter({ view, principal }: { readonly view: OverviewView; readonly principal: Principal }): JSX.Element {
  const groups = new Map(view.rows.map(({ group }) => [group.id, group.title]));
  const any = { value: '', text: 'All' };
  return (
    <Form action="/console/code#measures" method="get" principal={principal} class="filter">
      <Select
        name="outcome"
        label="For you"
        value={view.filter.outcome}
        choices={[any, ...OUTCOMES.map((value) => ({ value, text: OUTCOME_WORDS[value].text }))]}
      />
      <Select name="state" label="State" value={view.filter.state} choices={[any, ...STATES.map((value) => ({ value, text: STATE_WORDS[value].text }))]} />
      <Select name="group" label="Document" value={view.filter.group} choices={[any, ...[...groups].map(([value, text]) => ({ value, text }))]} />
      <Button kind="secondary">Show</Button>
    </Form>
  );
}
