/** The words of clamd's protocol (clamd(8)): what is asked, and what is answered. Pure. */
import type { Passed } from '../../intake/index.ts';

/** One neutral name: match, unscannable and refused say no more than that. */
export const THREAT = 'Gatehouse.NotCleared';

export type Framing = 'newline' | 'zero' | 'legacy';

export interface Command {
  readonly framing: Framing;
  /** In capitals; what follows it is not read. */
  readonly name: string;
}

const LETTER_N = 0x6e;
const LETTER_Z = 0x7a;

/** By its first byte: `n` ends with a newline, `z` with a zero byte, anything else is the old form. */
export function framingOf(first: number): Framing {
  if (first === LETTER_N) return 'newline';
  return first === LETTER_Z ? 'zero' : 'legacy';
}

/** @param line without its end; with its `n` or `z` */
export function readCommand(framing: Framing, line: string): Command {
  const body = (framing === 'legacy' ? line : line.slice(1)).replace(/\r$/, '');
  const at = body.indexOf(' ');
  return { framing, name: at === -1 ? body : body.slice(0, at) };
}

/** @param id within a session, from 1 */
export function frameReply(framing: Framing, text: string, id?: number): string {
  return `${id === undefined ? '' : `${id}: `}${text}${framing === 'zero' ? '\0' : '\n'}`;
}

/**
 * `OK` says that it may be published, and nothing else does. Whatever was decided otherwise is FOUND, not only what matches: Discourse publishes on
 * ERROR, so do earlier versions of Nextcloud, and of several pieces of one file Nextcloud remembers a FOUND and forgets an ERROR.
 */
export function describeVerdict(passed: Pick<Passed, 'verdict' | 'disposition'>, isFragment: boolean): string {
  if (passed.verdict === 'error') return 'stream: no answer could be given; try again. ERROR';
  return passed.disposition === 'release' && !isFragment ? 'stream: OK' : `stream: ${THREAT} FOUND`;
}

const PATH_COMMANDS: ReadonlySet<string> = new Set(['SCAN', 'CONTSCAN', 'MULTISCAN', 'ALLMATCHSCAN', 'RAWSCAN']);

/**
 * Commands that are known and not offered: an answer that no client takes for clean. The path is not repeated as clamd does: its last part is
 * the uploader's, and libraries look for `OK` between colons or at the end of a line. Undefined for others.
 */
export function describeRefusal({ name }: Pick<Command, 'name'>): string | undefined {
  if (PATH_COMMANDS.has(name)) return `${name}: files are not opened here; send them (clamdscan --stream). ERROR`;
  if (name === 'FILDES') return 'fd[0]: descriptors are not taken here; send the file (clamdscan --stream). ERROR';
  if (name === 'RELOAD' || name === 'SHUTDOWN' || name === 'DETSTATS' || name === 'DETSTATSCLEAR') return 'COMMAND UNAVAILABLE. ERROR';
  return undefined;
}

export const COMMANDS = ['PING', 'VERSION', 'VERSIONCOMMANDS', 'STATS', 'INSTREAM', 'IDSESSION', 'END'] as const;
