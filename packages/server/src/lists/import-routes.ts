import type { AppContext } from '../platform/context.ts';
import { toGatehouseError, toProblem } from '../platform/errors.ts';
import { json } from '../platform/http/reply.ts';
import { defineRoute, type Route } from '../platform/http/route.ts';
import type { ImportInput } from './import.ts';
import { ImportQuerySchema, ListParamsSchema } from './route-inputs.ts';
import { ImportEventSchema, ImportReportSchema, type ImportEvent, type ImportPhase, type ImportReport } from './schema-changes.ts';
import type { FileFormat } from './schema.ts';
import type { ListsService } from './service.ts';

const NDJSON = 'application/x-ndjson';
/** A line of progress for so many bytes read. */
const PROGRESS_BYTES = 1_048_576;
const FORMATS: Readonly<Record<string, FileFormat>> = {
  'text/csv': 'csv',
  'application/x-ndjson': 'jsonl',
  'application/jsonl': 'jsonl',
  'application/x-jsonlines': 'jsonl',
};

export function importRoute(service: ListsService, context: AppContext): Route {
  return defineRoute({
    method: 'post',
    path: '/v1/lists/{id}/import',
    right: 'lists:write',
    tag: 'lists',
    summary: 'Import a list file',
    description:
      'The body is the file: CSV (any column order, found by header or `map`), JSON Lines or one hash a line; PDQ, MD5, SHA-1, SHA-256. ' +
      'Lines that cannot be read are left out, counted, and named by number and reason; with `strict` they refuse the whole file. ' +
      'The same file twice changes nothing. The new version is in force on this node before the answer. ' +
      `With \`Accept: ${NDJSON}\` the answer is a stream of progress lines; the last line is the report or the problem.`,
    params: ListParamsSchema,
    query: ImportQuerySchema,
    requestHeaders: { accept: `\`${NDJSON}\` for progress` },
    rawBody: {
      kind: 'stream',
      contentTypes: ['text/csv', NDJSON, 'text/plain', 'application/octet-stream'],
      description: `The list file, at most ${context.config.importMaxBytes} bytes`,
    },
    responses: { 200: { description: 'What became of the lines', schema: ImportReportSchema } },
    async handle({ params, query, principal, incoming, header, signal }) {
      // A list that does not exist is an error status, also for those who read progress.
      await service.get(params.id);
      const contentType = (header('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
      const input: ImportInput = {
        listId: params.id,
        actor: principal.id,
        stream: incoming,
        name: '',
        signal,
        format: query.format ?? FORMATS[contentType],
        type: query.type,
        map: query.map,
        mode: query.mode,
        isStrict: query.strict,
      };
      if ((header('accept') ?? '').includes(NDJSON)) return answerWithProgress((onProgress) => service.importFile({ ...input, onProgress }));
      return json(await service.importFile(input));
    },
  });
}

type OnProgress = NonNullable<ImportInput['onProgress']>;

/** The status is sent before the outcome is known; the last line tells it. */
function answerWithProgress(run: (onProgress: OnProgress) => Promise<ImportReport>): Response {
  const encoder = new TextEncoder();
  let isGone = false;
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      const send = (event: ImportEvent): void => {
        if (!isGone) controller.enqueue(encoder.encode(`${JSON.stringify(ImportEventSchema.parse(event))}\n`));
      };
      let told: { phase: ImportPhase | ''; bytes: number } = { phase: '', bytes: 0 };
      const onProgress: OnProgress = (phase, { bytes, lines }) => {
        if (phase === told.phase && bytes - told.bytes < PROGRESS_BYTES) return;
        told = { phase, bytes };
        send({ kind: 'progress', phase, bytes, lines });
      };
      try {
        send({ kind: 'report', report: await run(onProgress) });
      } catch (error) {
        const known = toGatehouseError(error);
        send({ kind: 'problem', problem: { ...toProblem(known), code: known.code, status: known.status, detail: known.message } });
      }
      if (!isGone) controller.close();
    },
    cancel() {
      isGone = true;
    },
  });
  return new Response(body, { headers: { 'content-type': NDJSON, 'cache-control': 'no-store' } });
}
