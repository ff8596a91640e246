import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { EXIT, formatTable, print, textOption, type CommandArguments, type CommandContext, type CommandDefinition } from '../../platform/cli/command.ts';
import { AnchorViewSchema, ListViewSchema, ReportSchema, TestedSchema } from './schema.ts';

const ListsSchema = z.object({ lists: z.array(ListViewSchema) });
const AnchorsSchema = z.object({ anchors: z.array(AnchorViewSchema) });

export const commands: readonly CommandDefinition[] = [importCommand(), listCommand(), muteCommand(), unmuteCommand(), testCommand()];

function importCommand(): CommandDefinition {
  return {
    name: 'age trust import',
    summary: 'import a trust list of age checks: PEM, VICAL, LoTE or ETSI TS 119 612',
    arguments: [{ name: '<file>', about: 'the list, as it was published' }],
    options: [
      { flags: '--name <name>', about: 'your name for the list; an import of the same name replaces it' },
      { flags: '--format <format>', about: 'auto (default), pem, vical, lote or ts119612' },
      { flags: '--signer <pem>', about: 'certificate of the signer of the list, or of the authority above it' },
      { flags: '--document-type <type>', about: 'for which documents its issuers stand, where the list does not say (repeatable)', isRepeatable: true },
      { flags: '--country <code>', about: 'ISO 3166-1 alpha-2' },
      { flags: '--assurance <level>', about: 'high, substantial or unknown (default)' },
      { flags: '--dry-run', about: 'only say what would change' },
      { flags: '--force', about: 'take an older edition than the one that is there' },
    ],
    help: 'Example:\n  gatehouse age trust import vical.cbor --name aamva --signer aamva-root.pem --assurance high',
    async run(context, args) {
      const signer = textOption(args, 'signer');
      const types = args.options['documentType'];
      const api = await context.api();
      const file = args.positional[0] ?? '';
      const optional = { country: textOption(args, 'country'), assurance: textOption(args, 'assurance'), format: textOption(args, 'format') };
      const reply = await api.send({
        method: 'POST',
        path: '/v1/age/trust/lists',
        json: {
          name: textOption(args, 'name') ?? 'own',
          content: (await readFile(file)).toString('base64'),
          ...(signer === undefined ? {} : { signer: (await readFile(signer)).toString('utf8') }),
          ...(Array.isArray(types) && types.length > 0 ? { documentTypes: types } : {}),
          ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
          dryRun: args.options['dryRun'] === true,
          force: args.options['force'] === true,
        },
      });
      const report = ReportSchema.parse(reply.body);
      print(context, report, () => [
        `${report.isDryRun ? 'Would change' : 'Imported'} ${report.name} (${report.format}): ${report.added.length} added, ${report.unchanged} unchanged, ${report.gone.length} gone.`,
        ...report.refused.map(({ what, reason }) => `Not taken: ${what}. ${reason}`),
      ]);
      return EXIT.ok;
    },
  };
}

function listCommand(): CommandDefinition {
  return {
    name: 'age trust list',
    summary: 'list the trust lists and issuers of age checks',
    async run(context) {
      const api = await context.api();
      const { lists } = ListsSchema.parse((await api.send({ method: 'GET', path: '/v1/age/trust/lists' })).body);
      const { anchors } = AnchorsSchema.parse((await api.send({ method: 'GET', path: '/v1/age/trust/anchors' })).body);
      print(context, { lists, anchors }, () => [
        ...formatTable([
          ['LIST', 'FORMAT', 'ISSUED', 'NEXT UPDATE', 'ISSUERS'],
          ...lists.map((list) => [list.name, list.format, list.issuedAt ?? '-', list.nextUpdate ?? '-', String(list.anchors)]),
        ]),
        '',
        ...formatTable([
          ['ISSUER', 'LIST', 'SUBJECT', 'VALID TO', 'STATE'],
          ...anchors.map((anchor) => [anchor.id, anchor.list, anchor.subject, anchor.validTo, anchor.mutedAt === null ? 'trusted' : 'muted']),
        ]),
      ]);
      return EXIT.ok;
    },
  };
}

async function send(context: CommandContext, args: CommandArguments, request: { readonly method: 'POST' | 'DELETE'; readonly json?: object }): Promise<string> {
  const id = args.positional[0] ?? '';
  const api = await context.api();
  await api.send({ ...request, path: `/v1/age/trust/anchors/${encodeURIComponent(id)}/mute` });
  return id;
}

function muteCommand(): CommandDefinition {
  return {
    name: 'age trust mute',
    summary: 'stop believing an issuer at once; results, tokens and passkeys from before become void',
    arguments: [{ name: '<issuer>', about: 'its id from `gatehouse age trust list`' }],
    options: [{ flags: '--reason <text>', about: 'why; it is kept' }],
    async run(context, args) {
      const id = await send(context, args, { method: 'POST', json: { reason: textOption(args, 'reason') ?? 'not stated' } });
      print(context, { id, state: 'muted' }, () => [`Issuer ${id} is muted.`]);
      return EXIT.ok;
    },
  };
}

function unmuteCommand(): CommandDefinition {
  return {
    name: 'age trust unmute',
    summary: 'believe a muted issuer again',
    arguments: [{ name: '<issuer>', about: 'its id from `gatehouse age trust list`' }],
    async run(context, args) {
      const id = await send(context, args, { method: 'DELETE' });
      print(context, { id, state: 'trusted' }, () => [`Issuer ${id} is believed again.`]);
      return EXIT.ok;
    },
  };
}

function testCommand(): CommandDefinition {
  return {
    name: 'age trust test',
    summary: 'say which trusted issuer stands behind a certificate, or what fails',
    arguments: [{ name: '<pem>', about: 'the certificate of a document signer, with those above it' }],
    options: [{ flags: '--document-type <type>', about: 'such as eu.europa.ec.av.1' }],
    async run(context, args) {
      const documentType = textOption(args, 'documentType');
      const chain = (await readFile(args.positional[0] ?? '')).toString('utf8');
      const api = await context.api();
      const reply = await api.send({ method: 'POST', path: '/v1/age/trust/test', json: { chain, ...(documentType === undefined ? {} : { documentType }) } });
      const tested = TestedSchema.parse(reply.body);
      print(context, tested, () => [tested.isTrusted ? `Trusted: issuer ${tested.anchor ?? ''}.` : `Not trusted. ${tested.reason ?? ''}`]);
      return tested.isTrusted ? EXIT.ok : EXIT.finding;
    },
  };
}
