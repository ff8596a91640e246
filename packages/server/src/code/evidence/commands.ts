import type { z } from 'zod';
import { EXIT, formatTable, print, textOption, type CommandContext, type CommandDefinition } from '../../platform/cli/command.ts';
import { CanaryRunSchema, EvaluationSummarySchema, MeasureDetailSchema, MeasureListSchema, TargetListSchema } from './route-schema.ts';
import { describeFigure } from './threshold-rules.ts';

export const commands: readonly CommandDefinition[] = [
  evaluateCommand(),
  probeCommand(),
  statusCommand(),
  measureCommand(),
  targetListCommand(),
  targetSetCommand(),
];

type Summary = z.output<typeof EvaluationSummarySchema>;

function evaluateCommand(): CommandDefinition {
  return {
    name: 'code evaluate',
    summary: 'read every source of evidence and judge every measure now',
    help: 'Done every hour without this. Exit code 1: a measure fails. Not evaluated is not a pass.',
    async run(context) {
      const api = await context.api();
      const summary = EvaluationSummarySchema.parse((await api.send({ method: 'POST', path: '/v1/code/evaluations' })).body);
      print(context, summary, () => [`Evaluation ${summary.id} of ${summary.at}.`, describeCounts(summary)]);
      return summary.counts.fail > 0 ? EXIT.finding : EXIT.ok;
    },
  };
}

function probeCommand(): CommandDefinition {
  return {
    name: 'code probe',
    summary: 'send test pictures through the gate, and try to get past the gate of age checks, now',
    help: 'Done on a schedule without this. Exit code 1: a listed test picture was not found, or was released.',
    async run(context) {
      const api = await context.api();
      const run = CanaryRunSchema.parse((await api.send({ method: 'POST', path: '/v1/code/probes' })).body);
      print(context, run, () =>
        formatTable([
          ['PICTURES', 'LISTED', 'SENT', 'FOUND', 'RELEASED', 'NO ANSWER'],
          ...run.canaries.map((one) => [one.transform, one.isListed ? 'yes' : 'no', ...[one.sent, one.found, one.released, one.undecided].map(String)]),
        ]),
      );
      return run.canaries.some((one) => one.isListed && one.found + one.undecided < one.sent) ? EXIT.finding : EXIT.ok;
    },
  };
}

function statusCommand(): CommandDefinition {
  return {
    name: 'code status',
    summary: 'show the state of every measure at the last evaluation',
    options: [
      { flags: '--state <state>', about: 'only this state: pass, fail, attention, not_evaluated, not_applicable, alternative_measure' },
      { flags: '--outcome <outcome>', about: 'only measures with this applicability, such as binds' },
    ],
    help: 'Exit code 1: a measure that binds fails. Not evaluated is not a pass.',
    async run(context, args) {
      const [state, outcome] = [textOption(args, 'state'), textOption(args, 'outcome')];
      const api = await context.api();
      const { evaluation, measures } = MeasureListSchema.parse((await api.send({ method: 'GET', path: '/v1/code/measures' })).body);
      const shown = measures.filter((one) => (state === undefined || one.state === state) && (outcome === undefined || one.outcome === outcome));
      print(context, { evaluation, measures: shown }, () => [
        ...(evaluation === null
          ? ['Nothing was evaluated yet: gatehouse code evaluate']
          : [`Evaluation of ${evaluation.at}. ${describeCounts(evaluation)}`, '']),
        ...formatTable([
          ['MEASURE', 'APPLIES', 'STATE', 'SINCE', 'TITLE'],
          ...shown.map((one) => [one.control, one.outcome, one.isDoneAnyway ? `${one.state} (done anyway)` : one.state, one.since ?? '', one.title]),
        ]),
      ]);
      return measures.some((one) => one.state === 'fail' && one.outcome === 'binds') ? EXIT.finding : EXIT.ok;
    },
  };
}

function measureCommand(): CommandDefinition {
  return {
    name: 'code measure',
    summary: 'show one measure: its state and every item of evidence',
    arguments: [{ name: '<measure>', about: 'id of the measure, such as icu-c9' }],
    options: [{ flags: '--days <number>', about: 'how far back the history goes; default 30' }],
    help: 'Exit code 1: it fails.',
    async run(context, args) {
      const [control = ''] = args.positional;
      const api = await context.api();
      const path = `/v1/code/measures/${encodeURIComponent(control)}?days=${encodeURIComponent(textOption(args, 'days') ?? '30')}`;
      const detail = MeasureDetailSchema.parse((await api.send({ method: 'GET', path })).body);
      const { measure } = detail;
      print(context, detail, () => [
        `${measure.control}: ${detail.title}`,
        ...(detail.verify ? ['Our wording was not compared with the primary text yet.'] : []),
        `${measure.state}. ${measure.reason}`,
        '',
        ...measure.items.flatMap((item) => [
          `- ${item.title} (${item.mode}, ${item.window}): ${item.state}`,
          `  ${item.figure === null ? 'no figure' : describeFigure(item.figure, item.unit)}, asked: ${item.thresholdText} (${item.basis})`,
          `  ${item.reason}`,
        ]),
        '',
        `Evaluations in the history: ${detail.history.length}. Place in the log: ${detail.evaluation.logIndex ?? 'none yet'}.`,
      ]);
      return measure.state === 'fail' ? EXIT.finding : EXIT.ok;
    },
  };
}

function targetListCommand(): CommandDefinition {
  return {
    name: 'code target list',
    summary: 'list the targets of the service, and those that nobody has set',
    async run(context) {
      const api = await context.api();
      return showTargets(context, (await api.send({ method: 'GET', path: '/v1/code/targets' })).body);
    },
  };
}

function targetSetCommand(): CommandDefinition {
  return {
    name: 'code target set',
    summary: 'set a target of the service; the one before is kept',
    arguments: [
      { name: '<id>', about: 'see gatehouse code target list' },
      { name: '<value>', about: 'in the unit of the metric; shares from 0 to 1' },
    ],
    options: [{ flags: '--reason <text>', about: 'why this figure' }],
    async run(context, args) {
      const [id = '', value = ''] = args.positional;
      const api = await context.api();
      // An empty text would be zero.
      const json = { value: value.trim() === '' ? null : Number(value), reason: textOption(args, 'reason') ?? '' };
      return showTargets(context, (await api.send({ method: 'PUT', path: `/v1/code/targets/${encodeURIComponent(id)}`, json })).body);
    },
  };
}

function showTargets(context: CommandContext, body: unknown): number {
  const list = TargetListSchema.parse(body);
  print(context, list, () => [
    ...formatTable([
      ['TARGET', 'VALUE', 'SET BY', 'AT', 'REASON'],
      ...list.targets.map(({ id, value, setBy, setAt, reason }) => [id, String(value), setBy, setAt, reason]),
    ]),
    ...(list.missing.length === 0 ? [] : ['', `Not set: ${list.missing.join(', ')}`]),
  ]);
  return EXIT.ok;
}

function describeCounts({ counts }: Summary): string {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state.replace('_', ' ')}`)
    .join(', ');
}
