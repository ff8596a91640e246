/** The table of uploads with its filter. */
import { z } from 'zod';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FieldError } from '../platform/errors.ts';
import type { Principal } from '../platform/http/rights.ts';
import {
  Button,
  ButtonGroup,
  ErrorSummary,
  Field,
  Form,
  formatBytes,
  Pagination,
  Select,
  Table,
  Time,
  Title,
  type Choice,
} from '../platform/ui/components.tsx';
import { renderPage } from '../platform/ui/page.tsx';
import { VERDICTS } from '../screening/index.ts';
import { VerdictTag } from './explanation.tsx';
import { ListUploadsSchema, UPLOAD_DISPOSITIONS, UPLOAD_STATES, UploadIdSchema, type ListUploads, type UploadPage } from './schema.ts';
import { StateTag, STATE_WORDS } from './upload-page.tsx';

const PAGE_SIZE = 50;
const chosen = z.string().trim().max(200).default('');

/** As a form sends it: every field, empty when it was not filled in. Words that are not in a menu count as not chosen. */
export const FilterFormSchema = z.object({
  state: z
    .enum(['', ...UPLOAD_STATES])
    .catch('')
    .default(''),
  verdict: z
    .enum(['', ...VERDICTS])
    .catch('')
    .default(''),
  disposition: z
    .enum(['', ...UPLOAD_DISPOSITIONS])
    .catch('')
    .default(''),
  reference: chosen,
  since: chosen,
  before: UploadIdSchema.optional().catch(undefined),
});
export type FilterForm = z.output<typeof FilterFormSchema>;

/** @returns the filter of the service, or what is wrong with the form */
export function toFilter(form: FilterForm): { readonly filter: ListUploads; readonly errors: readonly FieldError[] } {
  const isDateWrong = form.since !== '' && !(/^\d{4}-\d{2}-\d{2}$/.test(form.since) && Number.isFinite(Date.parse(form.since)));
  const { since, before, ...words } = form;
  const chosenWords = Object.fromEntries(Object.entries(words).filter(([, value]) => value !== ''));
  const filter = ListUploadsSchema.parse({
    ...chosenWords,
    limit: PAGE_SIZE,
    before,
    since: since === '' || isDateWrong ? undefined : `${since}T00:00:00.000Z`,
  });
  return { filter, errors: isDateWrong ? [{ at: 'since', message: 'Enter the date as year-month-day, such as 2026-11-25' }] : [] };
}

export interface UploadsView {
  readonly form: FilterForm;
  readonly errors: readonly FieldError[];
  readonly page: UploadPage;
}

export function renderUploadsPage({ form, errors, page }: UploadsView, principal: Principal): string {
  const isFiltered = [form.state, form.verdict, form.disposition, form.reference, form.since].some((value) => value !== '');
  return renderPage({
    title: 'Uploads',
    principal,
    current: 'uploads',
    hasErrors: errors.length > 0,
    children: (
      <>
        <ErrorSummary errors={errors} />
        <Title>Uploads</Title>
        <FilterView form={form} errors={errors} principal={principal} isFiltered={isFiltered} />
        <UploadTable page={page} isFiltered={isFiltered} />
        <Pagination
          label="Pages of uploads"
          previousText="First page"
          previous={form.before === undefined ? undefined : address({ ...form, before: undefined })}
          next={page.next === undefined ? undefined : address({ ...form, before: page.next })}
        />
      </>
    ),
  });
}

function UploadTable({ page, isFiltered }: { readonly page: UploadPage; readonly isFiltered: boolean }): JSX.Element {
  const empty = isFiltered ? (
    'No upload fits this filter.'
  ) : (
    <>
      No uploads yet. <a href="/docs">See how a service sends them</a>, or <a href="/try">try a picture</a>.
    </>
  );
  return (
    <Table
      caption="Uploads, newest first"
      rows={page.items}
      empty={empty}
      columns={[
        { heading: 'Upload', isRowHeading: true, cell: (upload) => <a href={`/console/uploads/${upload.id}`}>{upload.reference ?? upload.id}</a> },
        { heading: 'State', cell: (upload) => <StateTag state={upload.state} /> },
        { heading: 'Verdict', cell: (upload) => (upload.screening === undefined ? 'none yet' : <VerdictTag verdict={upload.screening.verdict} />) },
        { heading: 'Media type', cell: (upload) => upload.mediaType ?? 'not known' },
        { heading: 'Size', isNumeric: true, cell: (upload) => (upload.sizeBytes === undefined ? 'not known' : formatBytes(upload.sizeBytes)) },
        { heading: 'Created', cell: (upload) => <Time iso={upload.createdAt} /> },
      ]}
    />
  );
}

interface FilterProps {
  readonly form: FilterForm;
  readonly errors: readonly FieldError[];
  readonly principal: Principal;
  readonly isFiltered: boolean;
}

const ANY: Choice = { value: '', text: 'Any' };

function FilterView({ form, errors, principal, isFiltered }: FilterProps): JSX.Element {
  return (
    <Form action="/console/uploads" method="get" principal={principal} class="filter">
      <Select
        name="state"
        label="State"
        value={form.state}
        choices={[ANY, ...UPLOAD_STATES.map((state) => ({ value: state, text: STATE_WORDS[state].text }))]}
      />
      <Select
        name="verdict"
        label="Verdict"
        value={form.verdict}
        choices={[
          ANY,
          { value: 'clear', text: 'Clear' },
          { value: 'match', text: 'Match' },
          { value: 'unscannable', text: 'Could not be screened' },
          { value: 'error', text: 'No answer' },
        ]}
      />
      <Select
        name="disposition"
        label="Decision"
        value={form.disposition}
        choices={[ANY, { value: 'release', text: 'Released' }, { value: 'hold', text: 'Held' }, { value: 'refuse', text: 'Refused' }]}
      />
      <Field name="reference" label="Reference" value={form.reference} width={20} />
      <Field name="since" label="Created since" type="date" value={form.since} width={10} error={errors.find(({ at }) => at === 'since')?.message} />
      <ButtonGroup>
        <Button kind="secondary">Filter</Button>
        {isFiltered ? <a href="/console/uploads">Clear the filter</a> : null}
      </ButtonGroup>
    </Form>
  );
}

function address(form: FilterForm): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(form)) if (value !== undefined && value !== '') query.set(name, value);
  return `/console/uploads?${query.toString()}`;
}
