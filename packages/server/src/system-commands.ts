/** Commands about the whole: serve, config, doctor, openapi. */
import { describeRoutes } from './app.ts';
import { backupCommands } from './backup-commands.ts';
import { EXIT, formatTable, print, type CommandContext, type CommandDefinition } from './platform/cli/command.ts';
import { isGatehouseError } from './platform/errors.ts';
import { buildOpenApi } from './platform/http/openapi.ts';
import { VERSION } from './platform/version.ts';
import { serve } from './main.ts';

const serveCommand: CommandDefinition = {
  name: 'serve',
  summary: 'Start Gatehouse and everything it needs',
  help: 'Settings come from GATEHOUSE_… variables and an optional JSON file (GATEHOUSE_CONFIG_FILE); `gatehouse config` lists them.',
  options: [
    { flags: '--public-only', about: 'serve nothing but what is published (register, log, statements, figures): no console, no sign-in, no API with rights' },
  ],
  run: (context, args) => serve(context, { isPublicOnly: args.options['publicOnly'] === true }),
};

const configCommand: CommandDefinition = {
  name: 'config',
  summary: 'Show every setting with its value, source and default; secrets are masked',
  async run(context) {
    const { views, file } = context.config();
    print(context, { file: file ?? null, settings: views }, () => [
      ...(file === undefined ? ['No configuration file (GATEHOUSE_CONFIG_FILE names one).'] : [`Configuration file: ${file}`]),
      '',
      ...views.flatMap((view) => [`${view.env} = ${view.value}   (${view.source}; default ${view.fallback})`, `    ${view.about}`]),
    ]);
    return EXIT.ok;
  },
};

const doctorCommand: CommandDefinition = {
  name: 'doctor',
  summary: 'Check disk, database, lists, decoders and clock, and say how to mend each',
  help: 'Exit codes: 0 nothing found, 1 something failed or needs attention (with --strict), 4 the server could not be asked or started.',
  options: [{ flags: '--strict', about: 'exit 1 for "attention" too' }],
  run: (context, args) => runDoctor(context, args.options['strict'] === true),
};

interface Health {
  readonly status: string;
  readonly version: string;
  readonly checks: readonly { readonly title: string; readonly status: string; readonly finding: string; readonly remedy?: string }[];
}

async function runDoctor(context: CommandContext, isStrict: boolean): Promise<number> {
  let health: Health;
  try {
    health = (await (await context.api()).send({ method: 'GET', path: '/v1/health' })).body as Health;
  } catch (error) {
    // A server that cannot start is a finding too: the error says what is wrong and how to mend it.
    if (!context.isJson && !isGatehouseError(error)) context.terminal.err('Gatehouse could not be started to look further:\n');
    throw error;
  }
  const marks: Readonly<Record<string, string>> = { ok: 'ok', attention: 'LOOK', fail: 'FAIL' };
  print(context, health, () => [
    ...formatTable(health.checks.map((check) => [marks[check.status] ?? check.status, check.title, check.finding])),
    ...health.checks.flatMap((check) => (check.remedy === undefined || check.status === 'ok' ? [] : ['', `${check.title}:`, `  ${check.remedy}`])),
  ]);
  const isBad = health.status === 'fail' || (isStrict && health.status !== 'ok');
  return isBad ? EXIT.finding : EXIT.ok;
}

const openApiCommand: CommandDefinition = {
  name: 'openapi',
  summary: 'Print the OpenAPI 3.1 document',
  async run(context) {
    context.terminal.out(`${JSON.stringify(buildOpenApi(describeRoutes(context.config(), context.clock), VERSION), null, 2)}\n`);
    return EXIT.ok;
  },
};

export const systemCommands: readonly CommandDefinition[] = [serveCommand, configCommand, doctorCommand, openApiCommand, ...backupCommands];
