import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseVerifierKey, TlogError, type VerifierKey } from '@gatehouse/tlog';
import { z } from 'zod';
import { EXIT, print, textOption, type CommandArguments, type CommandDefinition } from '../platform/cli/command.ts';
import { GatehouseError } from '../platform/errors.ts';
import { describeRange } from './anchor-rules.ts';
import { auditLogFolder, type AuditReport } from './audit.ts';
import { checkCommands, verifyCompleteness } from './check-commands.ts';
import { KEY_FILE } from './folder.ts';
import { ProofSchema, StatusSchema } from './schema.ts';
import { readStampAnchors } from './stamp-verifier.ts';
import { StampFault } from './stamp-schema.ts';
import { describeOutside, witnessCommands } from './witness-commands.ts';

export const commands: readonly CommandDefinition[] = [
  statusCommand(),
  checkpointCommand(),
  proveCommand(),
  exportCommand(),
  verifyCommand(),
  ...checkCommands,
  ...witnessCommands,
];

function statusCommand(): CommandDefinition {
  return {
    name: 'log status',
    summary: 'show size, key and last checkpoint of the log',
    async run(context) {
      const status = StatusSchema.parse((await (await context.api()).send({ method: 'GET', path: '/v1/log' })).body);
      print(context, status, () => [
        `Log ${status.origin}: ${status.size} entries, ${status.pending} wait.`,
        status.checkpoint === null ? 'No checkpoint yet.' : `Signed: ${status.checkpoint.size} entries at ${status.checkpoint.at}.`,
        `Key: ${status.verifierKey}`,
        ...describeOutside(status.outside),
        ...(status.isConsistent ? [] : ['The database does NOT continue what was signed. Nothing more is signed. See `gatehouse doctor`.']),
      ]);
      return status.isConsistent ? EXIT.ok : EXIT.finding;
    },
  };
}

function checkpointCommand(): CommandDefinition {
  return {
    name: 'log checkpoint',
    summary: 'sign a checkpoint of the log now and print it',
    async run(context) {
      const reply = await (await context.api()).send({ method: 'POST', path: '/v1/log/checkpoints' });
      const made = z.object({ size: z.number(), at: z.string(), note: z.string() }).parse(reply.body);
      print(context, made, () => made.note.trimEnd().split('\n'));
      return EXIT.ok;
    },
  };
}

function proveCommand(): CommandDefinition {
  return {
    name: 'log prove',
    summary: 'write a proof that an entry is in the log, and the entry itself',
    arguments: [{ name: '<index>', about: 'place of the entry, from 0' }],
    options: [{ flags: '--out <name>', about: 'name of the two files, without .tlog-proof and .json; default: entry- and the place' }],
    async run(context, args) {
      const index = args.positional[0] ?? '';
      const reply = await (await context.api()).send({ method: 'GET', path: `/v1/log/entries/${encodeURIComponent(index)}/proof` });
      const { entry, proof } = ProofSchema.parse(reply.body);
      const name = textOption(args, 'out') ?? `entry-${index}`;
      await writeFile(`${name}.tlog-proof`, proof);
      await writeFile(`${name}.json`, entry);
      print(context, { index: Number(index), files: [`${name}.tlog-proof`, `${name}.json`] }, () => [`Wrote ${name}.tlog-proof and ${name}.json.`]);
      return EXIT.ok;
    },
  };
}

function exportCommand(): CommandDefinition {
  return {
    name: 'log export',
    summary: 'copy the log into an empty folder of the server, to be checked elsewhere',
    arguments: [{ name: '<folder>', about: 'new or empty' }],
    async run(context, args) {
      const reply = await (await context.api()).send({ method: 'POST', path: '/v1/log/exports', json: { folder: resolve(args.positional[0] ?? '') } });
      const written = z.object({ folder: z.string(), entries: z.number(), files: z.number() }).parse(reply.body);
      print(context, written, () => [`Wrote ${written.entries} entries in ${written.files} files to ${written.folder}.`]);
      return EXIT.ok;
    },
  };
}

function verifyCommand(): CommandDefinition {
  return {
    name: 'log verify',
    summary: 'check a copied log offline: every entry, hash and checkpoint; or the completeness of the running one',
    arguments: [{ name: '[folder]', about: 'from `gatehouse log export`, or a mirror of the public files' }],
    options: [
      {
        flags: '--key <key>',
        about: 'the verifier key of the log, as you got it from the operator; without it the key in the folder is used, which proves less',
      },
      { flags: '--witness <key>', about: 'the verifier key of a witness whose cosignatures count (repeatable)', isRepeatable: true },
      { flags: '--tsa-ca <file>', about: 'PEM certificates of the time-stamping authority whose stamps count' },
      { flags: '--completeness', about: 'instead of a copy: ask the running server to compare its log with the rows of all domains' },
    ],
    help: 'With a folder it needs no server and no network. Exits with 0 when everything holds, 1 when something does not.',
    async run(context, args) {
      if (args.options['completeness'] === true) return verifyCompleteness(context);
      const folder = args.positional[0];
      if (folder === undefined) throw new GatehouseError('invalid_request', 'Nothing was checked: name the folder of a copy, or give --completeness.');
      const given = textOption(args, 'key');
      const key = readKey(given ?? (await readFile(join(folder, KEY_FILE), 'utf8').catch(() => '')).trim());
      const report = await auditLogFolder(folder, { key, witnesses: readWitnesses(args), authorities: await readAuthorities(args) });
      print(context, { ...report, keyFromFolder: given === undefined }, () => describe(report, given === undefined));
      return report.isIntact ? EXIT.ok : EXIT.finding;
    },
  };
}

function readWitnesses(args: CommandArguments): VerifierKey[] {
  const keys = args.options['witness'];
  return Array.isArray(keys) ? keys.map((text) => readKey(String(text))) : [];
}

async function readAuthorities(args: CommandArguments): Promise<ReturnType<typeof readStampAnchors> | undefined> {
  const file = textOption(args, 'tsaCa');
  if (file === undefined) return undefined;
  try {
    return readStampAnchors(await readFile(file, 'utf8'));
  } catch (cause) {
    if (!(cause instanceof StampFault)) throw cause;
    throw new GatehouseError('invalid_request', `Nothing was checked: ${file} holds no certificates in PEM that can be used.`, { cause });
  }
}

function readKey(text: string): VerifierKey {
  try {
    return parseVerifierKey(text);
  } catch (cause) {
    if (!(cause instanceof TlogError)) throw cause;
    throw new GatehouseError(
      'invalid_request',
      'Nothing was checked: there is no usable verifier key. Give it with --key, as `gatehouse log status` prints it.',
      { cause },
    );
  }
}

function describe({ isIntact, origin, entries, checkpoints, ranges, notCounted, faults }: AuditReport, isOwnKey: boolean): string[] {
  return [
    isIntact
      ? `Intact: ${entries} entries of ${origin}, ${checkpoints} checkpoints.`
      : `NOT INTACT: ${faults.length} fault(s) in ${origin}; ${entries} entries could be read.`,
    ...faults.map((fault) => `- ${fault}`),
    ...ranges.map(describeRange),
    ...notCounted.map((what) => `Not counted: ${what}`),
    ...(isOwnKey ? ['The key came from the folder itself: this shows that the folder is consistent, not whose it is. Give --key to show that.'] : []),
  ];
}
