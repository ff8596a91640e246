/** Registers in and out, and the documents that they rest on. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FieldError } from '../../platform/errors.ts';
import type { Principal } from '../../platform/http/rights.ts';
import {
  Button,
  ErrorSummary,
  FileField,
  Form,
  formatCount,
  Inset,
  NotificationBanner,
  Radios,
  Table,
  Tag,
  Time,
  Title,
  Words,
} from '../../platform/ui/components.tsx';
import { EXPORT_FORMATS, type ImportResult, type LinkView } from '../exchange/schema.ts';
import type { Register } from '../model/schema.ts';
import { changePath, EXCHANGE, recommendationPath } from './addresses.ts';
import { renderRegisterPage } from './frame.tsx';

export interface ExchangeView {
  readonly registers: readonly (Register & { readonly recommendations: number })[];
  readonly links: readonly LinkView[];
  readonly isChecking: boolean;
  readonly result: ImportResult | undefined;
  readonly errors: readonly FieldError[];
  readonly asked: boolean;
}

const FORMAT_WORDS = { csv: 'CSV', json: 'JSON', jsonld: 'JSON-LD' } as const;
export const LINK_TAGS = {
  ok: { text: 'there', colour: 'green' },
  changed: { text: 'changed', colour: 'yellow' },
  gone: { text: 'gone', colour: 'red' },
  not_checked: { text: 'not checked', colour: 'grey' },
} as const;

export function renderExchangePage(view: ExchangeView, principal: Principal): string {
  const { registers, links, isChecking, result, errors, asked } = view;
  return renderRegisterPage({
    title: 'Import and export',
    principal,
    section: 'exchange',
    hasErrors: errors.length > 0,
    children: (
      <>
        <ErrorSummary errors={errors} />
        {asked ? <NotificationBanner kind="success">One document of each host that was due was asked for.</NotificationBanner> : null}
        <Title>Import and export</Title>
        <h2>Export</h2>
        <Table
          caption="Export"
          isCaptionHidden
          rows={registers}
          empty="There is no register."
          columns={[
            { heading: 'Register', isRowHeading: true, cell: ({ title }) => title },
            { heading: 'Recommendations', isNumeric: true, cell: ({ recommendations }) => String(recommendations) },
            { heading: 'Download', cell: ({ id, title }) => <Formats id={id} title={title} /> },
          ]}
        />
        <h2>Import</h2>
        <p>
          <Words text="From a table in CSV with a mapping (JSON) that says which column holds what and which word means what, or from JSON-LD as it is exported here. What is read becomes drafts that somebody else publishes. With one fault nothing is kept." />
        </p>
        {result === undefined ? null : <Result result={result} />}
        <Form action={EXCHANGE} principal={principal} isMultipart>
          <Radios
            name="mode"
            label="What to do"
            value="look"
            choices={[
              { value: 'look', text: 'Only look', hint: 'Nothing is kept' },
              { value: 'keep', text: 'Keep as drafts' },
            ]}
          />
          <FileField name="mapping" label="Mapping" hint="JSON; leave it out for JSON-LD" accept=".json,application/json" />
          <FileField
            name="file"
            label="Table or JSON-LD"
            error={errors.find(({ at }) => at === 'file')?.message}
            accept=".csv,.jsonld,.json,text/csv,application/ld+json"
          />
          <Button>Read</Button>
        </Form>
        <Links links={links} isChecking={isChecking} principal={principal} />
      </>
    ),
  });
}

function Formats({ id, title }: { readonly id: string; readonly title: string }): JSX.Element {
  return (
    <>
      {EXPORT_FORMATS.map((format, index) => (
        <>
          {index === 0 ? '' : ', '}
          <a href={`${EXCHANGE}/${id}?format=${format}`} download="">
            {FORMAT_WORDS[format]}
            <span class="visually-hidden"> of {title}</span>
          </a>
        </>
      ))}
    </>
  );
}

function Result({ result: { batch, counts, unchanged, faults } }: { readonly result: ImportResult }): JSX.Element {
  const found = Object.entries(counts).filter(([, count]) => count > 0);
  return (
    <Inset>
      <p>
        New or different: {found.length === 0 ? 'nothing' : found.map(([kind, count]) => formatCount(count, kind)).join(', ')}. In the register already:{' '}
        {unchanged}.
      </p>
      {batch === null ? (
        <p>{faults.length === 0 ? 'Nothing was kept.' : 'Nothing was kept. Correct what stands here, and read it again.'}</p>
      ) : (
        <p>
          Kept as drafts: <a href={changePath(batch)}>the import</a>.
        </p>
      )}
      {faults.length === 0 ? null : (
        <ul>
          {faults.map(({ at, message }) => (
            <li>{`${at}: ${message}`}</li>
          ))}
        </ul>
      )}
    </Inset>
  );
}

function Links({ links, isChecking, principal }: Pick<ExchangeView, 'links' | 'isChecking'> & { readonly principal: Principal }): JSX.Element {
  return (
    <>
      <h2 id="links">Documents that sources name</h2>
      <p>
        {isChecking
          ? 'Each is asked for once a week, one at a time for each host.'
          : 'Nothing is asked for by itself here (registerLinkChecks is off). You may ask now; each host is asked for one document at a time.'}
      </p>
      <Form action={`${EXCHANGE}/links`} principal={principal}>
        <Button kind="secondary">Ask for what is due</Button>
      </Form>
      <Table
        caption="Documents that sources name"
        isCaptionHidden
        rows={links}
        empty="No source is named."
        columns={[
          {
            heading: 'Address',
            isRowHeading: true,
            cell: ({ url }) => (
              <a href={url} rel="noreferrer">
                {url}
              </a>
            ),
          },
          { heading: 'State', cell: ({ status }) => <Tag colour={LINK_TAGS[status].colour}>{LINK_TAGS[status].text}</Tag> },
          { heading: 'Found', cell: ({ finding }) => finding },
          { heading: 'Asked', cell: ({ checkedAt }) => <Time iso={checkedAt?.toISOString()} /> },
          {
            heading: 'Named by',
            cell: ({ usedBy }) =>
              usedBy.map((id, index) => (
                <>
                  {index === 0 ? '' : ', '}
                  {id.includes('/') ? <a href={recommendationPath(id)}>{id}</a> : id}
                </>
              )),
          },
        ]}
      />
    </>
  );
}
