/** `/register` and `/register/{register}`: recommendations, to filter and to put in order. Works with links and a form alone. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { Button, Field, formatNumber, Select, SummaryList, Table, Tag, Title } from '../../platform/ui/components.tsx';
import { formatDay } from '../../platform/ui/format.ts';
import { REGISTER_STATUSES, type RecommendationView } from '../model/schema.ts';
import { STATUS_WORDS } from '../model/status-rules.ts';
import { FEED, pathOf, ROOT } from './address-rules.ts';
import { renderPublicPage } from './frame.tsx';
import { RESULT_WORDS } from '../checks/words.ts';
import { SourceLink } from './source.tsx';
import { ORDERS, type Filter, type Listing, type RegisterRow } from './schema.ts';
import { describeLateness, describeStatus, describeTheme } from './words.ts';

const ORDER_WORDS: Readonly<Record<(typeof ORDERS)[number], string>> = {
  number: 'Number',
  title: 'Title',
  status: 'Status',
  late: 'Lateness',
};

export function renderListPage(listing: Listing, filter: Filter, publicUrl: string): string {
  const { register, registers, views } = listing;
  const path = register === null ? ROOT : pathOf(register.id);
  return renderPublicPage({
    title: register === null ? 'Recommendations' : register.title,
    canonical: `${publicUrl}${path}`,
    current: 'recommendations',
    crumbs: register === null ? [] : [{ text: 'All registers', href: ROOT }],
    alternates:
      register === null
        ? []
        : [
            { type: 'text/csv', href: `${path}.csv`, title: 'As a table' },
            { type: 'application/ld+json', href: `${path}.jsonld`, title: 'As linked data' },
          ],
    children: (
      <>
        {register === null ? <Start registers={registers} /> : <About register={register} />}
        <section aria-labelledby="list">
          <h2 id="list">Recommendations</h2>
          <FilterForm listing={listing} filter={filter} path={path} />
          <p>
            {formatNumber(views.length)} of {formatNumber(listing.total)} shown.
          </p>
          <Recommendations views={views} registers={registers} isMixed={register === null} />
        </section>
      </>
    ),
  });
}

function Start({ registers }: { readonly registers: readonly RegisterRow[] }): JSX.Element {
  return (
    <>
      <Title>What was recommended, and what became of it</Title>
      <p class="lead">
        Each recommendation with its responses, actions, milestones and evidence. Checks that a machine runs every hour show whether what is claimed still
        holds.
      </p>
      <Table
        caption="Registers"
        columns={[
          { heading: 'Register', isRowHeading: true, cell: ({ id, title }) => <a href={pathOf(id)}>{title}</a> },
          { heading: 'Published', cell: ({ publisher, publishedAt }) => `${publisher}, ${formatDay(publishedAt)}` },
          { heading: 'Count', isNumeric: true, cell: ({ recommendations }) => formatNumber(recommendations) },
        ]}
        rows={registers}
        empty="Nothing was published yet."
      />
      <p>
        <a href={FEED}>What happened lately, as a feed</a>
      </p>
    </>
  );
}

function About({ register }: { readonly register: RegisterRow }): JSX.Element {
  const path = pathOf(register.id);
  return (
    <>
      <Title caption={register.inquiry}>{register.title}</Title>
      <SummaryList
        rows={[
          { key: 'Published', value: `${register.publisher}, ${formatDay(register.publishedAt)}` },
          { key: 'Response due', value: register.responseDueAt === null ? 'no day was set' : formatDay(register.responseDueAt) },
          { key: 'Source', value: <SourceLink source={register.source} /> },
          {
            key: 'As data',
            value: (
              <>
                <a href={`${path}.csv`}>CSV</a>, <a href={`${path}.json`}>JSON</a>, <a href={`${path}.jsonld`}>JSON-LD</a>
              </>
            ),
          },
        ]}
      />
    </>
  );
}

interface FilterProps {
  readonly listing: Listing;
  readonly filter: Filter;
  readonly path: string;
}

function FilterForm({ listing: { choices }, filter, path }: FilterProps): JSX.Element {
  const any = { value: '', text: 'All' };
  return (
    <form class="filter" method="get" action={`${path}#list`} role="search" aria-label="Recommendations">
      <Field name="text" label="Words" type="search" width={20} value={filter.text} maxlength={200} />
      <Select
        name="status"
        label="Status"
        value={filter.status ?? ''}
        choices={[any, ...REGISTER_STATUSES.map((value) => ({ value, text: STATUS_WORDS[value] }))]}
      />
      <Select
        name="theme"
        label="Theme"
        value={filter.theme ?? ''}
        choices={[any, ...choices.themes.map((value) => ({ value, text: describeTheme(value) }))]}
      />
      <Select
        name="addressee"
        label="Addressed to"
        value={filter.addressee ?? ''}
        choices={[any, ...choices.addressees.map((value) => ({ value, text: value }))]}
      />
      <Select name="order" label="Order by" value={filter.order} choices={ORDERS.map((value) => ({ value, text: ORDER_WORDS[value] }))} />
      <Select
        name="direction"
        label="Direction"
        value={filter.direction}
        choices={[
          { value: 'asc', text: 'Upwards' },
          { value: 'desc', text: 'Downwards' },
        ]}
      />
      <Button kind="secondary">Show</Button>
    </form>
  );
}

interface RecommendationsProps {
  readonly views: readonly RecommendationView[];
  readonly registers: readonly RegisterRow[];
  /** Of several registers. */
  readonly isMixed: boolean;
}

function Recommendations({ views, registers, isMixed }: RecommendationsProps): JSX.Element {
  const titles = new Map(registers.map(({ id, inquiry }) => [id, inquiry]));
  return (
    <Table
      caption="Recommendations"
      isCaptionHidden
      rows={views}
      empty="No recommendation is like this."
      columns={[
        { heading: 'Number', cell: ({ recommendation }) => recommendation.number },
        {
          heading: 'Title',
          isRowHeading: true,
          cell: ({ id, recommendation }) => (
            <>
              <a href={pathOf(id)}>{recommendation.title}</a>
              {isMixed ? (
                <>
                  <br />
                  <span class="quiet">{titles.get(recommendation.register)}</span>
                </>
              ) : null}
            </>
          ),
        },
        { heading: 'Addressed to', cell: ({ recommendation }) => recommendation.addressees.join(', ') },
        {
          heading: 'Status here',
          cell: ({ registerStatus: { status } }) => <Tag colour={describeStatus(status).colour}>{describeStatus(status).text}</Tag>,
        },
        { heading: 'Checks', cell: ({ checks }) => summariseChecks(checks) },
        { heading: 'First response', cell: ({ lateness }) => describeLateness(lateness.responseDaysLate) },
        { heading: 'Milestones late', isNumeric: true, cell: ({ lateness }) => formatNumber(lateness.milestonesLate) },
      ]}
    />
  );
}

/** `1 passes, 1 fails` */
function summariseChecks(checks: RecommendationView['checks']): string {
  if (checks.length === 0) return 'none';
  const results = ['pass', 'fail', 'stale', 'never_run'] as const;
  const counts = results.map((result) => ({ result, count: checks.filter((check) => check.result === result).length }));
  return counts
    .filter(({ count }) => count > 0)
    .map(({ result, count }) => `${count} ${RESULT_WORDS[result].text}`)
    .join(', ');
}
