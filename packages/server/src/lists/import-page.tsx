/** The import form and the report of an import. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FieldError } from '../platform/errors.ts';
import type { Principal } from '../platform/http/rights.ts';
import {
  Button,
  Checkboxes,
  Details,
  ErrorSummary,
  Field,
  FileField,
  Form,
  formatMs,
  formatNumber,
  LinkButton,
  NotificationBanner,
  Radios,
  Select,
  SummaryList,
  Table,
  Title,
} from '../platform/ui/components.tsx';
import { renderPage } from '../platform/ui/page.tsx';
import { CRUMBS } from './list-page.tsx';
import { SIGNAL_TYPES, type ListView } from './schema.ts';
import type { ImportReport } from './schema-changes.ts';

export const NEW_LIST = 'new';

export interface ImportForm {
  readonly list: string;
  readonly name: string;
  readonly type: string;
  readonly mode: string;
  readonly strict: string;
}

export const EMPTY_IMPORT: ImportForm = { list: NEW_LIST, name: '', type: '', mode: 'add', strict: '' };

export interface ImportView {
  readonly lists: readonly ListView[];
  readonly form: ImportForm;
  readonly errors: readonly FieldError[];
}

export function renderImportPage({ lists, form, errors }: ImportView, principal: Principal): string {
  return renderPage({
    title: 'Import a list',
    principal,
    current: 'lists',
    breadcrumbs: CRUMBS,
    islands: ['import'],
    hasErrors: errors.length > 0,
    children: (
      <>
        <ErrorSummary errors={errors} />
        <Title>Import a list</Title>
        <p>CSV with a heading line, JSON Lines, or plain text with one hash a line. Importing the same file twice changes nothing.</p>
        <FileForm lists={lists} form={form} errors={errors} principal={principal} />
        <section id="import-progress" hidden>
          <h2 tabindex={-1}>Progress</h2>
          <p id="import-status" role="status"></p>
          <progress id="import-bar" max="100" aria-label="Progress of the import"></progress>
          <div id="import-result"></div>
        </section>
        <FileFormats />
      </>
    ),
  });
}

/** The file comes last: the server reads the fields before it and begins to import while the file still arrives. */
function FileForm({ lists, form, errors, principal }: ImportView & { readonly principal: Principal }): JSX.Element {
  const errorOf = (name: string): string | undefined => errors.find(({ at }) => at === name)?.message;
  return (
    <Form action="/console/lists/import" principal={principal} isMultipart island="import">
      <Select
        name="list"
        label="Into"
        value={form.list}
        error={errorOf('list')}
        choices={[{ value: NEW_LIST, text: 'A new list' }, ...lists.map((list) => ({ value: list.id, text: list.name }))]}
      />
      <Field
        name="name"
        label="Name of the new list"
        hint="Leave it empty when you import into a list that exists"
        value={form.name}
        error={errorOf('name')}
        maxlength={120}
      />
      <Select
        name="type"
        label="Signal type"
        hint="Only needed when the file does not say it"
        value={form.type}
        error={errorOf('type')}
        choices={[{ value: '', text: 'As the file says' }, ...SIGNAL_TYPES.map((type) => ({ value: type, text: type.toUpperCase() }))]}
      />
      <Radios
        name="mode"
        label="What the file is"
        value={form.mode}
        error={errorOf('mode')}
        choices={[
          { value: 'add', text: 'Further entries', hint: 'What the list holds already stays' },
          { value: 'replace', text: 'The whole list', hint: 'Entries that the file does not hold are withdrawn' },
        ]}
      />
      <Checkboxes
        name="strict"
        label="Lines that cannot be read"
        value={form.strict}
        choices={[{ value: 'true', text: 'Refuse the whole file if there is one', hint: 'Otherwise they are left out, counted and shown with their numbers' }]}
      />
      <FileField
        name="file"
        label="File"
        error={errorOf('file')}
        accept=".csv,.jsonl,.ndjson,.txt,text/csv,text/plain,application/jsonl,application/x-ndjson"
      />
      <Button>Import</Button>
    </Form>
  );
}

function FileFormats(): JSX.Element {
  return (
    <Details summary="What a file looks like">
      <p>
        CSV: <code>signal_type,hash,reference</code> in any order; other headings such as <code>pdq</code>, <code>md5</code>, <code>sha256</code> are understood
        too.
      </p>
      <p>
        JSON Lines: one object a line, such as <code>{'{"type":"pdq","value":"…"}'}</code>.
      </p>
      <p>
        Larger files go quicker by <code>gatehouse list import FILE --list NAME</code>.
      </p>
    </Details>
  );
}

export function renderReportPage(report: ImportReport, list: ListView, principal: Principal): string {
  return renderPage({
    title: `Import into ${list.name}`,
    principal,
    current: 'lists',
    breadcrumbs: [...CRUMBS, { text: list.name, href: `/console/lists/${list.id}` }],
    children: (
      <>
        {report.isChanged ? (
          <NotificationBanner kind="success" title="Imported">
            <p>List-set version {formatNumber(report.listSetVersion)} is in force.</p>
          </NotificationBanner>
        ) : (
          <NotificationBanner title="Nothing changed">
            <p>The list held all of this already.</p>
          </NotificationBanner>
        )}
        <Title caption="Import into">{list.name}</Title>
        <Counts report={report} />
        {report.warnings.length === 0 ? null : (
          <>
            <h2>Worth a look</h2>
            <ul>
              {report.warnings.map((warning) => (
                <li>{warning}</li>
              ))}
            </ul>
          </>
        )}
        {report.bad === 0 ? null : (
          <>
            <h2>Lines that were left out</h2>
            <Table
              caption={report.bad > report.badLines.length ? `The first ${report.badLines.length} of ${formatNumber(report.bad)}` : 'All of them'}
              rows={report.badLines}
              empty=""
              columns={[
                { heading: 'Line', isRowHeading: true, cell: (bad) => formatNumber(bad.line) },
                { heading: 'Why', cell: (bad) => bad.reason },
              ]}
            />
          </>
        )}
        <LinkButton href={`/console/lists/${list.id}`}>Go to the list</LinkButton>
      </>
    ),
  });
}

function Counts({ report }: { readonly report: ImportReport }): JSX.Element {
  return (
    <SummaryList
      rows={[
        { key: 'Lines read', value: formatNumber(report.lines) },
        { key: 'New entries', value: formatNumber(report.added) },
        report.restored === 0 ? undefined : { key: 'Back again', value: formatNumber(report.restored) },
        { key: 'Held already', value: formatNumber(report.unchanged) },
        report.repeated === 0 ? undefined : { key: 'Repeated in the file', value: formatNumber(report.repeated) },
        report.withdrawn === 0 ? undefined : { key: 'Withdrawn', value: formatNumber(report.withdrawn) },
        { key: 'Lines left out', value: formatNumber(report.bad) },
        report.suspicious === 0 ? undefined : { key: 'Suspicious values', value: formatNumber(report.suspicious) },
        { key: 'Took', value: formatMs(report.durationMs) },
      ]}
    />
  );
}
