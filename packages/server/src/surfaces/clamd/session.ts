/** One connection in clamd's protocol. Without IDSESSION a connection carries one command, as there. */
import { once } from 'node:events';
import { Readable } from 'node:stream';
import type { IntakeService, Passed } from '../../intake/index.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { createByteReader, TooLong, type ByteReader } from '../byte-reader.ts';
import { CHUNK_HEAD_BYTES, type ChunkTally, type FragmentWatch } from '../fragments.ts';
import { principalOf } from '../room.ts';
import { bearSilence, type Connection } from '../socket-listener.ts';
import { COMMANDS, describeRefusal, describeVerdict, framingOf, frameReply, readCommand, type Command } from './replies-rules.ts';

export interface ClamdDeps {
  readonly intake: Pick<IntakeService, 'spool' | 'pass'>;
  readonly fragments: FragmentWatch;
  readonly maxBytes: number;
  /** `Gatehouse 0.1.0/17/Mon Nov 30 05:00:00 2026` */
  version(): string;
}

const LINE_BYTES_MAX = 4_096;
/** A client that is told that it sent too much may still be sending; what is reset is not read. */
const DRAIN_BYTES_MAX = 64 * 1024 * 1024;
const NEWLINE = 0x0a;
const ZERO = 0x00;

export async function serveClamd(deps: ClamdDeps, connection: Connection): Promise<void> {
  const { socket } = connection;
  const reader = createByteReader(socket);
  const session: Session = { deps, connection, reader, id: undefined };
  while (!connection.isStopping) {
    connection.isIdle = true;
    const command = await nextCommand(reader);
    connection.isIdle = false;
    if (command === undefined || !(await answer(session, command))) return;
  }
}

interface Session {
  readonly deps: ClamdDeps;
  readonly connection: Connection;
  readonly reader: ByteReader;
  /** The number of the last command; undefined outside of IDSESSION. */
  id: number | undefined;
}

async function nextCommand(reader: ByteReader): Promise<Command | undefined> {
  const first = await reader.peek();
  if (first === undefined) return undefined;
  const framing = framingOf(first);
  const line = await reader.readUntil([framing === 'zero' ? ZERO : NEWLINE], LINE_BYTES_MAX);
  return line === undefined ? undefined : readCommand(framing, line.bytes.toString('latin1'));
}

/** @returns whether another command may follow */
async function answer(session: Session, command: Command): Promise<boolean> {
  const { framing, name } = command;
  if (name === 'END') return false;
  if (name === 'IDSESSION' && framing !== 'legacy' && session.id === undefined) {
    session.id = 0;
    return true;
  }
  if (session.id !== undefined) session.id += 1;
  if (name === 'INSTREAM') return screenStream(session, command);
  const known = describeSimple(session.deps, command);
  // An unknown command ends a session too: what follows it cannot be told from its content.
  await reply(session, command, known ?? describeRefusal(command) ?? 'UNKNOWN COMMAND');
  return known !== undefined && session.id !== undefined;
}

function describeSimple({ version }: ClamdDeps, { name }: Command): string | undefined {
  if (name === 'PING') return 'PONG';
  if (name === 'VERSION') return version();
  if (name === 'VERSIONCOMMANDS') return `${version()}| COMMANDS: ${COMMANDS.join(' ')}`;
  return name === 'STATS' ? 'POOLS: 1\n\nSTATE: VALID PRIMARY\nQUEUE: 0 items\nEND' : undefined;
}

/** Who does not take the answers is not read on. @returns false, so that the connection ends, outside of a session */
async function reply({ connection, id }: Session, { framing }: Command, text: string): Promise<boolean> {
  const { socket, signal } = connection;
  if (!socket.write(frameReply(framing, text, id))) await once(socket, 'drain', { signal });
  return id !== undefined;
}

async function screenStream(session: Session, command: Command): Promise<boolean> {
  const { deps, connection, reader } = session;
  const { signal, socket } = connection;
  const state: Incoming = { isWhole: false, chunks: { count: 0, wireBytes: 0, largestBytes: 0, lastBytes: 0 } };
  let passed: Passed;
  try {
    const body = await deps.intake.spool(Readable.from(readChunks(reader, state)), { signal, maxBytes: deps.maxBytes });
    try {
      const request = { content: body, principal: principalOf('clamd'), surface: 'clamd', signal, wantsReceipt: false } as const;
      passed = await bearSilence(socket, () => deps.intake.pass(request));
    } finally {
      await body.discard();
    }
  } catch (error) {
    const isTooLarge = error instanceof GatehouseError && error.code === 'too_large';
    await reply(session, command, isTooLarge ? 'INSTREAM size limit exceeded. ERROR' : 'stream: the content could not be taken; try again. ERROR');
    // Where the next command begins is not known. The answer goes out at once, and what is still sent is read, so that it is not lost with a reset.
    if (!state.isWhole) {
      socket.end();
      await drain(reader, socket.destroyed);
    }
    return state.isWhole && session.id !== undefined;
  }
  return reply(session, command, describeVerdict(passed, deps.fragments.isFragment(socket.remoteAddress ?? '', passed, state.chunks)));
}

interface Incoming {
  isWhole: boolean;
  readonly chunks: ChunkTally;
}

/** The chunks of INSTREAM: four bytes of length, then so many bytes; a length of 0 ends. */
async function* readChunks(reader: ByteReader, state: Incoming): AsyncGenerator<Buffer> {
  const { chunks } = state;
  for (;;) {
    const length = (await reader.readExact(CHUNK_HEAD_BYTES)).readUInt32BE();
    if (length === 0) break;
    chunks.count += 1;
    chunks.wireBytes += CHUNK_HEAD_BYTES + length;
    chunks.largestBytes = Math.max(chunks.largestBytes, length);
    chunks.lastBytes = length;
    yield* reader.readPieces(length);
  }
  state.isWhole = true;
}

async function drain(reader: ByteReader, isGone: boolean): Promise<void> {
  let seen = 0;
  if (isGone) return;
  for await (const piece of reader.readRest()) {
    seen += piece.length;
    if (seen > DRAIN_BYTES_MAX) throw new TooLong('more than is worth reading');
  }
}
