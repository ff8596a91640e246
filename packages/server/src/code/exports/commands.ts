import { readFile, writeFile } from 'node:fs/promises';
import { TlogError } from '@gatehouse/tlog';
import { EXIT, print, textOption, type CommandArguments, type CommandContext, type CommandDefinition } from '../../platform/cli/command.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { MadeStatementsSchema } from './dsa-schema.ts';
import { checkPack } from './pack-check.ts';
import { LossesSchema, OSCAL_MODELS, TABLES, type PackReport } from './schema.ts';

const PATH = '/v1/code/exports';
const DAY_MS = 86_400_000;

export const commands: readonly CommandDefinition[] = [exportCommand(), verifyCommand(), statementsCommand()];

function exportCommand(): CommandDefinition {
  return {
    name: 'code export',
    summary: 'write the register as OSCAL, as an evidence pack or as a table',
    options: [
      { flags: '--oscal <model>', about: OSCAL_MODELS.join(', ') },
      { flags: '--losses', about: 'with --oscal: what that format cannot say, in place of the document' },
      { flags: '--pack', about: 'the evidence pack of the last evaluation, a .tar that others check offline' },
      { flags: '--csv <table>', about: TABLES.join(', ') },
      { flags: '--verifier', about: 'the page that checks packs, for whoever does not take it from the pack' },
      { flags: '--out <file>', about: 'where to; without it, standard output, and for a pack its own name in this folder' },
    ],
    help: 'Exactly one of --oscal, --pack, --csv and --verifier.\nExample:\n  gatehouse code export --oscal catalog > catalog.json',
    async run(context, args) {
      if (args.options['losses'] === true) return showLosses(context, args);
      const reply = await (await context.api()).send({ method: 'GET', path: toPath(args) });
      const content = reply.body instanceof Uint8Array || typeof reply.body === 'string' ? reply.body : `${JSON.stringify(reply.body, null, 2)}\n`;
      const out = textOption(args, 'out') ?? (args.options['pack'] === true ? readName(reply.headers['content-disposition']) : undefined);
      if (out === undefined) context.terminal.out(typeof content === 'string' ? content : Buffer.from(content).toString('utf8'));
      else {
        await writeFile(out, content);
        print(context, { file: out, sizeBytes: Buffer.byteLength(content) }, () => [`Wrote ${out}.`]);
      }
      return EXIT.ok;
    },
  };
}

function toPath(args: CommandArguments): string {
  const [model, table] = [textOption(args, 'oscal'), textOption(args, 'csv')];
  const chosen = [
    ...(model === undefined ? [] : [`oscal/${encodeURIComponent(model)}`]),
    ...(table === undefined ? [] : [`${encodeURIComponent(table)}.csv`]),
    ...(args.options['pack'] === true ? ['pack'] : []),
    ...(args.options['verifier'] === true ? ['verifier'] : []),
  ];
  const [path, second] = chosen;
  if (path === undefined || second !== undefined)
    throw new GatehouseError('invalid_request', 'Nothing was written: name exactly one of --oscal, --pack, --csv and --verifier.');
  return `${PATH}/${path}`;
}

/** The server names the file; only a plain name is taken. */
function readName(disposition: string | string[] | undefined): string {
  return /filename="([A-Za-z0-9._-]+)"/.exec(String(disposition ?? ''))?.[1] ?? 'gatehouse-evidence.tar';
}

async function showLosses(context: CommandContext, args: CommandArguments): Promise<number> {
  const model = textOption(args, 'oscal');
  if (model === undefined) throw new GatehouseError('invalid_request', 'Nothing was written: --losses goes with --oscal.');
  const reply = await (await context.api()).send({ method: 'GET', path: `${PATH}/oscal/${encodeURIComponent(model)}/losses` });
  const found = LossesSchema.parse(reply.body);
  print(context, found, () => found.losses.flatMap(({ what, why, count }) => [`${count}  ${what}`, `   ${why}`]));
  return EXIT.ok;
}

function verifyCommand(): CommandDefinition {
  return {
    name: 'code verify-pack',
    summary: 'check an evidence pack offline: list, signature, proofs, digests',
    arguments: [{ name: '<file>', about: 'the .tar from `gatehouse code export --pack`' }],
    options: [
      {
        flags: '--key <key>',
        about: 'the verifier key of the log, as you got it from the operator; without it the key in the pack is used, which proves less',
      },
      { flags: '--witness <key>', about: 'the verifier key of a witness whose cosignature must be there (repeatable)', isRepeatable: true },
      { flags: '--measures', about: 'show every measure with what stands behind its state' },
    ],
    help: 'Needs no server and no network. The same checks as in verify.html.\nExit code 1: something does not hold.',
    async run(context, args) {
      const tar = new Uint8Array(await readFile(args.positional[0] ?? ''));
      const report = await check(tar, readKeys(args));
      print(context, report, () => describe(report, args.options['measures'] === true));
      return report.isIntact ? EXIT.ok : EXIT.finding;
    },
  };
}

function readKeys(args: CommandArguments): string[] {
  const witnesses = args.options['witness'];
  return [textOption(args, 'key') ?? '', ...(Array.isArray(witnesses) ? witnesses.map(String) : [])];
}

async function check(tar: Uint8Array, keys: readonly string[]): Promise<PackReport> {
  try {
    return await checkPack(tar, keys);
  } catch (cause) {
    if (!(cause instanceof TlogError)) throw cause;
    throw new GatehouseError('invalid_request', `Nothing was checked: ${cause.message}`, { cause });
  }
}

const MARKS = { holds: 'holds      ', fails: 'DOES NOT   ', not_checked: 'not checked' } as const;

function describe({ isIntact, origin, evaluation, checks, measures }: PackReport, withMeasures: boolean): string[] {
  return [
    `${isIntact ? 'Intact' : 'NOT INTACT'}: pack of ${origin === '' ? 'an unknown log' : origin}${evaluation === null ? '' : `, evaluation ${evaluation.id} of ${evaluation.at}, catalogue ${evaluation.catalogueVersion}`}.`,
    ...checks.map(({ what, result, detail }) => `${MARKS[result]}  ${what}: ${detail}`),
    ...(withMeasures
      ? measures.map(
          (one) =>
            `${one.control}: ${one.state} (${one.outcome}); ${one.measured} measured, ${one.attested} attested, ${one.judged} judged, ${one.notEvaluated} not evaluated`,
        )
      : []),
  ];
}

function statementsCommand(): CommandDefinition {
  return {
    name: 'code dsa export',
    summary: 'make statements of reasons for what was held or refused, as files for the DSA transparency database',
    options: [
      { flags: '--from <time>', about: 'decided at this time or later, 2026-11-01 or 2026-11-01T00:00:00Z; default: 30 days before --to' },
      { flags: '--to <time>', about: 'decided before this time; default: now' },
      { flags: '--legal-ground <text>', about: 'the law relied on for content that matched a list' },
      { flags: '--terms-ground <text>', about: 'the clause of your terms about files that cannot be checked' },
      {
        flags: '--out <name>',
        about: 'what the files are called before -1.json, -2.json and so on, each the body of one call; default: all on standard output',
      },
    ],
    help: 'Nothing is sent. Exit code 2: there are more than 10,000, or some do not pass the field rules and were left out.',
    async run(context, args) {
      const to = readTime(textOption(args, 'to')) ?? context.clock.now();
      const from = readTime(textOption(args, 'from')) ?? new Date(to.getTime() - 30 * DAY_MS);
      const [legalGround, termsGround] = [textOption(args, 'legalGround'), textOption(args, 'termsGround')];
      const body = {
        from: from.toISOString(),
        to: to.toISOString(),
        ...(legalGround === undefined ? {} : { legalGround }),
        ...(termsGround === undefined ? {} : { termsGround }),
      };
      const made = MadeStatementsSchema.parse((await (await context.api()).send({ method: 'POST', path: `${PATH}/dsa`, json: body })).body);
      const out = textOption(args, 'out');
      if (out === undefined) context.terminal.out(`${JSON.stringify(made)}\n`);
      else {
        const files = made.batches.map((batch, i) => ({ file: `${out}-${i + 1}.json`, batch }));
        for (const { file, batch } of files) await writeFile(file, `${JSON.stringify(batch)}\n`);
        print(context, { ...made, batches: undefined, files: files.map(({ file }) => file) }, () => [
          `Restrictions: ${made.restrictions}. Files: ${files.length}.`,
          ...made.invalid.map(({ puid, faults }) => `Left out: ${puid}: ${faults.join('; ')}`),
          ...(made.isComplete ? [] : [`There are more. Go on with --from ${made.to}`]),
        ]);
      }
      return made.isComplete && made.invalid.length === 0 ? EXIT.ok : EXIT.incomplete;
    },
  };
}

function readTime(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const time = new Date(text);
  if (Number.isNaN(time.getTime()))
    throw new GatehouseError('invalid_request', `Nothing was made: ${JSON.stringify(text)} is no time. Write it as 2026-11-01 or 2026-11-01T00:00:00Z.`);
  return time;
}
