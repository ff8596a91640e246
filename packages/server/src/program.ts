/** The program `gatehouse`: signals in, exit code out. */
import { existsSync } from 'node:fs';
import { startApp } from './app.ts';
import { domains } from './domains.ts';
import { completionCommand } from './platform/cli/completion.ts';
import { EXIT, type CommandDefinition } from './platform/cli/command.ts';
import { runProgram, type ProgramOptions } from './platform/cli/program.ts';
import { systemClock } from './platform/clock.ts';
import { controlSocketPath } from './platform/http/server.ts';
import { findDataDirOwner } from './platform/lock.ts';
import { outliveReaders, systemTerminal } from './platform/log.ts';
import { VERSION } from './platform/version.ts';
import { systemCommands } from './system-commands.ts';

const definitions: readonly CommandDefinition[] = [
  ...systemCommands,
  ...domains.flatMap((domain) => ('commands' in domain ? (domain.commands ?? []) : [])),
  completionCommand(() => definitions),
];

const START_WAIT_MS = 60_000;
const START_PAUSE_MS = 100;

/** The running server of this data directory, or one that is started for the moment with the control socket only. */
const openLocal: ProgramOptions['openLocal'] = async (loaded, log) => {
  const { dataDir } = loaded.config;
  const socketPath = controlSocketPath(dataDir);
  const isOwned = async (): Promise<boolean> => (await findDataDirOwner(dataDir).catch(() => undefined)) !== undefined;
  if (await isOwned()) {
    // A server that is just starting (or recovering its database) opens its socket last.
    for (let waitedMs = 0; waitedMs < START_WAIT_MS && !existsSync(socketPath) && (await isOwned()); waitedMs += START_PAUSE_MS)
      await systemClock.sleep(START_PAUSE_MS, abort.signal);
    return { socketPath, stop: async () => undefined };
  }
  // A key that was made in the wrong folder is one that no server knows.
  if (!existsSync(dataDir)) systemTerminal.err(`gatehouse: No server keeps its data in ${dataDir}; a new installation is made there.\n`);
  const app = await startApp({ loaded, log, clock: systemClock, listen: 'control' });
  return { socketPath, stop: () => app.stop() };
};

const abort = new AbortController();
const kill = (): void => void process.kill(process.pid, 'SIGKILL');
// The first signal asks for an orderly stop; the second one means it.
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (abort.signal.aborted) kill();
    abort.abort();
  });
}

/** A stop that hangs after a fault is ended. */
const FAULTY_STOP_MS = 60_000;
let isFaulty = false;
// An error that nobody was there to hear of: what is under way may end, and the exit code tells whoever watches over the program to start it again.
process.on('uncaughtException', (fault) => {
  systemTerminal.err(
    `gatehouse: An unexpected fault, outside of any request.\n  ${fault instanceof Error ? String(fault.stack) : 'unknown'}\n  It released nothing. The program stops; start it again, and report these lines.\n`,
  );
  if (isFaulty) return kill();
  isFaulty = true;
  // Also of one that comes after the command, such as when what it printed cannot be written.
  process.exitCode = EXIT.internal;
  setTimeout(kill, FAULTY_STOP_MS).unref();
  abort.abort();
});

outliveReaders();
const exitCode = await runProgram(
  { definitions, version: VERSION, terminal: systemTerminal, clock: systemClock, signal: abort.signal, openLocal },
  process.argv.slice(2),
);
if (!isFaulty) process.exitCode = exitCode;
