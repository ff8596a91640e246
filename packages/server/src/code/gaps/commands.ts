import { z } from 'zod';
import { EXIT, print, textOption, type CommandDefinition } from '../../platform/cli/command.ts';
import { GapSchema } from './routes.ts';

export const commands: readonly CommandDefinition[] = [gapsCommand(), planCommand()];

function gapsCommand(): CommandDefinition {
  return {
    name: 'code gaps',
    summary: 'list measures that fail, lack data or need attention (exit 1 when a duty fails)',
    async run(context) {
      const reply = await (await context.api()).send({ method: 'GET', path: '/v1/code/gaps' });
      const { gaps } = z.object({ gaps: z.array(GapSchema) }).parse(reply.body);
      print(context, { gaps }, () =>
        gaps.length === 0
          ? ['Nothing is open, or nothing was evaluated yet.']
          : gaps.map(({ control, title, outcome, state, plan, isOverdue }) =>
              [control, outcome, state, plan === null ? 'nobody' : `${plan.owner} until ${plan.due}${isOverdue ? ' OVERDUE' : ''}`, title].join('  '),
            ),
      );
      return gaps.some(({ outcome, state }) => outcome === 'binds' && state === 'fail') ? EXIT.finding : EXIT.ok;
    },
  };
}

function planCommand(): CommandDefinition {
  return {
    name: 'code plan',
    summary: 'say who sees to an open measure, until when',
    arguments: [{ name: '<measure>', about: 'id of the measure, such as icu-c9' }],
    options: [
      { flags: '--owner <name>', about: 'who sees to it' },
      { flags: '--due <date>', about: 'YYYY-MM-DD' },
      { flags: '--plan <text>', about: 'what will be done' },
    ],
    async run(context, args) {
      const control = args.positional[0] ?? '';
      const json = { owner: textOption(args, 'owner') ?? '', due: textOption(args, 'due') ?? '', plan: textOption(args, 'plan') ?? '' };
      const reply = await (await context.api()).send({ method: 'PUT', path: `/v1/code/gaps/${encodeURIComponent(control)}`, json });
      print(context, reply.body, () => [`Kept: ${json.owner} sees to ${control} until ${json.due}.`]);
      return EXIT.ok;
    },
  };
}
