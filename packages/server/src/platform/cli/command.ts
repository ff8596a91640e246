/**
 * What a command of `gatehouse` is. Commands translate: they read arguments, call the same HTTP API as everybody (over the control
 * socket of a running server, a remote server, or one started for the moment) and show the answer.
 */
import type { Clock } from '../clock.ts';
import type { LoadedConfig } from '../config.ts';
import type { Log, Terminal } from '../log.ts';
import type { ApiClient } from './api.ts';

/** Exit codes, documented in docs/guide/cli.md. */
export const EXIT = {
  ok: 0,
  /** A finding: a match, an invalid receipt, a failed check. */
  finding: 1,
  /** Something could not be scanned or was only partly done. */
  incomplete: 2,
  /** The server refused the request (a 4xx answer). */
  refused: 3,
  /** The server, its database or its storage is not available. */
  unavailable: 4,
  usage: 64,
  internal: 70,
} as const;

export interface ArgumentDefinition {
  /** `<id>`, `[id]` or `<paths...>`, as commander writes them. */
  readonly name: string;
  readonly about: string;
}

export interface OptionDefinition {
  /** `--list <file>`, `--strict` */
  readonly flags: string;
  readonly about: string;
  readonly fallback?: string | boolean;
  /** The option may be given several times. */
  readonly isRepeatable?: true;
}

export interface CommandArguments {
  /** Positional arguments in order; a variadic one takes the rest. */
  readonly positional: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
}

export interface CommandContext {
  readonly terminal: Terminal;
  readonly log: Log;
  readonly clock: Clock;
  /** True with `--json`: print exactly one JSON value (or JSON lines for streams) on standard output. */
  readonly isJson: boolean;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  config(): LoadedConfig;
  /** A client of the running server, or of one that is started for this command. */
  api(): Promise<ApiClient>;
}

export interface CommandDefinition {
  /** `list import`, `scan` */
  readonly name: string;
  readonly summary: string;
  /** Further help: examples, exit codes. */
  readonly help?: string;
  readonly arguments?: readonly ArgumentDefinition[];
  readonly options?: readonly OptionDefinition[];
  /** @returns the exit code */
  run(context: CommandContext, args: CommandArguments): Promise<number>;
}

/** An option as text, or undefined. */
export function textOption(args: CommandArguments, name: string): string | undefined {
  const value = args.options[name];
  return typeof value === 'string' ? value : undefined;
}

/** Prints `value` as JSON, or `lines` for people. */
export function print(context: CommandContext, value: unknown, lines: () => readonly string[]): void {
  if (context.isJson) context.terminal.out(`${JSON.stringify(value)}\n`);
  else for (const line of lines()) context.terminal.out(`${line}\n`);
}

/** Columns padded to the widest cell; the first row is the heading. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_cell, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
