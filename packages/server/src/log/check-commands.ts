import { createProgressBar } from '../platform/cli/progress.ts';
import { EXIT, print, type CommandContext, type CommandDefinition } from '../platform/cli/command.ts';
import { CompletenessSchema, FoundEntrySchema, SelfCheckStepSchema, type Completeness, type SourceReport } from './checks-schema.ts';

export const checkCommands: readonly CommandDefinition[] = [checkCommand(), findCommand()];

function checkCommand(): CommandDefinition {
  return {
    name: 'log check',
    summary: 'check all of the tree in the database now: every entry, tile and checkpoint',
    help: 'Goes on with a check that was broken off. Exits with 0 when all is as it was hashed, 1 when something is not.',
    async run(context) {
      const api = await context.api();
      const bar = context.isJson ? undefined : createProgressBar(context.terminal, context.clock, 'log');
      for (;;) {
        const step = SelfCheckStepSchema.parse((await api.send({ method: 'POST', path: '/v1/log/self-check' })).body);
        bar?.update(step.position, step.size);
        const { result } = step;
        if (result !== null) {
          bar?.finish(`${result.entries} entries`);
          print(context, result, () => [
            result.isOk ? `All ${result.entries} entries are as they were hashed; tiles and checkpoints fit.` : `FAULT: ${result.fault ?? ''}`,
          ]);
          return result.isOk ? EXIT.ok : EXIT.finding;
        }
        // What was done is kept.
        if (context.signal.aborted) return EXIT.incomplete;
      }
    },
  };
}

function findCommand(): CommandDefinition {
  return {
    name: 'log find',
    summary: 'find the entry that is about an upload, a receipt, a key…',
    arguments: [
      { name: '<kind>', about: 'of the event: `upload.decided`' },
      { name: '<id>', about: 'what it is about' },
    ],
    async run(context, args) {
      const [kind = '', id = ''] = args.positional;
      const found = await (await context.api()).send({ method: 'GET', path: `/v1/log/find?${new URLSearchParams({ kind, id }).toString()}` });
      const { index } = FoundEntrySchema.parse(found.body);
      print(context, { index }, () => [`Entry ${index}. \`gatehouse log prove ${index}\` writes a proof of it.`]);
      return EXIT.ok;
    },
  };
}

/** `log verify --completeness` */
export async function verifyCompleteness(context: CommandContext): Promise<number> {
  const report = CompletenessSchema.parse((await (await context.api()).send({ method: 'POST', path: '/v1/log/completeness' })).body);
  print(context, report, () => describe(report));
  return report.isComplete ? EXIT.ok : EXIT.finding;
}

function describe({ isComplete, sources, without }: Completeness): string[] {
  return [
    isComplete ? 'Complete: every row that should have an entry has one.' : 'NOT COMPLETE.',
    ...sources.flatMap(describeSource),
    `Without rows to compare with: ${without.join(', ')}.`,
  ];
}

function describeSource({ title, rows, entries, pending, missing, surplus, erased }: SourceReport): string[] {
  const list = (ids: readonly string[], count: number): string => `${ids.join(', ')}${count > ids.length ? ' and more' : ''}`;
  return [
    `- ${title}: ${rows} in the tables, ${entries} in the log${pending > 0 ? `, ${pending} wait for their place` : ''}${erased > 0 ? `, ${erased} without a row, which may be so here` : ''}`,
    ...(missing.count > 0 ? [`  MISSING in the log: ${missing.count} (${list(missing.ids, missing.count)})`] : []),
    ...(surplus.count > 0 ? [`  WITHOUT A ROW: ${surplus.count} (${list(surplus.ids, surplus.count)})`] : []),
  ];
}
