/** The commands of screening. */
import type { CommandDefinition } from '../platform/cli/command.ts';
import { hashCommand } from './hash-command.ts';
import { matchCommand } from './match-command.ts';
import { scanCommand } from './scan-command.ts';
import { stubCommands } from './stub/commands.ts';

export const screeningCommands: readonly CommandDefinition[] = [scanCommand, hashCommand, matchCommand, ...stubCommands];
