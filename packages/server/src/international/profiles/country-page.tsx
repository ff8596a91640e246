/** One country: procedure, law, treaties, figures, capabilities. */
import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Principal } from '../../platform/http/rights.ts';
import { ButtonGroup, Inset, LinkButton, NotificationBanner, SummaryList, Tag, Title, Warning } from '../../platform/ui/components.tsx';
import { renderInternationalPage } from '../pages/frame.tsx';
import { CapabilityTable } from './assessment-parts.tsx';
import { Known } from './countries-page.tsx';
import type { CountryView, KeptStatement, Procedure, TOPICS } from './schema.ts';
import { COUNTRIES, Statements } from './statement-parts.tsx';

type Topic = (typeof TOPICS)[number];

const PARTS: readonly { readonly title: string; readonly topics: readonly Topic[]; readonly empty: string }[] = [
  { title: 'Law', topics: ['law'], empty: 'Nobody said anything about its law yet. That is not the same as no law.' },
  { title: 'What the procedure rests on', topics: ['hotline', 'police', 'regulator', 'procedure'], empty: 'Nobody said anything about its procedure yet.' },
  { title: 'Treaties', topics: ['treaty'], empty: 'No treaty is recorded. That is not the same as none.' },
  { title: 'Memberships', topics: ['membership'], empty: 'No membership is recorded. That is not the same as none.' },
  { title: 'Figures', topics: ['figure'], empty: 'No figure is recorded.' },
];

export interface CountryPageView {
  readonly country: CountryView;
  readonly phases: readonly string[];
  readonly isKept: boolean;
}

export function renderCountryPage({ country, phases, isKept }: CountryPageView, principal: Principal): string {
  const { code, alpha3, name, region, note, statements } = country;
  const canManage = principal.rights.has('international:manage');
  return renderInternationalPage({
    title: name,
    principal,
    section: 'countries',
    breadcrumbs: [{ text: 'Countries', href: COUNTRIES }],
    children: (
      <>
        {isKept ? <NotificationBanner kind="success">It was kept.</NotificationBanner> : null}
        <Title caption={[code, alpha3, region].filter((part) => part !== null).join(', ')}>{name}</Title>
        {note === null ? null : <Inset>{note}</Inset>}
        {canManage ? (
          <ButtonGroup>
            <LinkButton href={`${COUNTRIES}/${code}/say`}>Add a statement</LinkButton>
          </ButtonGroup>
        ) : null}
        <h2>Procedure</h2>
        <ProcedurePart procedure={country.procedure} />
        {PARTS.map(({ title, topics, empty }) => (
          <>
            <h2>{title}</h2>
            <Statements caption={title} statements={order(statements, topics)} empty={empty} />
          </>
        ))}
        <h2>Capabilities</h2>
        <p>
          The 21 of the Model National Response (2016), each for itself: there is no sum and no rank. Not assessed means that nobody looked; “{phases[0]}” means
          that somebody did.
        </p>
        <CapabilityTable country={country} phases={phases} canManage={canManage} />
      </>
    ),
  });
}

function order(statements: readonly KeptStatement[], topics: readonly Topic[]): KeptStatement[] {
  return statements
    .filter(({ topic }) => topics.includes(topic))
    .toSorted((a, b) => topics.indexOf(a.topic) - topics.indexOf(b.topic) || a.key.localeCompare(b.key));
}

const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

function ProcedurePart({ procedure }: { readonly procedure: Procedure }): JSX.Element {
  const days = procedure.workingDays.map((day) => WEEKDAYS[day - 1] ?? String(day)).join(', ');
  const rows: readonly (readonly [label: string, keys: readonly string[], value: Child])[] = [
    ['Police first', ['police_first'], <Known value={procedure.policeFirst} />],
    ['Hotline', ['hotline', 'hotline_url', 'hotline_email'], <Office office={procedure.hotline} />],
    ['Without a hotline', ['fallback', 'iwf_portal'], procedure.fallback ?? 'Not needed'],
    ['Police', ['police', 'police_email'], <Office office={procedure.police} />],
    ['Regulator', ['regulator', 'regulator_email'], <Office office={procedure.regulator} />],
    ['Formats', ['formats'], procedure.formats.length === 0 ? 'Not known' : procedure.formats.join(', ')],
    ['Working days', ['working_days'], procedure.areWorkingDaysKnown ? days : `Not known; ${days} are taken`],
    ['Holidays', ['holidays'], procedure.holidays.length === 0 ? 'Not known' : procedure.holidays.join(', ')],
    ['Time zone', ['time_zone'], procedure.timeZone ?? 'Not known'],
    ['Legal basis', ['legal_basis'], procedure.legalBasis ?? 'Not known'],
  ];
  return (
    <>
      {procedure.staleKeys.length === 0 ? null : (
        <Warning>Some of this is old: {procedure.staleKeys.join(', ')}. Look it up again before it is relied on.</Warning>
      )}
      <SummaryList
        rows={rows.map(([key, keys, value]) => ({
          key,
          value: (
            <>
              {value} {procedure.staleKeys.some((one) => keys.includes(one)) ? <Tag colour="yellow">Old</Tag> : null}
              <Caveats procedure={procedure} keys={keys} />
            </>
          ),
        }))}
      />
    </>
  );
}

function Caveats({ procedure, keys }: { readonly procedure: Procedure; readonly keys: readonly string[] }): JSX.Element | null {
  const caveats = [...new Set((procedure.basis ?? []).filter(({ key }) => keys.includes(key)).flatMap(({ caveat }) => caveat ?? []))];
  if (caveats.length === 0) return null;
  return (
    <>
      {caveats.map((caveat) => (
        <div class="hint">Mind: {caveat}</div>
      ))}
    </>
  );
}

function Office({ office }: { readonly office: { readonly name: string; readonly email: string | null; readonly url?: string | null } | null }): JSX.Element {
  if (office === null) return <>Not known</>;
  const url = office.url ?? null;
  return (
    <>
      {url === null ? office.name : <a href={url}>{office.name}</a>}
      {office.email === null ? '' : `, ${office.email}`}
    </>
  );
}
