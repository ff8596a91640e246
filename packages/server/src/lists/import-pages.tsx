/** Importing a list file from the console: as a form with a report page, or as a stream of events for the island that shows progress. */
import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { AppContext } from '../platform/context.ts';
import { isGatehouseError, toGatehouseError, toProblem, type FieldError, type GatehouseError } from '../platform/errors.ts';
import { readMultipart } from '../platform/http/body.ts';
import { html } from '../platform/http/reply.ts';
import { definePage, type Exchange, type Route } from '../platform/http/route.ts';
import { EMPTY_IMPORT, NEW_LIST, renderImportPage, renderReportPage, type ImportForm } from './import-page.tsx';
import { ListIdSchema, ListNameSchema, SIGNAL_TYPES } from './schema.ts';
import { IMPORT_MODES, type ImportEvent, type ImportReport } from './schema-changes.ts';
import type { ListsService } from './service.ts';

const ImportFormSchema = z.object({
  list: z.union([z.literal(NEW_LIST), ListIdSchema]),
  name: z.string(),
  type: z.enum(['', ...SIGNAL_TYPES]),
  mode: z.enum(IMPORT_MODES),
  strict: z.enum(['', 'true']),
});
type CheckedForm = z.output<typeof ImportFormSchema>;

const FORM_ERRORS: Readonly<Record<string, string>> = {
  list: 'Choose a list',
  type: 'Choose a signal type',
  mode: 'Choose what the file is',
  strict: 'Choose what happens to lines that cannot be read',
};
const NO_FILE: FieldError = { at: 'file', message: 'Choose a file' };
const NDJSON = 'application/x-ndjson';
/** Progress lines are sent when so many more bytes were read, so that a large file does not flood the browser. */
const PROGRESS_BYTES = 262_144;

interface Outcome {
  readonly form: ImportForm;
  readonly errors: readonly FieldError[];
  readonly report: ImportReport | undefined;
}

export function importPages(service: ListsService, context: AppContext): readonly Route[] {
  return [
    definePage({
      method: 'get',
      path: '/console/lists/import',
      right: 'lists:write',
      summary: 'Import a list',
      query: z.object({ list: ListIdSchema.optional().catch(undefined) }),
      handle: async ({ query, principal }) =>
        html(renderImportPage({ lists: await service.list(), form: { ...EMPTY_IMPORT, list: query.list ?? NEW_LIST }, errors: [] }, principal)),
    }),
    definePage({
      method: 'post',
      path: '/console/lists/import',
      right: 'lists:write',
      summary: 'Import a list file',
      rawBody: { kind: 'multipart', description: 'The fields of the form, and last the file in a field named `file`.' },
      async handle(input) {
        const exchange: Exchange = { ...input, params: {}, query: new URLSearchParams() };
        const maxBytes = context.config.importMaxBytes;
        if ((exchange.header('accept') ?? '').includes(NDJSON)) return streamImport(service, exchange, maxBytes);
        const { form, errors, report } = await receive(service, exchange, { maxBytes });
        if (report === undefined) return html(renderImportPage({ lists: await service.list(), form, errors }, input.principal), { status: 400 });
        return html(renderReportPage(report, await service.get(report.listId), input.principal));
      },
    }),
  ];
}

interface ReceiveOptions {
  readonly maxBytes: number;
  onProgress?(event: ImportEvent): void;
}

/** Reads the form and imports its file as it arrives. What is wrong with the form, or the file, comes back beside it. */
async function receive(service: ListsService, exchange: Exchange, options: ReceiveOptions): Promise<Outcome> {
  const outcome: { form: ImportForm; errors: readonly FieldError[]; report: ImportReport | undefined; hasFile: boolean } = {
    form: EMPTY_IMPORT,
    errors: [],
    report: undefined,
    hasFile: false,
  };
  const fields = await readMultipart(exchange, {
    maxBytes: options.maxBytes,
    maxFiles: 1,
    async onFile({ fileName, stream }, before) {
      // Browsers send an unnamed, empty part when nothing was chosen.
      if (fileName === '') return;
      outcome.hasFile = true;
      const { form, errors } = check(before);
      outcome.errors = errors;
      if (form === undefined) return;
      try {
        outcome.report = await importInto(service, {
          form,
          fileName,
          stream,
          actor: exchange.principal.id,
          signal: exchange.signal,
          onProgress: options.onProgress,
        });
      } catch (error) {
        const told = toFieldErrors(error);
        if (told === undefined) throw error;
        outcome.errors = told;
      }
    },
  });
  const errors = outcome.hasFile ? outcome.errors : [...check(fields).errors, NO_FILE];
  return { form: toForm(fields), errors, report: outcome.report };
}

function toForm(fields: ReadonlyMap<string, string>): ImportForm {
  const read = (name: keyof ImportForm): string => fields.get(name) ?? EMPTY_IMPORT[name];
  return { list: read('list'), name: read('name'), type: read('type'), mode: read('mode'), strict: read('strict') };
}

function check(fields: ReadonlyMap<string, string>): { readonly form: CheckedForm | undefined; readonly errors: readonly FieldError[] } {
  const parsed = ImportFormSchema.safeParse(toForm(fields));
  if (!parsed.success)
    return {
      form: undefined,
      errors: parsed.error.issues.map(({ path }) => ({ at: String(path[0]), message: FORM_ERRORS[String(path[0])] ?? 'This is not valid' })),
    };
  const isNameNeeded = parsed.data.list === NEW_LIST && !ListNameSchema.safeParse(parsed.data.name).success;
  return isNameNeeded ? { form: undefined, errors: [{ at: 'name', message: 'Enter a name for the new list' }] } : { form: parsed.data, errors: [] };
}

interface ImportTask {
  readonly form: CheckedForm;
  readonly fileName: string;
  readonly stream: Readable;
  readonly actor: string;
  readonly signal: AbortSignal;
  readonly onProgress: ReceiveOptions['onProgress'];
}

/** A list that was made for this file goes again when the file is refused, so that a second attempt finds its name free. */
async function importInto(service: ListsService, task: ImportTask): Promise<ImportReport> {
  const { form, actor, signal } = task;
  const made = form.list === NEW_LIST ? await service.create({ name: form.name }, actor) : undefined;
  let reported = Number.NEGATIVE_INFINITY;
  try {
    return await service.importFile({
      listId: made?.id ?? form.list,
      actor,
      signal,
      stream: task.stream,
      name: task.fileName,
      mode: form.mode,
      isStrict: form.strict === 'true',
      ...(form.type === '' ? {} : { type: form.type }),
      onProgress(phase, { bytes, lines }) {
        if (phase === 'reading' && bytes - reported < PROGRESS_BYTES) return;
        reported = bytes;
        task.onProgress?.({ kind: 'progress', phase, bytes, lines });
      },
    });
  } catch (error) {
    if (made !== undefined) await service.remove(made.id, actor).catch(() => undefined);
    throw error;
  }
}

/** What the person can mend in the form; undefined for all else. */
function toFieldErrors(error: unknown): readonly FieldError[] | undefined {
  if (isGatehouseError(error, 'conflict')) return [{ at: 'name', message: error.message }];
  const isAboutFile = (['import_refused', 'invalid_request', 'too_large'] as const).some((code) => isGatehouseError(error, code));
  if (!isAboutFile || !isGatehouseError(error)) return undefined;
  return [{ at: 'file', message: error.message }, ...(error.extras.errors ?? []).map(({ at, message }) => ({ at: '', message: `${at}: ${message}` }))];
}

/** One JSON object a line: `progress` while it goes on, last `report` or `problem`. */
function streamImport(service: ListsService, exchange: Exchange, maxBytes: number): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      const send = (event: ImportEvent): void => {
        // The browser may have gone; the import then ends by its signal.
        if (!exchange.signal.aborted) controller.enqueue(encoder.encode(`${JSON.stringify(event)}\n`));
      };
      try {
        const { errors, report } = await receive(service, exchange, { maxBytes, onProgress: send });
        send(
          report === undefined
            ? { kind: 'problem', problem: { code: 'invalid_request', status: 400, detail: errors.map(({ message }) => message).join('. '), errors } }
            : { kind: 'report', report },
        );
      } catch (error) {
        send({ kind: 'problem', problem: toProblemObject(toGatehouseError(error), exchange.requestId) });
      }
      if (!exchange.signal.aborted) controller.close();
    },
  });
  return new Response(body, { headers: { 'content-type': NDJSON } });
}

function toProblemObject(error: GatehouseError, requestId: string): { code: string; status: number; detail: string } {
  return { ...toProblem(error, requestId), code: error.code, status: error.status, detail: error.message };
}
