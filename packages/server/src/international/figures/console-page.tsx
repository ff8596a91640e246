/** `/console/international/figures`. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Principal } from '../../platform/http/rights.ts';
import { Button, Details, Field, Form, NotificationBanner, Table, Time, Title } from '../../platform/ui/components.tsx';
import { renderInternationalPage } from '../pages/frame.tsx';
import { CountriesPart, type CountriesView } from './figures-part.tsx';
import { formatShare } from './layer-rules.ts';
import { SharePlots } from './plot-part.tsx';
import type { Displacement, Figures, SharePoint } from './schema.ts';
import { Scroll } from './scroll-part.tsx';
import { GroupTable } from './table-part.tsx';
import { nameRecipient } from './recipient-rules.ts';

export interface ConsoleView {
  readonly figures: Figures;
  readonly countries: CountriesView;
  readonly shares: readonly SharePoint[];
  readonly displacements: readonly Displacement[];
  readonly isPublic: boolean;
  readonly isDone: boolean;
}

export function renderConsolePage(view: ConsoleView, principal: Principal): string {
  const { figures, countries, shares, displacements } = view;
  const [from, to] = [figures.period.from.slice(0, 10), figures.period.to.slice(0, 10)];
  const { nameOf } = countries.names;
  return renderInternationalPage({
    title: 'Figures',
    principal,
    section: 'figures',
    children: (
      <>
        {view.isDone ? <NotificationBanner kind="success">The last whole month was looked at. What moved stands below.</NotificationBanner> : null}
        <Title>Figures</Title>
        <p>
          Reports made from {from} to before {to}, as they stand now. {PUBLIC_TEXTS[view.isPublic ? 'on' : 'off']}
        </p>
        <PeriodForm from={from} to={to} principal={principal} />
        <CountriesPart shown={countries} caption="By hosting country" principal={principal} />
        <h2>By recipient</h2>
        <GroupTable hasOutcomes table={figures.recipients} caption="By whom the first notice went to" heading="Recipient" nameOf={nameRecipient} />
        <h2>By network</h2>
        <GroupTable
          hasOutcomes
          table={figures.networks}
          caption="By network of the host; never public"
          heading="Network"
          nameOf={(key) => (key === 'unknown' ? 'Not known' : key)}
        />
        <h2>Shares over time</h2>
        <SharePlots points={shares} nameOf={nameOf} unit="month" />
        <DisplacementPart displacements={displacements} nameOf={nameOf} principal={principal} />
        <Method k={figures.countries.k} />
        <p>
          <a href={`/v1/international/figures/export?${new URLSearchParams({ from, to })}`}>The table of countries as CSV</a>
        </p>
      </>
    ),
  });
}

const PUBLIC_TEXTS = {
  on: 'Figures by quarter are public at /international/figures.',
  off: 'Nothing of this is public: the setting internationalPublic is off.',
} as const;

function PeriodForm({ from, to, principal }: { readonly from: string; readonly to: string; readonly principal: Principal }): JSX.Element {
  return (
    <Form action="/console/international/figures" method="get" principal={principal} class="filter no-print">
      <Field name="from" label="Reported from" type="date" width={10} value={from} />
      <Field name="to" label="To before" type="date" width={10} value={to} />
      <Button kind="secondary">Show</Button>
    </Form>
  );
}

interface DisplacementProps {
  readonly displacements: readonly Displacement[];
  readonly nameOf: (country: string) => string;
  readonly principal: Principal;
}

function DisplacementPart({ displacements, nameOf, principal }: DisplacementProps): JSX.Element {
  return (
    <>
      <h2 id="displacement">Displacement</h2>
      <p>Shares that moved further than chance explains. Material that leaves one country often comes back in another.</p>
      <Scroll label="Shares that moved">
        <Table
          caption="Shares that moved, newest first"
          isCaptionHidden
          rows={displacements}
          empty="Nothing was found. It is looked for each day, in the last whole month, and needs about thirty hosts there and in the three months before."
          columns={[
            { heading: 'Country', isRowHeading: true, cell: ({ country }) => nameOf(country) },
            { heading: 'From', cell: ({ from }) => `${from.month}: ${formatShare(from.share)}` },
            { heading: 'To', cell: ({ to }) => `${to.month}: ${formatShare(to.share)}` },
            { heading: 'Why it is listed', cell: ({ reason }) => reason },
            { heading: 'Found', cell: ({ foundAt }) => <Time iso={foundAt} /> },
          ]}
        />
      </Scroll>
      {principal.rights.has('international:manage') ? (
        <Form action="/console/international/figures/displacements" principal={principal} class="no-print">
          <Button kind="secondary">Look now</Button>
        </Form>
      ) : null}
    </>
  );
}

function Method({ k }: { readonly k: number }): JSX.Element {
  return (
    <Details summary="How these figures are made">
      <p>
        Times run from the first notice to the removal. An open report is not a fast one: it counts as not removed for as long as it was followed, and so do
        reports that ended without an answer or moved elsewhere (Kaplan and Meier). Where half were not removed in that time, no time is shown. Reports that
        were not illegal there, or gone before anybody was told, are not in the times.
      </p>
      <p>
        Counts from 1 to {k - 1} are withheld, and with them the smallest other count, so that they cannot be worked out from the sum. Whoever may see this page
        can choose any period and could compare two of them; the public page has fixed quarters only.
      </p>
      <p>
        Reports are not independent: one site can be a hundred of them. Whether a share moved is therefore judged over hosts. In simulations of months where
        nothing moved, fewer than one in a hundred gave an alarm; with 200 hosts a month, a country that went from a tenth to a third was found in eight of ten.
      </p>
    </Details>
  );
}
