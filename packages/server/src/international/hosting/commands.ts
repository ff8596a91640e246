import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { EXIT, formatTable, print, textOption, type CommandArguments, type CommandContext, type CommandDefinition } from '../../platform/cli/command.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { parseAddress } from './address-rules.ts';
import { describeClaim } from './claim-word-rules.ts';
import { DatasetUpdateSchema, DatasetViewSchema, HostingClaimSchema, type DatasetUpdate, type DatasetView, type Target } from './schema.ts';

const PATH = '/v1/international/datasets';

export const commands: readonly CommandDefinition[] = [showCommand(), lookCommand(), updateCommand(), reloadCommand()];

function showCommand(): CommandDefinition {
  return {
    name: 'geo show',
    summary: 'list the datasets of addresses in use (exit 1 when one is too old or cannot be used)',
    async run(context) {
      return tellDatasets(context, (await (await context.api()).send({ method: 'GET', path: PATH })).body);
    },
  };
}

function reloadCommand(): CommandDefinition {
  return {
    name: 'geo reload',
    summary: 'read the files of the datasets again',
    async run(context) {
      return tellDatasets(context, (await (await context.api()).send({ method: 'POST', path: `${PATH}/reload`, json: {} })).body);
    },
  };
}

function tellDatasets(context: CommandContext, body: unknown): number {
  const { datasets } = z.object({ datasets: z.array(DatasetViewSchema) }).parse(body);
  print(context, { datasets }, () =>
    datasets.length === 0
      ? ['There are no datasets. Name files in GATEHOUSE_GEO_FILES, or fetch them: gatehouse geo update --from <address or file>']
      : formatTable([['DATASET', 'KIND', 'OF', 'ENTRIES', 'LICENCE', 'REMARK'], ...datasets.map(toRow)]),
  );
  return datasets.every(({ isStale, problem }) => !isStale && problem === null) ? EXIT.ok : EXIT.finding;
}

function toRow({ name, kind, date, entries, licence, isStale, problem }: DatasetView): string[] {
  return [name, kind, date ?? 'unknown', String(entries), licence ?? 'unknown', problem ?? (isStale ? 'too old, or of unknown age' : '')];
}

function lookCommand(): CommandDefinition {
  return {
    name: 'geo look',
    summary: 'say where something is hosted, as far as that can be known',
    help: 'Resolvers and registries are asked; nothing is fetched from the host. With `-` the target is read from standard input, so that it is in no list of commands.',
    arguments: [{ name: '<target>', about: 'URL, domain name, IP address or number of a network (AS64496); `-` reads one line' }],
    async run(context, args) {
      const text = args.positional[0] ?? '';
      const target = toTarget(text === '-' ? await readLine() : text);
      const reply = await (await context.api()).send({ method: 'POST', path: '/v1/international/hosting', json: target, signal: context.signal });
      const claim = HostingClaimSchema.parse(reply.body);
      print(context, claim, () => describeClaim(claim));
      return claim.origin === 'claimed' ? EXIT.ok : EXIT.finding;
    },
  };
}

async function readLine(): Promise<string> {
  const lines = createInterface({ input: process.stdin });
  for await (const line of lines) return line.trim();
  return '';
}

function toTarget(value: string): Target {
  if (value.includes('//')) return { kind: 'url', value };
  if (/^AS\d+$/i.test(value)) return { kind: 'asn', value };
  return parseAddress(value) === undefined ? { kind: 'domain', value } : { kind: 'ip', value };
}

function updateCommand(): CommandDefinition {
  return {
    name: 'geo update',
    summary: 'fetch datasets of addresses, or take one from a file',
    help: 'Without `--from` every address of the setting geoUpdateUrls is fetched. A file that is damaged is refused, and the one in use stays.',
    options: [
      { flags: '--from <address or file>', about: 'one address (`#sha256=…` at its end says what it must be), or one file of this machine' },
      { flags: '--licence <text>', about: 'of a file: the licence, as it is shown' },
      { flags: '--date <date>', about: 'of a file that does not say it: YYYY-MM-DD' },
      { flags: '--sha256 <digest>', about: 'of a file: what it must be' },
    ],
    async run(context, args) {
      const from = textOption(args, 'from');
      const updated = from === undefined || /^https?:\/\//i.test(from) ? await fetchAll(context, from) : [await sendFile(context, from, args)];
      print(context, { updated }, () =>
        updated.map(
          ({ name, entries, date, isDigestChecked }) =>
            `${name}: ${entries} entries of ${date ?? 'an unknown day'}${isDigestChecked ? ', digest checked' : ', no digest to check it against'}`,
        ),
      );
      return EXIT.ok;
    },
  };
}

async function fetchAll(context: CommandContext, url: string | undefined): Promise<readonly DatasetUpdate[]> {
  const reply = await (await context.api()).send({ method: 'POST', path: `${PATH}/update`, json: url === undefined ? {} : { url }, signal: context.signal });
  return z.object({ updated: z.array(DatasetUpdateSchema) }).parse(reply.body).updated;
}

async function sendFile(context: CommandContext, path: string, args: CommandArguments): Promise<DatasetUpdate> {
  const query = new URLSearchParams();
  for (const name of ['licence', 'date', 'sha256']) {
    const value = textOption(args, name);
    if (value !== undefined) query.set(name, value);
  }
  const stream = createReadStream(path);
  await new Promise((resolve, reject) => {
    stream.once('open', resolve);
    stream.once('error', (cause) => reject(new GatehouseError('invalid_request', `${path} could not be read. Nothing was sent.`, { cause })));
  });
  const headers = { 'content-type': 'application/octet-stream' };
  const reply = await (
    await context.api()
  ).send({ method: 'PUT', path: `${PATH}/${encodeURIComponent(basename(path))}?${query.toString()}`, headers, stream, signal: context.signal });
  return DatasetUpdateSchema.parse(reply.body);
}
