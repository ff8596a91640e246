/** The words of clamd's protocol (clamd(8)): what is asked, and what is answered. Pure. */
import type { Passed } from '../../intake/index.ts';

/** One neutral name: match, unscannable and refused say no more than that. */
export const THREAT = 'Gatehouse.NotCleared';

export type Framing = 'newline' | 'zero' | 'legacy';

export interface Command {
  readonly framing: Framing;
  /** In capitals. */
  readonly name: string;
  readonly argument: string;
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
  return { framing, name: at === -1 ? body : body.slice(0, at), argument: at === -1 ? '' : body.slice(at + 1) };
}

/** @param id within a session, from 1 */
export function frameReply(framing: Framing, text: string, id?: number): string {
  return `${id === undefined ? '' : `${id}: `}${text}${framing === 'zero' ? '\0' : '\n'}`;
}

/** `OK` says that it may be published, and nothing else does. */
export function describeVerdict(passed: Pick<Passed, 'verdict' | 'disposition' | 'reason'>, isFragment: boolean): string {
  if (isFragment) return 'stream: a piece of a longer file cannot be screened; raise the stream limit of the client. ERROR';
  if (passed.disposition === 'release' && passed.verdict !== 'error') return 'stream: OK';
  if (passed.verdict === 'match') return `stream: ${THREAT} FOUND`;
  return passed.verdict === 'unscannable' ? 'stream: could not be screened. ERROR' : 'stream: no answer could be given; try again. ERROR';
}

const PATH_COMMANDS: ReadonlySet<string> = new Set(['SCAN', 'CONTSCAN', 'MULTISCAN', 'ALLMATCHSCAN', 'RAWSCAN']);

/** Commands that are known and not offered: an answer that no client takes for clean. Undefined for others. */
export function describeRefusal({ name, argument }: Command): string | undefined {
  if (PATH_COMMANDS.has(name)) return `${argument}: files are not opened here; send them (clamdscan --stream). ERROR`;
  if (name === 'FILDES') return 'fd[0]: descriptors are not taken here; send the file (clamdscan --stream). ERROR';
  if (name === 'RELOAD' || name === 'SHUTDOWN' || name === 'DETSTATS' || name === 'DETSTATSCLEAR') return 'COMMAND UNAVAILABLE. ERROR';
  return undefined;
}

export const COMMANDS = ['PING', 'VERSION', 'VERSIONCOMMANDS', 'STATS', 'INSTREAM', 'IDSESSION', 'END'] as const;
