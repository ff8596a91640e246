import { EXIT, formatTable, print, textOption, type CommandContext, type CommandDefinition } from '../../platform/cli/command.ts';
import { OutcomesSchema } from './outcome-rules.ts';

const PATH = '/v1/stub/outcomes';
const HELP = 'Only while stub mode is on (GATEHOUSE_STUB_MODE); otherwise the answer is not_found.';

export const stubCommands: readonly CommandDefinition[] = [
  {
    name: 'stub force',
    summary: 'force the outcome of content, for tests of your own (stub mode)',
    arguments: [{ name: '<sha256>', about: 'SHA-256 of the content, 64 hexadecimal digits' }],
    options: [
      { flags: '--verdict <verdict>', about: 'clear, match, unscannable or error', fallback: 'match' },
      { flags: '--reason <word>', about: 'for unscannable and error: one of their reasons' },
      { flags: '--disposition <word>', about: 'for match: hold or refuse' },
      { flags: '--delay <ms>', about: 'the answer comes only after so many milliseconds' },
    ],
    help: HELP,
    async run(context, args) {
      const delay = textOption(args, 'delay');
      const json = {
        sha256: args.positional[0] ?? '',
        verdict: textOption(args, 'verdict') ?? 'match',
        reason: textOption(args, 'reason'),
        disposition: textOption(args, 'disposition'),
        ...(delay === undefined ? {} : { delayMs: Number(delay) }),
      };
      return show(context, (await (await context.api()).send({ method: 'POST', path: PATH, json })).body);
    },
  },
  {
    name: 'stub list',
    summary: 'list what is forced (stub mode)',
    help: HELP,
    run: async (context) => show(context, (await (await context.api()).send({ method: 'GET', path: PATH })).body),
  },
  {
    name: 'stub clear',
    summary: 'forget one forced outcome, or all (stub mode)',
    options: [{ flags: '--sha256 <digest>', about: 'this one only' }],
    help: HELP,
    async run(context, args) {
      const sha256 = textOption(args, 'sha256');
      const path = sha256 === undefined ? PATH : `${PATH}?sha256=${encodeURIComponent(sha256)}`;
      return show(context, (await (await context.api()).send({ method: 'DELETE', path })).body);
    },
  },
];

function show(context: CommandContext, body: unknown): number {
  const outcomes = OutcomesSchema.parse(body);
  print(context, outcomes, () =>
    outcomes.items.length === 0
      ? ['Nothing is forced.']
      : formatTable([
          ['SHA-256', 'VERDICT', 'REASON', 'DELAY'],
          ...outcomes.items.map(({ sha256, verdict, reason, disposition, delayMs }) => [sha256, verdict, reason ?? disposition ?? '', String(delayMs ?? 0)]),
        ]),
  );
  return EXIT.ok;
}
