/** Importing a trust list from the console. Works without JavaScript. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { isGatehouseError, type FieldError } from '../../platform/errors.ts';
import { readMultipart } from '../../platform/http/body.ts';
import { html } from '../../platform/http/reply.ts';
import type { Principal } from '../../platform/http/rights.ts';
import { definePage, type Exchange, type Route } from '../../platform/http/route.ts';
import {
  Button,
  Checkboxes,
  ErrorSummary,
  Field,
  FileField,
  Form,
  formatNumber,
  NotificationBanner,
  Select,
  SummaryList,
  Table,
  TextArea,
  Title,
  type Column,
} from '../../platform/ui/components.tsx';
import { renderPage } from '../../platform/ui/page.tsx';
import { ASSURANCES, ImportSchema, LIST_FORMATS, type TrustReport } from './schema.ts';
import type { TrustService } from './service.ts';
import { CRUMBS } from './trust-page.tsx';

const FILE_BYTES_MAX = 750_000;
const FIELDS = ['name', 'format', 'signer', 'documentTypes', 'country', 'assurance', 'options'] as const;
type ImportForm = Readonly<Record<(typeof FIELDS)[number], string>>;
const EMPTY: ImportForm = { name: '', format: 'auto', signer: '', documentTypes: '', country: '', assurance: 'unknown', options: '' };
const LABELS: Readonly<Record<string, string>> = {
  name: 'Name',
  content: 'File',
  signer: 'Signer',
  documentTypes: 'Document types',
  country: 'Country',
  format: 'Format',
  assurance: 'Assurance',
};

export function importPages(trust: TrustService): readonly Route[] {
  return [
    definePage({
      method: 'get',
      path: '/console/age/trust/import',
      right: 'age:manage',
      summary: 'Import a trust list of age checks',
      handle: async ({ principal }) => html(renderImportPage(EMPTY, [], principal)),
    }),
    definePage({
      method: 'post',
      path: '/console/age/trust/import',
      right: 'age:manage',
      summary: 'Import a trust list of age checks from a file',
      rawBody: { kind: 'multipart', description: 'The fields of the form, and the file in a field named `content`.' },
      async handle(input) {
        const { form, content } = await receive({ ...input, params: {}, query: new URLSearchParams() });
        const done = await importFile(trust, { form, content, actor: input.principal.id });
        if (done.report === undefined) return html(renderImportPage(form, done.errors, input.principal), { status: 400 });
        return html(renderReport(done.report, input.principal));
      },
    }),
  ];
}

async function receive(exchange: Exchange): Promise<{ readonly form: ImportForm; readonly content: string }> {
  const chunks: Buffer[] = [];
  const fields = await readMultipart(exchange, {
    maxBytes: FILE_BYTES_MAX,
    maxFiles: 1,
    async onFile({ stream }) {
      for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
    },
  });
  const form = Object.fromEntries(FIELDS.map((name) => [name, fields.get(name) ?? EMPTY[name]])) as ImportForm;
  return { form, content: Buffer.concat(chunks).toString('base64') };
}

interface Importing {
  readonly form: ImportForm;
  readonly content: string;
  readonly actor: string;
}

async function importFile(
  trust: TrustService,
  { form, content, actor }: Importing,
): Promise<{ readonly report: TrustReport | undefined; readonly errors: readonly FieldError[] }> {
  const words = form.documentTypes.split(',').map((word) => word.trim());
  const types = words.filter((word) => word !== '');
  const parsed = ImportSchema.safeParse({
    name: form.name,
    format: form.format,
    content,
    assurance: form.assurance,
    dryRun: form.options.includes('dryRun'),
    ...(form.signer.trim() === '' ? {} : { signer: form.signer }),
    ...(types.length === 0 ? {} : { documentTypes: types }),
    ...(form.country.trim() === '' ? {} : { country: form.country.trim().toUpperCase() }),
  });
  const missing = content === '' ? [{ at: 'content', message: 'Choose a file' }] : [];
  if (!parsed.success || missing.length > 0) {
    const found = parsed.success
      ? []
      : parsed.error.issues.map(({ path, message }) => ({ at: String(path[0]), message: `${LABELS[String(path[0])] ?? 'The form'}: ${message}` }));
    return { report: undefined, errors: [...found, ...missing] };
  }
  try {
    return { report: await trust.importList(parsed.data, actor), errors: [] };
  } catch (error) {
    if (!isGatehouseError(error, 'invalid_request') && !isGatehouseError(error, 'conflict')) throw error;
    return { report: undefined, errors: [{ at: 'content', message: error.message }] };
  }
}

function renderImportPage(form: ImportForm, errors: readonly FieldError[], principal: Principal): string {
  return renderPage({
    title: 'Import a trust list',
    principal,
    current: 'age-trust',
    breadcrumbs: CRUMBS,
    hasErrors: errors.length > 0,
    children: (
      <>
        <ErrorSummary errors={errors} />
        <Title>Import a trust list</Title>
        <p>PEM, VICAL, LoTE (a JWS) or ETSI TS 119 612 (XML). The list of the same name is replaced as a whole.</p>
        <FormPart form={form} errors={errors} principal={principal} />
      </>
    ),
  });
}

function FormPart({
  form,
  errors,
  principal,
}: {
  readonly form: ImportForm;
  readonly errors: readonly FieldError[];
  readonly principal: Principal;
}): JSX.Element {
  const errorAt = (name: string): string | undefined => errors.find(({ at }) => at === name)?.message;
  const toChoices = (values: readonly string[]): { value: string; text: string }[] => values.map((value) => ({ value, text: value }));
  return (
    <Form action="/console/age/trust/import" principal={principal} isMultipart>
      <Field name="name" label="Name" hint="Yours, of small letters, digits and hyphens" value={form.name} error={errorAt('name')} width={20} maxlength={61} />
      <Select
        name="format"
        label="Format"
        value={form.format}
        error={errorAt('format')}
        choices={[{ value: 'auto', text: 'As the file looks' }, ...toChoices(LIST_FORMATS)]}
      />
      <TextArea
        name="signer"
        label="Certificate of the signer"
        hint="PEM, of the signer of the list or of the authority above it, from its publisher by another way. PEM lists have none."
        value={form.signer}
        error={errorAt('signer')}
        rows={6}
      />
      <Field
        name="documentTypes"
        label="Document types"
        hint="For which its issuers stand, where the list does not say; with commas, such as eu.europa.ec.av.1"
        value={form.documentTypes}
        error={errorAt('documentTypes')}
      />
      <Field
        name="country"
        label="Country"
        hint="Two letters, where the list does not say"
        value={form.country}
        error={errorAt('country')}
        width={5}
        maxlength={2}
      />
      <Select name="assurance" label="Assurance" value={form.assurance} error={errorAt('assurance')} choices={toChoices(ASSURANCES)} />
      <Checkboxes name="options" label="Try it" choices={[{ value: 'dryRun', text: 'Only say what would change' }]} value={form.options} />
      <FileField name="content" label="File" error={errorAt('content')} />
      <Button>Import</Button>
    </Form>
  );
}

const REFUSED: readonly Column<TrustReport['refused'][number]>[] = [
  { heading: 'Entry', isRowHeading: true, cell: ({ what }) => what },
  { heading: 'Why', cell: ({ reason }) => reason },
];

function renderReport(report: TrustReport, principal: Principal): string {
  return renderPage({
    title: report.name,
    principal,
    current: 'age-trust',
    breadcrumbs: CRUMBS,
    children: (
      <>
        {report.isDryRun ? (
          <NotificationBanner>Nothing was changed. This is what the import would do.</NotificationBanner>
        ) : (
          <NotificationBanner kind="success">The list was imported and is in force.</NotificationBanner>
        )}
        <Title caption="Trust list">{report.name}</Title>
        <SummaryList
          rows={[
            { key: 'Format', value: report.format },
            { key: 'Issuers added', value: formatNumber(report.added.length) },
            { key: 'Issuers unchanged', value: formatNumber(report.unchanged) },
            { key: 'Issuers gone', value: formatNumber(report.gone.length) },
          ]}
        />
        <h2>Entries that were not taken</h2>
        <Table caption="Entries that were not taken" isCaptionHidden columns={REFUSED} rows={report.refused} empty="There are none." />
        <p>
          <a href="/console/age/trust">Back to Age: trust</a>
        </p>
      </>
    ),
  });
}
