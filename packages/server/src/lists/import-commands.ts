import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import type { ApiClient } from '../platform/cli/api.ts';
import { EXIT, print, textOption, type CommandArguments, type CommandContext, type CommandDefinition } from '../platform/cli/command.ts';
import { createProgressBar } from '../platform/cli/progress.ts';
import { GatehouseError } from '../platform/errors.ts';
import { findList, readSettings, SETTINGS_OPTIONS } from './command-inputs.ts';
import { ImportReportSchema, type ImportReport } from './schema-changes.ts';
import { ListViewSchema, type FileFormat, type ListView } from './schema.ts';

const FORMAT_OF_ENDING: Readonly<Record<string, FileFormat>> = { '.csv': 'csv', '.tsv': 'csv', '.jsonl': 'jsonl', '.ndjson': 'jsonl', '.json': 'jsonl' };

export const importCommand: CommandDefinition = {
  name: 'list import',
  summary: 'import a list file: CSV, JSON Lines, or one hash a line',
  arguments: [{ name: '<file>', about: 'the file, or - for standard input' }],
  options: [
    { flags: '--list <list>', about: 'name or id of the list; it is made when the name is new. Default: the name of the file' },
    { flags: '--name <name>', about: 'the same as --list, for a new list' },
    { flags: '--type <type>', about: 'type of values that do not say it: pdq, md5, sha1, sha256' },
    { flags: '--map <columns>', about: 'which CSV column is what: value=2,type=1 or pdq=Hash' },
    { flags: '--format <format>', about: 'csv, jsonl or text; default: found from the file' },
    { flags: '--mode <mode>', about: 'add (default), or replace: entries that the file does not hold are withdrawn' },
    { flags: '--strict', about: 'refuse the whole file when one line cannot be read' },
    ...SETTINGS_OPTIONS,
  ],
  help: [
    'Importing the same file twice changes nothing.',
    'Examples:',
    '  gatehouse list import hashes.csv --name "Partner list" --disposition refuse',
    '  gatehouse list import pdq.txt --type pdq --list "Partner list" --mode replace --strict',
    '  zcat big.csv.gz | gatehouse list import - --list "Partner list" --format csv --map value=2,type=1',
    'Exit codes: 0 imported, 2 imported without the lines that could not be read, 3 refused.',
  ].join('\n'),
  run: runImport,
};

async function runImport(context: CommandContext, args: CommandArguments): Promise<number> {
  const file = args.positional[0] ?? '-';
  const source = await openSource(file);
  const api = await context.api();
  const { list, isNew } = await takeList(api, args, file);
  let report: ImportReport;
  try {
    report = await send(context, api, { list, args, source, file });
  } catch (error) {
    // An empty list that nobody asked for is not left behind.
    if (isNew) await api.send({ method: 'DELETE', path: `/v1/lists/${list.id}` }).catch(() => undefined);
    throw error;
  }
  print(context, report, () => describeReport(report, list));
  return report.bad > 0 ? EXIT.incomplete : EXIT.ok;
}

interface Source {
  /** Called when there is somebody to read it: a file that cannot be opened would otherwise end the program, with nobody there to hear of it. */
  open(): Readable;
  /** Undefined for standard input. */
  readonly bytes: number | undefined;
}

async function openSource(file: string): Promise<Source> {
  if (file === '-') return { open: () => process.stdin, bytes: undefined };
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() !== true)
    throw new GatehouseError('invalid_request', 'The list file was not found, or is not a file. Nothing was changed.', {
      errors: [{ at: '<file>', message: 'cannot be read' }],
    });
  return { open: () => createReadStream(file, { highWaterMark: 262_144 }), bytes: found.size };
}

async function takeList(api: ApiClient, args: CommandArguments, file: string): Promise<{ readonly list: ListView; readonly isNew: boolean }> {
  const name = textOption(args, 'list') ?? textOption(args, 'name') ?? (file === '-' ? undefined : basename(file, extname(file)));
  if (name === undefined)
    throw new GatehouseError('invalid_request', 'Say which list with --list. Nothing was changed.', {
      errors: [{ at: '--list', message: 'is needed with standard input' }],
    });
  const settings = readSettings(args);
  const known = await findList(api, name);
  if (known === undefined) {
    if (/^list_[0-9a-z]{26}$/.test(name)) throw new GatehouseError('not_found', 'There is no list of that id. Nothing was changed.');
    return { list: ListViewSchema.parse((await api.send({ method: 'POST', path: '/v1/lists', json: { ...settings, name } })).body), isNew: true };
  }
  if (Object.keys(settings).length > 0) await api.send({ method: 'PATCH', path: `/v1/lists/${known.id}`, json: settings });
  return { list: known, isNew: false };
}

async function send(
  context: CommandContext,
  api: ApiClient,
  parts: { readonly list: ListView; readonly args: CommandArguments; readonly source: Source; readonly file: string },
): Promise<ImportReport> {
  const { list, args, source } = parts;
  const query = new URLSearchParams();
  for (const name of ['type', 'map', 'mode'] as const) {
    const value = textOption(args, name);
    if (value !== undefined) query.set(name, value);
  }
  const format = textOption(args, 'format') ?? FORMAT_OF_ENDING[extname(parts.file).toLowerCase()];
  if (format !== undefined) query.set('format', format);
  if (args.options['strict'] === true) query.set('strict', 'true');
  const bar = createProgressBar(context.terminal, context.clock, 'Importing');
  let done = 0;
  const counting = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      done += chunk.length;
      bar.update(done, source.bytes, source.bytes === undefined ? `${done} bytes` : '');
      next(null, chunk);
    },
    flush(next) {
      bar.update(done, done, 'storing');
      next();
    },
  });
  const stream = source.open().on('error', (error) => counting.destroy(error));
  try {
    const reply = await api.send({
      method: 'POST',
      path: `/v1/lists/${list.id}/import?${query.toString()}`,
      headers: { 'content-type': 'application/octet-stream' },
      stream: stream.pipe(counting),
      signal: context.signal,
    });
    const report = ImportReportSchema.parse(reply.body);
    bar.finish(`${report.lines} lines in ${(report.durationMs / 1000).toFixed(1)} s`);
    return report;
  } catch (error) {
    bar.finish('not imported');
    if (stream.errored === null || stream.errored === undefined) throw error;
    throw new GatehouseError(
      'invalid_request',
      `The list file could not be read (${String(Reflect.get(stream.errored, 'code') ?? 'unknown fault')}). Nothing was imported.`,
      { cause: error },
    );
  }
}

function describeReport(report: ImportReport, list: ListView): string[] {
  const outcome = report.isChanged ? `List-set version ${report.listSetVersion} is in force.` : `Nothing changed (list-set version ${report.listSetVersion}).`;
  const counts = [
    `${report.added} added`,
    `${report.unchanged} unchanged`,
    ...optional(report.restored, 'back in force'),
    ...optional(report.withdrawn, 'withdrawn'),
    ...optional(report.repeated, 'repeated in the file'),
  ];
  return [
    `${list.name}: ${counts.join(', ')}. ${outcome}`,
    ...report.warnings,
    ...(report.suspicious === 0
      ? []
      : [`${report.suspicious} value(s) look like fillers, flat pictures or digests of nothing. They were kept; check them with the source.`]),
    ...(report.bad === 0
      ? []
      : [`${report.bad} line(s) could not be read and were left out:`, ...report.badLines.map(({ line, reason }) => `  line ${line}: ${reason}`)]),
  ];
}

function optional(count: number, what: string): string[] {
  return count === 0 ? [] : [`${count} ${what}`];
}
