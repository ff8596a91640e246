import { z } from 'zod';
import { EXIT, formatTable, print, type CommandDefinition } from '../../platform/cli/command.ts';
import { CheckViewSchema } from './schema.ts';

const ReplySchema = z.object({ checks: z.array(CheckViewSchema) });

export const commands: readonly CommandDefinition[] = [
  checkCommand('register check', 'run the checks of the register now (exit 1 when one does not pass)', 'POST'),
  checkCommand('register checks', 'show the newest results of the checks (exit 1 when one does not pass)', 'GET'),
];

function checkCommand(name: string, summary: string, method: 'GET' | 'POST'): CommandDefinition {
  return {
    name,
    summary,
    async run(context) {
      const reply = await (await context.api()).send({ method, path: '/v1/register/checks' });
      const { checks } = ReplySchema.parse(reply.body);
      print(context, { checks }, () => formatTable(checks.map((check) => [check.result, check.name, check.finding])));
      return checks.every(({ result }) => result === 'pass') ? EXIT.ok : EXIT.finding;
    },
  };
}
