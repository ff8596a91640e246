/** The list of countries: what is known about each, and how old it is. Sorted and filtered by the address, without JavaScript. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Principal } from '../../platform/http/rights.ts';
import { Button, ButtonGroup, Details, Field, Form, formatCount, Inset, Select, Table, Tag, Title } from '../../platform/ui/components.tsx';
import { renderInternationalPage } from '../pages/frame.tsx';
import type { ListQuery, Sort } from './list-rules.ts';
import type { CountrySummary, Reference, YesNoUnknown } from './schema.ts';
import { COUNTRIES } from './statement-parts.tsx';

export interface CountriesView {
  readonly query: ListQuery;
  /** As picked. */
  readonly countries: readonly CountrySummary[];
  readonly all: number;
  readonly regions: readonly string[];
  readonly references: readonly Reference[];
}

const SORT_WORDS: Readonly<Record<Sort, string>> = {
  name: 'Name',
  region: 'Region',
  statements: 'Most statements',
  stale: 'Most old statements',
  assessed: 'Most capabilities assessed',
};
const SHOW_WORDS: Readonly<Record<ListQuery['show'], string>> = {
  all: 'All',
  said: 'Something is said',
  no_hotline: 'Known to have no hotline',
  hotline_unknown: 'Hotline not known',
  stale: 'With old statements',
  assessed: 'With assessments',
};

export function renderCountriesPage(view: CountriesView, principal: Principal): string {
  const { countries, all, query } = view;
  const position = `${formatCount(countries.length, 'place')}${countries.length === all ? '' : ` of ${all}`}, by ${SORT_WORDS[query.sort].toLowerCase()}`;
  return renderInternationalPage({
    title: 'Countries',
    principal,
    section: 'countries',
    children: (
      <>
        <Title>Countries</Title>
        <p class="lead">Law, procedure, treaties and capabilities, as somebody said them, with source and day. Countries are not ranked.</p>
        <Inset>
          Unknown is not no, and not assessed is not none. A treaty says what a state promised; figures of reports do not measure how much abuse there is.
        </Inset>
        <Filter view={view} principal={principal} />
        <p>{position}</p>
        <List countries={countries} />
        <References references={view.references} />
      </>
    ),
  });
}

function Filter({ view: { query, regions }, principal }: { readonly view: CountriesView; readonly principal: Principal }): JSX.Element {
  return (
    <Form action={COUNTRIES} method="get" principal={principal} class="filter">
      <Field name="search" label="Name or code" type="search" value={query.search} width={20} />
      <Select
        name="region"
        label="Region"
        value={query.region}
        choices={[{ value: '', text: 'All regions' }, ...regions.map((value) => ({ value, text: value }))]}
      />
      <Select name="show" label="Show" value={query.show} choices={toChoices(SHOW_WORDS)} />
      <Select name="sort" label="Sort by" value={query.sort} choices={toChoices(SORT_WORDS)} />
      <ButtonGroup>
        <Button kind="secondary">Show</Button>
      </ButtonGroup>
    </Form>
  );
}

function toChoices(words: Readonly<Record<string, string>>): { readonly value: string; readonly text: string }[] {
  return Object.entries(words).map(([value, text]) => ({ value, text }));
}

function List({ countries }: { readonly countries: readonly CountrySummary[] }): JSX.Element {
  return (
    <Table
      caption="Countries"
      isCaptionHidden
      rows={countries}
      empty="No country is like that. Show all of them."
      columns={[
        {
          heading: 'Country',
          isRowHeading: true,
          cell: (one) => (
            <>
              <a href={`${COUNTRIES}/${one.code}`}>{one.name}</a> {one.isIso ? null : <Tag>Not in ISO 3166-1</Tag>}
            </>
          ),
        },
        { heading: 'Region', cell: ({ region }) => region ?? '' },
        { heading: 'Hotline', cell: ({ hotline }) => <Known value={hotline} /> },
        { heading: 'Police first', cell: ({ policeFirst }) => <Known value={policeFirst} /> },
        { heading: 'Party of', cell: ({ treaties }) => (treaties.length === 0 ? 'None recorded' : treaties.map((key) => TREATY_WORDS[key] ?? key).join(', ')) },
        { heading: 'Statements', isNumeric: true, cell: ({ statements }) => statements },
        { heading: 'Old', isNumeric: true, cell: ({ stale }) => stale },
        { heading: 'Assessed', cell: ({ assessed }) => (assessed === 0 ? 'Not assessed' : `${assessed} of 21`) },
      ]}
    />
  );
}

export const TREATY_WORDS: Readonly<Record<string, string>> = { opsc: 'OPSC', crc: 'CRC', op_ic: 'OP-IC', lanzarote: 'Lanzarote', budapest: 'Budapest' };

export function Known({ value }: { readonly value: YesNoUnknown }): JSX.Element {
  if (value === 'unknown') return <>Not known</>;
  return <>{value === 'yes' ? 'Yes' : 'No'}</>;
}

function References({ references }: { readonly references: readonly Reference[] }): JSX.Element {
  return (
    <Details summary="Documents of others that are referred to">
      <ul>
        {references.map(({ title, publisher, date, url, seen }) => (
          <li>
            {url === null ? title : <a href={url}>{title}</a>}, {publisher}
            {date === null ? '' : `, ${date}`}. Seen: {seen}
          </li>
        ))}
      </ul>
    </Details>
  );
}
