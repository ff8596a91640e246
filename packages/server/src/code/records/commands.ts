import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { EXIT, formatTable, print, textOption, type CommandArguments, type CommandContext, type CommandDefinition } from '../../platform/cli/command.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { BODY_KINDS } from './body-schema.ts';
import { describeMember, FIELDS, KIND_WORDS, toBody } from './field-rules.ts';
import { verifyRecordFile } from './record-file.ts';
import { RECORD_KINDS, RecordFileSchema, RecordViewSchema, type RecordView } from './schema.ts';

const PATH = '/v1/code/records';
const SIGN_OPTIONS = [
  { flags: '--name <name>', about: 'your name, as the one who answers for it' },
  { flags: '--responsible', about: 'say that you are responsible for what is signed; needed' },
] as const;

export const commands: readonly CommandDefinition[] = [
  listCommand(),
  showCommand(),
  signCommand(),
  signMeasureCommand(),
  attestCommand(),
  withdrawCommand(),
  proveCommand(),
  verifyCommand(),
  pruneCommand(),
];

function listCommand(): CommandDefinition {
  return {
    name: 'code records list',
    summary: 'list the signed records that are in effect',
    options: [
      { flags: '--kind <kind>', about: `one of ${RECORD_KINDS.join(', ')}` },
      { flags: '--subject <subject>', about: 'what it is about, such as the id of a measure' },
      { flags: '--superseded', about: 'versions that are no longer in effect, too' },
      { flags: '--at <time>', about: 'as it was at this time, 2026-11-25T00:00:00Z' },
    ],
    async run(context, args) {
      const query = new URLSearchParams({ superseded: String(args.options['superseded'] === true) });
      for (const name of ['kind', 'subject', 'at']) query.set(name, textOption(args, name) ?? '');
      for (const [name, value] of [...query]) if (value === '') query.delete(name);
      const reply = await (await context.api()).send({ method: 'GET', path: `${PATH}?${query.toString()}` });
      const { records } = z.object({ records: z.array(RecordViewSchema) }).parse(reply.body);
      print(context, records, () =>
        records.length === 0
          ? ['There are no signed records.']
          : formatTable([
              ['RECORD', 'KIND', 'SUBJECT', 'VERSION', 'SIGNED', 'BY', 'STATE'],
              ...records.map((one) => [one.id, one.kind, one.subject, String(one.version), one.signedAt, one.signedName, describeState(one)]),
            ]),
      );
      return EXIT.ok;
    },
  };
}

function describeState({ supersededAt, withdrawnReason, keepUntil }: RecordView): string {
  if (supersededAt === null) return 'in effect';
  return `${withdrawnReason === null ? 'superseded' : 'withdrawn'} ${supersededAt}, kept until ${keepUntil ?? ''}`;
}

function describeRecord(record: RecordView): string[] {
  const kind = BODY_KINDS.find((one) => one === record.kind);
  return [
    `${KIND_WORDS[record.kind].title}: ${record.subject}, version ${record.version} (${describeState(record)})`,
    ...(record.withdrawnReason === null ? [] : [`Withdrawn: ${record.withdrawnReason}`]),
    ...(kind === undefined
      ? JSON.stringify(record.body, undefined, 2).split('\n')
      : FIELDS[kind].map((field) => `${field.label}: ${describeMember(field, record.body[field.name])}`)),
    `Signed by ${record.signedName} (${record.signedBy}) at ${record.signedAt}`,
    `Digest: ${record.digest}`,
  ];
}

function showCommand(): CommandDefinition {
  return {
    name: 'code records show',
    summary: 'show one signed record',
    arguments: [{ name: '<id>', about: 'id of the record' }],
    async run(context, args) {
      const reply = await (await context.api()).send({ method: 'GET', path: `${PATH}/${encodeURIComponent(args.positional[0] ?? '')}` });
      const record = RecordViewSchema.parse(reply.body);
      print(context, record, () => describeRecord(record));
      return EXIT.ok;
    },
  };
}

async function sign(context: CommandContext, args: CommandArguments, record: { readonly kind: string; readonly body: unknown }): Promise<number> {
  const signature = { name: textOption(args, 'name') ?? '', isResponsible: args.options['responsible'] === true };
  const reply = await (await context.api()).send({ method: 'POST', path: PATH, json: { record, signature } });
  const signed = RecordViewSchema.parse(reply.body);
  print(context, signed, () => describeRecord(signed));
  return EXIT.ok;
}

function signCommand(): CommandDefinition {
  return {
    name: 'code records sign',
    summary: 'sign a record of any kind from a JSON file; once signed nothing is changed',
    arguments: [
      { name: '<kind>', about: `one of ${BODY_KINDS.join(', ')}` },
      { name: '<file>', about: 'JSON with the members of the kind, as `gatehouse code records show --json` prints them in `body`' },
    ],
    options: SIGN_OPTIONS,
    async run(context, args) {
      const [kind = '', file = ''] = args.positional;
      return sign(context, args, { kind, body: await readJsonFile(file) });
    },
  };
}

async function readJsonFile(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new GatehouseError('invalid_request', `The file ${file} cannot be read as JSON. Nothing was done.`, { cause });
  }
}

/** Options by the names of the members that they fill. */
function toGiven(args: CommandArguments, names: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(names).map(([member, option]) => [member, textOption(args, option) ?? '']));
}

function signMeasureCommand(): CommandDefinition {
  return {
    name: 'code records sign-measure',
    summary: 'sign that a measure of a code is in effect (OSA s.23(3)); it supersedes the version before',
    arguments: [{ name: '<measure>', about: 'id of the measure, such as icu-c9' }],
    options: [
      { flags: '--description <text>', about: 'what the service does' },
      { flags: '--from <date>', about: 'the day on which it takes effect, 2026-11-25' },
      { flags: '--owner <name>', about: 'a person or a role' },
      ...SIGN_OPTIONS,
    ],
    help: 'Example:\n  gatehouse code records sign-measure icu-c9 --description "Every upload is screened before it is published." --from 2026-11-25 --owner "Head of safety" --name "Ada Example" --responsible',
    async run(context, args) {
      const given = toGiven(args, { description: 'description', effectiveFrom: 'from', owner: 'owner' });
      return sign(context, args, { kind: 'measure', body: toBody('measure', { ...given, control: args.positional[0] ?? '' }) });
    },
  };
}

function attestCommand(): CommandDefinition {
  return {
    name: 'code records attest',
    summary: 'say by name what nobody measures; shown as attested, never as measured',
    arguments: [{ name: '<metric>', about: 'id of the metric, such as training_current_ratio' }],
    options: [
      { flags: '--figure <figure>', about: 'yes, no, or a number in the unit of the metric' },
      { flags: '--statement <text>', about: 'what is attested, and what it rests on' },
      { flags: '--until <date>', about: 'the last day on which it holds' },
      { flags: '--measure <id>', about: 'for this measure only; default: wherever the metric stands' },
      { flags: '--document <sha256>', about: 'digest of a document that is kept elsewhere' },
      ...SIGN_OPTIONS,
    ],
    async run(context, args) {
      const given = toGiven(args, { figure: 'figure', statement: 'statement', validUntil: 'until', control: 'measure', documentSha256: 'document' });
      return sign(context, args, { kind: 'attestation', body: toBody('attestation', { ...given, metric: args.positional[0] ?? '' }) });
    },
  };
}

function withdrawCommand(): CommandDefinition {
  return {
    name: 'code records withdraw',
    summary: 'end a record without a new version; it is kept for three years',
    arguments: [{ name: '<id>', about: 'id of the record' }],
    options: [{ flags: '--reason <text>', about: 'why; it stays with the record' }],
    async run(context, args) {
      const [id = ''] = args.positional;
      await (
        await context.api()
      ).send({ method: 'POST', path: `${PATH}/${encodeURIComponent(id)}/withdrawal`, json: { reason: textOption(args, 'reason') ?? '' } });
      print(context, { withdrawn: id }, () => [`Withdrawn: ${id}. It stays readable and is kept for three years.`]);
      return EXIT.ok;
    },
  };
}

function proveCommand(): CommandDefinition {
  return {
    name: 'code records prove',
    summary: 'write a record with the proof of its signing, to hand out',
    arguments: [{ name: '<id>', about: 'id of the record' }],
    options: [{ flags: '--out <name>', about: 'name of the two files, without .json and .tlog-proof; default: the id' }],
    async run(context, args) {
      const [id = ''] = args.positional;
      const reply = await (await context.api()).send({ method: 'GET', path: `${PATH}/${encodeURIComponent(id)}/file` });
      const file = RecordFileSchema.parse(reply.body);
      const name = textOption(args, 'out') ?? file.record.id;
      await writeFile(`${name}.json`, `${JSON.stringify(file, undefined, 2)}\n`, { mode: 0o600 });
      await writeFile(`${name}.tlog-proof`, file.log.proof, { mode: 0o600 });
      print(context, { id, index: file.log.index, files: [`${name}.json`, `${name}.tlog-proof`] }, () => [
        `Wrote ${name}.json (the record with its proof) and ${name}.tlog-proof (the proof alone). Its signing is entry ${file.log.index} of the log.`,
      ]);
      return EXIT.ok;
    },
  };
}

function verifyCommand(): CommandDefinition {
  return {
    name: 'code records verify',
    summary: 'check a record that was handed out, offline: its digest, its entry in the log, the proof',
    arguments: [{ name: '<file>', about: 'from `gatehouse code records prove`' }],
    options: [
      {
        flags: '--key <key>',
        about: 'the verifier key of the log, as you got it from the operator; without it the key in the file is used, which proves less',
      },
    ],
    help: 'Needs no server and no network. Exits with 0 when everything holds, 1 when something does not.',
    async run(context, args) {
      const parsed = RecordFileSchema.safeParse(await readJsonFile(args.positional[0] ?? ''));
      if (!parsed.success)
        throw new GatehouseError('invalid_request', 'The file is not a record as `gatehouse code records prove` writes it. Nothing was checked.');
      const given = textOption(args, 'key');
      const { record, log } = parsed.data;
      const found = await verifyRecordFile(parsed.data, given ?? log.verifierKey);
      print(context, { ...found, keyFromFile: given === undefined, record }, () => [
        found.isValid ? `Holds: signed by ${record.signedName} at ${record.signedAt}, entry ${log.index} of ${found.origin ?? ''}.` : 'DOES NOT HOLD:',
        ...found.faults.map((fault) => `- ${fault}`),
        ...describeRecord(record),
        ...(given === undefined
          ? ['The key came from the file itself: this shows that the file is consistent, not whose log it is. Give --key to show that.']
          : []),
      ]);
      return found.isValid ? EXIT.ok : EXIT.finding;
    },
  };
}

function pruneCommand(): CommandDefinition {
  return {
    name: 'code records prune',
    summary: 'delete records that were superseded or withdrawn more than three years ago',
    async run(context) {
      const reply = await (await context.api()).send({ method: 'POST', path: `${PATH}/prunings` });
      const { deleted } = z.object({ deleted: z.number() }).parse(reply.body);
      print(context, { deleted }, () => [deleted === 0 ? 'Nothing was old enough to be deleted.' : `Deleted: ${deleted}. That they were there stays known.`]);
      return EXIT.ok;
    },
  };
}
