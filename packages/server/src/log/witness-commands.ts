import { z } from 'zod';
import { EXIT, formatTable, print, textOption, type CommandContext, type CommandDefinition } from '../platform/cli/command.ts';
import { COSIGNER_FAULTS, CosignerSchema, StampSchema, WitnessedLogSchema, WitnessSchema, type Cosigner, type OutsideView } from './witness-schema.ts';

const LOGS = '/v1/log/witness/logs';
const COSIGNERS = '/v1/log/cosigners';
const CosignersSchema = z.object({ cosigners: z.array(CosignerSchema) });

export const witnessCommands: readonly CommandDefinition[] = [
  addCosignerCommand(),
  listCosignersCommand(),
  removeCosignerCommand(),
  askCommand(),
  stampCommand(),
  addLogCommand(),
  listLogsCommand(),
  removeLogCommand(),
];

function addCosignerCommand(): CommandDefinition {
  return {
    name: 'log cosigner add',
    summary: 'have a witness cosign the checkpoints of this log from now on',
    arguments: [{ name: '<address>', about: 'where it takes checkpoints; `/add-checkpoint` is put behind it' }],
    options: [{ flags: '--key <key>', about: 'its verifier key, as its operator gave it to you' }],
    help: 'The witness must know this log: give its operator the key that `gatehouse log status` prints.\nExample:\n  gatehouse log cosigner add https://other.example/log/witness --key "other.example/log/witness+…"',
    async run(context, args) {
      const json = { url: args.positional[0] ?? '', verifierKey: textOption(args, 'key') ?? '' };
      const added = CosignerSchema.parse((await (await context.api()).send({ method: 'POST', path: COSIGNERS, json })).body);
      print(context, added, () => [`${added.name} is asked within a minute, and after each new checkpoint. Ask now with \`gatehouse log cosign\`.`]);
      return EXIT.ok;
    },
  };
}

function listCosignersCommand(): CommandDefinition {
  return {
    name: 'log cosigner list',
    summary: 'list the witnesses of this log, and what each has cosigned',
    async run(context) {
      return tell(context, (await (await context.api()).send({ method: 'GET', path: COSIGNERS })).body);
    },
  };
}

function removeCosignerCommand(): CommandDefinition {
  return {
    name: 'log cosigner remove',
    summary: 'ask a witness no more; what it cosigned stays',
    arguments: [{ name: '<name>', about: 'its name from `gatehouse log cosigner list`' }],
    async run(context, args) {
      const name = args.positional[0] ?? '';
      await (await context.api()).send({ method: 'DELETE', path: `${COSIGNERS}?name=${encodeURIComponent(name)}` });
      print(context, { name, state: 'removed' }, () => [`${name} is asked no more.`]);
      return EXIT.ok;
    },
  };
}

function askCommand(): CommandDefinition {
  return {
    name: 'log cosign',
    summary: 'sign a checkpoint of the log and ask all its witnesses now',
    help: 'Exit code 1: a witness did not cosign.',
    async run(context) {
      return tell(context, (await (await context.api()).send({ method: 'POST', path: `${COSIGNERS}/ask` })).body);
    },
  };
}

function tell(context: CommandContext, body: unknown): number {
  const { cosigners } = CosignersSchema.parse(body);
  print(context, { cosigners }, () => (cosigners.length === 0 ? ['No witness is asked.'] : describeCosigners(cosigners)));
  return cosigners.some(({ failure }) => failure !== null) ? EXIT.finding : EXIT.ok;
}

export function describeOutside({ anchoredUpTo, cosigners, stamping: { isConfigured, last, failure, failingSince } }: OutsideView): string[] {
  if (cosigners.length === 0 && !isConfigured && anchoredUpTo === 0)
    return ['No outsider has seen it: no witness is asked and no time-stamping authority is set up.'];
  return [
    `Seen by outsiders: the first ${anchoredUpTo} entries.`,
    ...(cosigners.length === 0 ? [] : describeCosigners(cosigners)),
    ...(last === null ? [] : [`Last time stamp: ${last.size} entries at ${last.at}, by ${last.authority}.`]),
    ...(failure === null ? [] : [`Time stamps fail since ${failingSince ?? ''}: ${failure}`]),
  ];
}

function describeCosigners(cosigners: readonly Cosigner[]): string[] {
  return [
    ...formatTable([
      ['WITNESS', 'COSIGNED', 'AT', 'FAILING SINCE', 'ADDRESS'],
      ...cosigners.map(({ name, size, cosignedAt, failingSince, url }) => [name, String(size ?? '-'), cosignedAt ?? 'never', failingSince ?? '-', url]),
    ]),
    ...cosigners.flatMap(({ name, failure }) => (failure === null ? [] : [`${name}: ${COSIGNER_FAULTS[failure]}`])),
  ];
}

function stampCommand(): CommandDefinition {
  return {
    name: 'log stamp',
    summary: 'sign a checkpoint of the log and have it stamped by the time-stamping authority now',
    help: 'Needs GATEHOUSE_LOG_TIMESTAMP_URL and GATEHOUSE_LOG_TIMESTAMP_CA_FILE. A checkpoint that has a stamp keeps it.',
    async run(context) {
      const stamp = StampSchema.parse((await (await context.api()).send({ method: 'POST', path: '/v1/log/stamps' })).body);
      print(context, stamp, () => [`Stamped: ${stamp.size} entries at ${stamp.at}, by ${stamp.authority}.`]);
      return EXIT.ok;
    },
  };
}

function addLogCommand(): CommandDefinition {
  return {
    name: 'log witness add',
    summary: 'be a witness of another log: cosign its checkpoints from now on',
    arguments: [{ name: '<key>', about: 'the verifier key of that log, as its operator gave it to you' }],
    options: [{ flags: '--origin <name>', about: 'the name of the log in its checkpoints, where that is not the name of its key' }],
    help: 'Prints the key of this witness, for the operator of that log; checkpoints are taken at /log/witness/add-checkpoint.',
    async run(context, args) {
      const origin = textOption(args, 'origin');
      const api = await context.api();
      const json = { verifierKey: args.positional[0] ?? '', ...(origin === undefined ? {} : { origin }) };
      const added = WitnessedLogSchema.parse((await api.send({ method: 'POST', path: LOGS, json })).body);
      const { verifierKey } = WitnessSchema.parse((await api.send({ method: 'GET', path: '/v1/log/witness' })).body);
      print(context, { ...added, witnessKey: verifierKey }, () => [
        `Checkpoints of ${added.origin} are cosigned here${added.size > 0 ? `, from ${added.size} entries on, which were cosigned before` : ''}.`,
        `Key of this witness: ${verifierKey ?? ''}`,
      ]);
      return EXIT.ok;
    },
  };
}

function listLogsCommand(): CommandDefinition {
  return {
    name: 'log witness list',
    summary: 'list the logs of others that are cosigned here, and the key of this witness',
    async run(context) {
      const found = WitnessSchema.parse((await (await context.api()).send({ method: 'GET', path: '/v1/log/witness' })).body);
      print(context, found, () => [
        `Witness ${found.name}. Key: ${found.verifierKey ?? 'made when the first log is added'}`,
        ...(found.logs.length === 0
          ? ['No log is cosigned here.']
          : formatTable([
              ['LOG', 'COSIGNED', 'AT', 'REFUSED'],
              ...found.logs.map(({ origin, size, cosignedAt, refused }) => [
                origin,
                String(size),
                cosignedAt ?? 'never',
                refused === null ? '-' : `${refused.at} (${refused.why})`,
              ]),
            ])),
        ...found.logs.flatMap(({ origin, refused }) => (refused?.why === 'fork' ? [`${origin} signed two roots for one size: it has two histories.`] : [])),
      ]);
      return found.logs.some(({ refused }) => refused?.why === 'fork') ? EXIT.finding : EXIT.ok;
    },
  };
}

function removeLogCommand(): CommandDefinition {
  return {
    name: 'log witness remove',
    summary: 'cosign another log no more; what was cosigned stays remembered',
    arguments: [{ name: '<name>', about: 'its name from `gatehouse log witness list`' }],
    async run(context, args) {
      const name = args.positional[0] ?? '';
      await (await context.api()).send({ method: 'DELETE', path: `${LOGS}?name=${encodeURIComponent(name)}` });
      print(context, { name, state: 'removed' }, () => [`${name} is cosigned here no more.`]);
      return EXIT.ok;
    },
  };
}
