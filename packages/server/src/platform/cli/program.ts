/** Builds `gatehouse <noun> <verb>` from the definitions and turns whatever happens into an exit code and a helpful text. */
import { Command, CommanderError } from 'commander';
import type { Clock } from '../clock.ts';
import { loadConfig, readClientEnv, type LoadedConfig } from '../config.ts';
import { PROBLEMS, toGatehouseError, toProblem, type GatehouseError } from '../errors.ts';
import { createLog, type Log, type Terminal } from '../log.ts';
import { createApiClient, type ApiClient } from './api.ts';
import { EXIT, type CommandArguments, type CommandContext, type CommandDefinition } from './command.ts';

export interface ProgramOptions {
  readonly definitions: readonly CommandDefinition[];
  readonly version: string;
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The control socket of a running server for this configuration, or of one that is started now; `stop` ends only the latter. */
  readonly openLocal: (loaded: LoadedConfig, log: Log) => Promise<{ readonly socketPath: string; stop(): Promise<void> }>;
}

/** @param argv arguments without the node and script names */
export async function runProgram(options: ProgramOptions, argv: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = createProgram(options, (code) => (exitCode = code));
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (options.signal.aborted) return 130;
    return report(options.terminal, toGatehouseError(error), argv.includes('--json'));
  }
}

function createProgram(options: ProgramOptions, setExitCode: (code: number) => void): Command {
  const program = new Command('gatehouse')
    .description('Screens uploads before they are published, and proves it.')
    .version(options.version)
    .exitOverride()
    .showHelpAfterError('Add --help to see how it is used.')
    .configureOutput({ writeOut: options.terminal.out, writeErr: options.terminal.err });
  const nouns = new Map<string, Command>();
  for (const definition of options.definitions) {
    const words = definition.name.split(' ');
    const verb = words.at(-1) ?? '';
    addCommand(findParent(program, nouns, words.slice(0, -1)), { ...definition, name: verb }, async (args) =>
      setExitCode(await runCommand(options, definition, args)),
    );
  }
  return program;
}

/** `age service add` stands below `service`, which stands below `age`. */
function findParent(program: Command, nouns: Map<string, Command>, words: readonly string[]): Command {
  const noun = words.at(-1);
  if (noun === undefined) return program;
  const path = words.join(' ');
  const known = nouns.get(path);
  if (known !== undefined) return known;
  const parent = findParent(program, nouns, words.slice(0, -1));
  const command = parent.command(noun).description(`commands about: ${path}`).exitOverride().copyInheritedSettings(program);
  nouns.set(path, command);
  return command;
}

/** @param definition its name is the last word only */
function addCommand(parent: Command, definition: CommandDefinition, act: (args: CommandArguments) => Promise<void>): void {
  const command = parent.command(definition.name).description(definition.summary).copyInheritedSettings(parent);
  for (const argument of definition.arguments ?? []) command.argument(argument.name, argument.about);
  for (const option of definition.options ?? []) {
    if (option.isRepeatable === true) command.option(option.flags, option.about, (value: string, all: string[]) => [...all, value], []);
    else command.option(option.flags, option.about, option.fallback);
  }
  command.option('--json', 'print JSON on standard output');
  if (definition.help !== undefined) command.addHelpText('after', `\n${definition.help}`);
  command.action(async () => {
    const positional = command.processedArgs.flatMap((value: unknown) =>
      Array.isArray(value) ? value.map(String) : value === undefined ? [] : [String(value)],
    );
    await act({ positional, options: command.opts() });
  });
}

async function runCommand(options: ProgramOptions, definition: CommandDefinition, args: CommandArguments): Promise<number> {
  let loaded: LoadedConfig | undefined;
  const cleanups: (() => Promise<void>)[] = [];
  const config = (): LoadedConfig => (loaded ??= loadConfig());
  // A command for people is quiet unless something is wrong.
  const log = createLog('warn', { write: (line) => options.terminal.err(line) });
  let client: Promise<ApiClient> | undefined;
  const context: CommandContext = {
    terminal: options.terminal,
    log,
    clock: options.clock,
    isJson: args.options['json'] === true,
    signal: options.signal,
    config,
    api: () => (client ??= connect(options, { config, log, cleanups })),
  };
  try {
    return await definition.run(context, args);
  } finally {
    for (const cleanup of cleanups.toReversed()) await cleanup();
  }
}

interface Connection {
  readonly config: () => LoadedConfig;
  readonly log: Log;
  /** Receives what must be done when the command has ended. */
  readonly cleanups: (() => Promise<void>)[];
}

async function connect(options: ProgramOptions, { config, log, cleanups }: Connection): Promise<ApiClient> {
  const { url, apiKey } = readClientEnv();
  if (url !== undefined) {
    const client = createApiClient({ url, apiKey });
    cleanups.push(() => client.close());
    return client;
  }
  const local = await options.openLocal(config(), log);
  cleanups.push(() => local.stop());
  const client = createApiClient({ socketPath: local.socketPath });
  cleanups.push(() => client.close());
  return client;
}

function report(terminal: Terminal, error: GatehouseError, isJson: boolean): number {
  if (isJson) terminal.out(`${JSON.stringify(toProblem(error))}\n`);
  else {
    const cause: unknown = error.code === 'internal' ? error.extras.cause : undefined;
    const own = cause instanceof Error ? cause.message : error.message;
    terminal.err(`gatehouse: ${PROBLEMS[error.code].title}.\n  ${own}\n`);
    for (const { at, message } of error.extras.errors ?? []) terminal.err(`  ${at}: ${message}\n`);
    terminal.err(`  ${PROBLEMS[error.code].remedy}\n`);
  }
  return toExitCode(error);
}

function toExitCode(error: GatehouseError): number {
  if (error.code === 'config_invalid') return EXIT.usage;
  if (error.code === 'internal') return EXIT.internal;
  return error.status >= 500 ? EXIT.unavailable : EXIT.refused;
}
