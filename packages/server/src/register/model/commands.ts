import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { EXIT, formatTable, print, textOption, type CommandContext, type CommandDefinition } from '../../platform/cli/command.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { KeptChangeSchema, RecommendationViewSchema } from './route-schema.ts';
import { STATUS_WORDS } from './status-rules.ts';

type Kept = z.output<typeof KeptChangeSchema>;
type Shown = z.output<typeof RecommendationViewSchema>;

const PATH = '/v1/register';

export const commands: readonly CommandDefinition[] = [
  listCommand(),
  showCommand(),
  draftsCommand(),
  proposeCommand(),
  stepCommand('submit', { summary: 'hand a draft, or all of an import, to the reviewers', step: 'submission', done: 'Submitted' }),
  stepCommand('publish', { summary: 'publish what somebody else proposed', step: 'publication', done: 'Published' }),
  rejectCommand('reject', { summary: 'reject a change, with a reason', step: 'rejection', done: 'Rejected' }),
  rejectCommand('withdraw', { summary: 'withdraw a change that you proposed', step: 'withdrawal', done: 'Withdrawn' }),
];

function listCommand(): CommandDefinition {
  return {
    name: 'register list',
    summary: 'list the recommendations, as they are published',
    options: [
      { flags: '--register <id>', about: 'of this register only' },
      { flags: '--status <status>', about: 'with this status of the register' },
      { flags: '--text <words>', about: 'with these words somewhere' },
    ],
    async run(context, args) {
      const query = new URLSearchParams();
      for (const name of ['register', 'status', 'text']) {
        const value = textOption(args, name);
        if (value !== undefined) query.set(name, value);
      }
      const reply = await (await context.api()).send({ method: 'GET', path: `${PATH}/recommendations?${query.toString()}` });
      const { recommendations } = z.object({ recommendations: z.array(RecommendationViewSchema) }).parse(reply.body);
      print(context, { recommendations }, () =>
        recommendations.length === 0
          ? ['There are no recommendations.']
          : formatTable([
              ['RECOMMENDATION', 'STATUS', 'RESPONSE', 'TITLE'],
              ...recommendations.map((one) => [one.id, STATUS_WORDS[one.registerStatus.status], describeLateness(one), one.recommendation.title]),
            ]),
      );
      return EXIT.ok;
    },
  };
}

function describeLateness({ lateness: { responseDaysLate }, responses }: Shown): string {
  const said = responses.some((one) => one.class !== 'no_response') ? '' : 'none';
  if (responseDaysLate === null || responseDaysLate === 0) return said === '' ? 'in time' : said;
  return `${said === '' ? '' : 'none, '}${responseDaysLate} days late`;
}

function showCommand(): CommandDefinition {
  return {
    name: 'register show',
    summary: 'show one recommendation: responses, actions, claims, and what the register says',
    arguments: [{ name: '<id>', about: 'such as iicsa-internet-2020/1' }],
    async run(context, args) {
      const [register = '', number = ''] = (args.positional[0] ?? '').split('/');
      const reply = await (
        await context.api()
      ).send({ method: 'GET', path: `${PATH}/recommendations/${encodeURIComponent(register)}/${encodeURIComponent(number)}` });
      const view = RecommendationViewSchema.parse(reply.body);
      print(context, view, () => describe(view));
      return EXIT.ok;
    },
  };
}

function describe({ id, recommendation, responses, actions, statuses, registerStatus }: Shown): string[] {
  return [
    `${id}: ${recommendation.title}`,
    recommendation.text,
    `To: ${recommendation.addressees.join(', ')}`,
    `Status of the register: ${STATUS_WORDS[registerStatus.status]}. ${registerStatus.reason}`,
    ...statuses.map((one) => `Claim (${one.by}, ${one.claimant}, ${one.asOf}): ${STATUS_WORDS[one.status]}. ${one.text}`),
    ...responses.map(
      (one) =>
        `Response ${one.date}, ${one.by} (${one.classAsPublished ?? one.class})${one.daysLate === null || one.daysLate === 0 ? '' : `, ${one.daysLate} days late`}: ${one.text}`,
    ),
    ...actions.flatMap((one) => [
      `Action ${one.id}: ${one.title} (${one.owner})`,
      ...one.milestones.map(
        (step) => `  Milestone ${step.id}: ${step.title}, ${step.doneAt === null ? `due ${step.dueAt}` : `done ${step.doneAt}`}, slip ${step.slipDays} days`,
      ),
    ]),
  ];
}

function draftsCommand(): CommandDefinition {
  return {
    name: 'register drafts',
    summary: 'list drafts, and what waits for a review',
    async run(context) {
      const reply = await (await context.api()).send({ method: 'GET', path: `${PATH}/changes` });
      const { changes } = z.object({ changes: z.array(KeptChangeSchema) }).parse(reply.body);
      print(context, { changes }, () =>
        changes.length === 0
          ? ['Nothing is in draft or in review.']
          : formatTable([
              ['CHANGE', 'STATE', 'KIND', 'ABOUT', 'BY', 'IMPORT'],
              ...changes.map((one) => [one.id, one.state, one.change.kind, one.subject, one.madeBy, one.batch ?? '']),
            ]),
      );
      return EXIT.ok;
    },
  };
}

function proposeCommand(): CommandDefinition {
  return {
    name: 'register propose',
    summary: 'propose a change from a JSON file',
    arguments: [{ name: '<file>', about: 'JSON with `kind`, `body` and, but for registers and recommendations, `recommendation`' }],
    options: [{ flags: '--replaces <id>', about: 'what it takes the place of; both are kept' }],
    async run(context, args) {
      const change = await readJsonFile(args.positional[0] ?? '');
      const reply = await (await context.api()).send({ method: 'POST', path: `${PATH}/changes`, json: { change, replaces: textOption(args, 'replaces') } });
      return printChange(context, KeptChangeSchema.parse(reply.body), 'Proposed');
    },
  };
}

export async function readJsonFile(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new GatehouseError('invalid_request', `The file ${file} cannot be read as JSON. Nothing was done.`, { cause });
  }
}

interface StepOptions {
  readonly summary: string;
  readonly step: string;
  readonly done: string;
}

function stepCommand(verb: string, { summary, step, done }: StepOptions): CommandDefinition {
  return {
    name: `register ${verb}`,
    summary,
    arguments: [{ name: '<id>', about: 'of a change, or of an import' }],
    async run(context, args) {
      const reply = await (await context.api()).send({ method: 'POST', path: `${PATH}/changes/${encodeURIComponent(args.positional[0] ?? '')}/${step}` });
      return printChange(context, KeptChangeSchema.parse(reply.body), done);
    },
  };
}

function rejectCommand(verb: string, { summary, step, done }: StepOptions): CommandDefinition {
  return {
    name: `register ${verb}`,
    summary,
    arguments: [{ name: '<id>', about: 'of a change, or of an import' }],
    options: [{ flags: '--reason <text>', about: 'why; it stays with the change' }],
    async run(context, args) {
      const [id = ''] = args.positional;
      await (
        await context.api()
      ).send({ method: 'POST', path: `${PATH}/changes/${encodeURIComponent(id)}/${step}`, json: { reason: textOption(args, 'reason') ?? '' } });
      print(context, { id, done: verb }, () => [`${done}: ${id}. It stays readable.`]);
      return EXIT.ok;
    },
  };
}

function printChange(context: CommandContext, change: Kept, done: string): number {
  print(context, change, () => [`${done}: ${change.change.kind} of ${change.subject}, ${change.batch ?? change.id} (${change.state}).`]);
  return EXIT.ok;
}
