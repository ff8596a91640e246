import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { EXIT, formatTable, print, textOption, type CommandContext, type CommandDefinition } from '../../platform/cli/command.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { AmendmentViewSchema, ReleaseViewSchema, type ReleaseView } from './release-schema.ts';
import { ControlViewSchema } from './routes.ts';
import { CatalogueSchema } from './schema.ts';

const AmendmentsSchema = z.object({ amendments: z.array(AmendmentViewSchema) });
const ReleasesSchema = z.object({ releases: z.array(ReleaseViewSchema) });
const OLDER_OPTIONS = [
  { flags: '--allow-older', about: 'use it although a newer release is held; needs --reason' },
  { flags: '--reason <text>', about: 'why an older one' },
];

export const commands: readonly CommandDefinition[] = [
  catalogueCommand(),
  showCommand(),
  importCommand(),
  releasesCommand(),
  useCommand(),
  amendmentsCommand(),
];

async function get(context: CommandContext, path: string): Promise<unknown> {
  return (await (await context.api()).send({ method: 'GET', path })).body;
}

function catalogueCommand(): CommandDefinition {
  return {
    name: 'code catalogue',
    summary: 'show the catalogue of measures in use',
    options: [{ flags: '--to-verify', about: 'only measures that a person must still compare with the primary text' }],
    async run(context, args) {
      const catalogue = CatalogueSchema.parse(await get(context, '/v1/code/catalogue'));
      const isOnly = args.options['toVerify'] === true;
      print(context, catalogue, () => [
        `${catalogue.title}, release ${catalogue.version} of ${catalogue.releasedOn}`,
        catalogue.disclaimer,
        ...catalogue.groups.flatMap((group) => {
          const controls = group.controls.filter(({ verify }) => verify || !isOnly);
          const rows = controls.map(({ id, title, status, verify }) => [id, verify ? 'check' : '', title, status]);
          return controls.length === 0 ? [] : ['', group.title, ...formatTable([['MEASURE', 'VERIFY', 'TITLE', 'STATUS'], ...rows])];
        }),
      ]);
      return EXIT.ok;
    },
  };
}

function showCommand(): CommandDefinition {
  return {
    name: 'code show',
    summary: 'show one measure of the catalogue',
    arguments: [{ name: '<id>', about: 'icu-c9' }],
    async run(context, args) {
      const view = ControlViewSchema.parse(await get(context, `/v1/code/catalogue/controls/${encodeURIComponent(args.positional[0] ?? '')}`));
      const { control, group, source } = view;
      print(context, view, () => [
        `${control.ref}: ${control.title}`,
        control.statement,
        '',
        `Document: ${group.title} (release ${view.release})`,
        `Source: ${[source?.title ?? control.source.sourceId, control.source.section, control.source.date, source?.url ?? ''].filter((part) => part !== '').join(', ')}`,
        `For whom: ${group.appliesTo.text}. ${control.appliesTo.text}.`,
        `Condition: ${group.appliesTo.expr} && (${control.appliesTo.expr ?? 'the text is not final'})`,
        `Status: ${control.status}`,
        ...(control.verify ? [`TO BE CHECKED against the primary text: ${control.verifyNote ?? ''}`] : []),
        `Up: ${control.up.join(', ') || 'nothing'}; related: ${control.related.join(', ') || 'nothing'}`,
        '',
        ...formatTable([
          ['METRIC', 'WINDOW', 'HOW', 'THRESHOLD FROM'],
          ...control.evidence.map(({ metric, window, mode, basis }) => [metric, window, mode, basis]),
        ]),
      ]);
      return EXIT.ok;
    },
  };
}

function importCommand(): CommandDefinition {
  return {
    name: 'code import',
    summary: 'import a signed release of the catalogue; it is in use at once',
    arguments: [
      { name: '<file>', about: 'catalogue-1.1.0.json' },
      { name: '<note>', about: 'the signed note that came with it, catalogue-1.1.0.note' },
    ],
    options: OLDER_OPTIONS,
    async run(context, args) {
      const [catalogue, note] = await Promise.all(args.positional.slice(0, 2).map(readText));
      const api = await context.api();
      const body = { catalogue, note, allowOlder: args.options['allowOlder'] === true, reason: textOption(args, 'reason') };
      return tellUsed(context, ReleaseViewSchema.parse((await api.send({ method: 'POST', path: '/v1/code/releases', json: body })).body));
    },
  };
}

/** The bytes are what is signed: what is not UTF-8 would become something else on its way. */
async function readText(path: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readFile(path));
  } catch (cause) {
    throw new GatehouseError('invalid_request', `${path} could not be read as UTF-8. Nothing was imported.`, { cause });
  }
}

function tellUsed(context: CommandContext, release: ReleaseView): number {
  print(context, release, () => [
    `Release ${release.version} of ${release.releasedOn} is in use: ${release.controls} measures, ${release.toVerify} to be checked, signed by ${release.signedBy}.`,
    'What changes for this service: gatehouse code amendments',
  ]);
  return EXIT.ok;
}

function releasesCommand(): CommandDefinition {
  return {
    name: 'code releases',
    summary: 'list the releases of the catalogue that are held here',
    async run(context) {
      const { releases } = ReleasesSchema.parse(await get(context, '/v1/code/releases'));
      print(context, releases, () =>
        formatTable([
          ['RELEASE', 'OF', 'IN USE', 'MEASURES', 'TO VERIFY', 'SIGNED BY', 'IMPORTED'],
          ...releases.map((one) => [
            one.version,
            one.releasedOn,
            one.isCurrent ? 'yes' : '',
            String(one.controls),
            String(one.toVerify),
            one.signedBy,
            one.importedAt ?? 'came with Gatehouse',
          ]),
        ]),
      );
      return EXIT.ok;
    },
  };
}

function useCommand(): CommandDefinition {
  return {
    name: 'code use',
    summary: 'use a release of the catalogue that is held already',
    arguments: [{ name: '<version>', about: 'as `gatehouse code releases` lists it' }],
    options: OLDER_OPTIONS,
    async run(context, args) {
      const api = await context.api();
      const body = { allowOlder: args.options['allowOlder'] === true, reason: textOption(args, 'reason') };
      const path = `/v1/code/releases/${encodeURIComponent(args.positional[0] ?? '')}/use`;
      return tellUsed(context, ReleaseViewSchema.parse((await api.send({ method: 'POST', path, json: body })).body));
    },
  };
}

function amendmentsCommand(): CommandDefinition {
  return {
    name: 'code amendments',
    summary: 'show what changed in the law, the codes and the catalogue, and what that is to this service',
    async run(context) {
      const { amendments } = AmendmentsSchema.parse(await get(context, '/v1/code/amendments'));
      print(context, amendments, () =>
        amendments.flatMap((one) => [
          `${one.date}  ${one.title}${one.verify ? '  (to be checked)' : ''}`,
          `  Concerns this service: ${one.concerns}. ${one.why}`,
          ...one.measures.filter(({ change }) => change !== 'none').map(({ ref, title, change }) => `    ${change.replace('_', ' ')}: ${ref} ${title}`),
          '',
        ]),
      );
      return EXIT.ok;
    },
  };
}
