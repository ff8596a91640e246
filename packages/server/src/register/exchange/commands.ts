import { readFile, writeFile } from 'node:fs/promises';
import { EXIT, formatTable, print, textOption, type CommandArguments, type CommandContext, type CommandDefinition } from '../../platform/cli/command.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { readJsonFile } from '../model/commands.ts';
import { LinksSchema } from './routes.ts';
import { ImportResultSchema, type ImportResult } from './schema.ts';

export const commands: readonly CommandDefinition[] = [importCommand(), exportCommand(), linksCommand()];

function importCommand(): CommandDefinition {
  return {
    name: 'register import',
    summary: 'read recommendations of an inquiry as drafts, from a CSV table with a mapping, or from JSON-LD',
    arguments: [{ name: '<file>', about: 'a table when --mapping is given, else JSON-LD' }],
    options: [
      { flags: '--mapping <file>', about: 'JSON: which column holds what, and which word means what (docs/guide/register.md)' },
      { flags: '--keep', about: 'keep the drafts; without it nothing is kept and you see what would be' },
    ],
    help: 'Exits with 1 when there is a fault; then nothing is kept.\nExample:\n  gatehouse register import recommendations.csv --mapping mapping.json --keep',
    async run(context, args) {
      const input = await readInput(args);
      const body = { input, isPreview: args.options['keep'] !== true };
      const reply = await (await context.api()).send({ method: 'POST', path: '/v1/register/imports', json: body });
      const result = ImportResultSchema.parse(reply.body);
      print(context, result, () => describe(result, body.isPreview));
      return result.faults.length === 0 ? EXIT.ok : EXIT.finding;
    },
  };
}

async function readInput(args: CommandArguments): Promise<object> {
  const [file = ''] = args.positional;
  const mapping = textOption(args, 'mapping');
  if (mapping === undefined) return { kind: 'jsonld', document: await readJsonFile(file) };
  try {
    return { kind: 'csv', mapping: await readJsonFile(mapping), text: await readFile(file, 'utf8') };
  } catch (cause) {
    if (cause instanceof GatehouseError) throw cause;
    throw new GatehouseError('invalid_request', `The file ${file} cannot be read. Nothing was done.`, { cause });
  }
}

function describe({ batch, counts, unchanged, faults }: ImportResult, isPreview: boolean): string[] {
  const found = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${kind} ${count}`);
  const isNothing = found.length === 0;
  return [
    `New or different: ${isNothing ? 'nothing' : found.join(', ')}. In the register already: ${unchanged}.`,
    ...faults.map(({ at, message }) => `- ${at}: ${message}`),
    ...(faults.length > 0 ? ['Nothing was kept. Correct these and read it again.'] : []),
    ...(batch === null ? [] : [`Kept as drafts. Hand them to a reviewer with \`gatehouse register submit ${batch}\`.`]),
    ...(isPreview && faults.length === 0 && !isNothing ? ['Nothing was kept. Do it with --keep.'] : []),
  ];
}

function exportCommand(): CommandDefinition {
  return {
    name: 'register export',
    summary: 'write a register as CSV, JSON or JSON-LD',
    arguments: [{ name: '<register>', about: 'such as iicsa-internet-2020' }],
    options: [
      { flags: '--format <format>', about: 'csv, json or jsonld', fallback: 'json' },
      { flags: '--out <file>', about: 'where to; default: the id with the ending of the format' },
    ],
    async run(context, args) {
      const [register = ''] = args.positional;
      const format = textOption(args, 'format') ?? 'json';
      const path = `/v1/register/registers/${encodeURIComponent(register)}/export?format=${encodeURIComponent(format)}`;
      const file = textOption(args, 'out') ?? `${register}.${format}`;
      const { body } = await (await context.api()).send({ method: 'GET', path });
      // JSON was parsed on its way; this gives the bytes of the server again.
      await writeFile(file, typeof body === 'string' ? body : `${JSON.stringify(body, undefined, 2)}\n`);
      print(context, { register, format, file }, () => [`Wrote ${file}.`]);
      return EXIT.ok;
    },
  };
}

function linksCommand(): CommandDefinition {
  return {
    name: 'register links',
    summary: 'show whether the documents that sources name are still there (exit 1 when one is gone or changed)',
    options: [
      { flags: '--check', about: 'ask for those that are due, one for each host' },
      { flags: '--all', about: 'with --check: all are due' },
    ],
    async run(context, args) {
      if (args.options['check'] === true) await askNow(context, args.options['all'] === true);
      const reply = await (await context.api()).send({ method: 'GET', path: '/v1/register/links' });
      const { links } = LinksSchema.parse(reply.body);
      print(context, { links }, () => (links.length === 0 ? ['No source is named.'] : formatTable(links.map((one) => [one.status, one.url, one.finding]))));
      return links.some(({ status }) => status === 'gone' || status === 'changed') ? EXIT.finding : EXIT.ok;
    },
  };
}

async function askNow(context: CommandContext, isAll: boolean): Promise<void> {
  await (await context.api()).send({ method: 'POST', path: '/v1/register/links/checks', json: { isAll } });
}
