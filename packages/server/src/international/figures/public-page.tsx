/** `/international/figures`: for everybody, without signing in, without a script, without anything from elsewhere; it prints well. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Principal } from '../../platform/http/rights.ts';
import { Button, Form, Select, Time } from '../../platform/ui/components.tsx';
import { renderStatementPage } from '../../platform/ui/statement-page.tsx';
import { CountriesPart, type CountriesView } from './figures-part.tsx';
import { SharePlots } from './plot-part.tsx';
import { nameRecipient } from './recipient-rules.ts';
import type { PublicFigures } from './schema.ts';
import { GroupTable } from './table-part.tsx';

export interface PublicView {
  readonly figures: PublicFigures;
  readonly countries: CountriesView;
  readonly quarters: readonly string[];
}

const TITLE = 'Reports of hosted material and times to removal';

/** @returns a whole HTML document */
export function renderPublicPage(view: PublicView, principal: Principal): string {
  return renderStatementPage({ title: TITLE, caption: view.figures.quarter, children: <PublicPage view={view} principal={principal} /> });
}

function PublicPage({ view, principal }: { readonly view: PublicView; readonly principal: Principal }): JSX.Element {
  const { figures, countries, quarters } = view;
  return (
    <>
      <ul>
        {figures.notes.map((note) => (
          <li>{note}</li>
        ))}
      </ul>
      <Form action="/international/figures" method="get" principal={principal} class="filter no-print">
        <Select name="quarter" label="Quarter" value={figures.quarter} choices={quarters.map((value) => ({ value, text: value }))} />
        <Button kind="secondary">Show</Button>
      </Form>
      <CountriesPart shown={countries} caption={`By hosting country, reported in ${figures.quarter}`} principal={principal} />
      <h2>By recipient</h2>
      <GroupTable hasOutcomes={false} table={figures.recipients} caption="By whom the first notice went to" heading="Recipient" nameOf={nameRecipient} />
      <h2>Shares over time</h2>
      <SharePlots points={figures.shares} nameOf={countries.names.nameOf} unit="quarter" />
      <p>
        As known on <Time iso={figures.madeFor} />. For machines: <a href={`/international/figures.json?quarter=${figures.quarter}`}>JSON</a>,{' '}
        <a href={`/international/figures.csv?quarter=${figures.quarter}`}>CSV</a>.
      </p>
    </>
  );
}
