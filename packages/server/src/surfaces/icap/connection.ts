/** A connection from its first request to its last: reads, asks, answers. An exception is an ICAP error or a broken connection, never a clearance. */
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { Spooled } from '../../intake/index.ts';
import type { SurfaceParts } from '../room.ts';
import type { Connection } from '../socket-listener.ts';
import { answerBlocked, answerEcho, answerFault, answerOptions, answerUnmodified, CONTINUE, methodsOf, type AnswerContext } from './answer-rules.ts';
import { openChannel, type Channel, type Tuning } from './channel.ts';
import { hasBody, IcapFault, type IcapHead, type InnerHead } from './protocol-rules.ts';
import type { Judge, Outcome } from './screening.ts';

export interface Serving {
  readonly parts: SurfaceParts;
  readonly judge: Judge;
  readonly tuning: Tuning;
  readonly istag: () => string;
  readonly count: (method: IcapHead['method'] | 'none', outcome: Outcome['kind'] | 'options' | 'empty' | 'fault') => void;
}

interface Request {
  readonly head: IcapHead;
  readonly inner: ReadonlyMap<string, InnerHead>;
}

/** One request on its connection. */
interface Exchange extends Request {
  readonly serving: Serving;
  readonly channel: Channel;
  readonly context: AnswerContext;
  readonly gone: AbortSignal;
  readonly peer: string;
}

const PIECE_BYTES = 65_536;
/** Before a piece, for its length. */
const CHUNK_HEAD_BYTES = 16;
const CHUNK_END = '\r\n';

export async function serveConnection(serving: Serving, connection: Connection): Promise<void> {
  const { socket, signal: gone } = connection;
  const context = (): AnswerContext => ({ istag: serving.istag(), isLast: connection.isStopping });
  const channel = openChannel({ connection, tuning: serving.tuning, context });
  try {
    for (;;) {
      const request = await channel.nextRequest();
      if (request === undefined) break;
      const isLast = request.head.wantsClose || connection.isStopping;
      const more = await serveRequest({ ...request, serving, channel, gone, context: { ...context(), isLast }, peer: socket.remoteAddress ?? '' });
      if (!more || isLast) break;
    }
  } catch (error) {
    if (!(error instanceof IcapFault) || gone.aborted) throw error;
    serving.count('none', 'fault');
    await channel.write(answerFault({ ...context(), isLast: true }, error.code));
  }
  await channel.finish();
}

/** @returns false when the rest of the body was left unread: nothing more can be said on this connection */
async function serveRequest(exchange: Exchange): Promise<boolean> {
  const { head, serving, channel } = exchange;
  const methods = methodsOf(head.service);
  if (methods === undefined) throw new IcapFault(404, 'there is no such service');
  if (head.method === 'OPTIONS') return serveOptions(exchange, methods);
  if (!methods.includes(head.method)) throw new IcapFault(405, 'the service has another method');
  if (hasBody(head)) return serveBody(exchange);
  for await (const _ of channel.readBody(async () => undefined)) throw new IcapFault(400, 'content stands where none was announced');
  serving.count(head.method, 'empty');
  await channel.write(head.allows204 ? answerUnmodified(exchange.context) : answerEcho(exchange.context, exchange));
  return true;
}

async function serveOptions({ head, serving, channel, context }: Exchange, methods: readonly ('REQMOD' | 'RESPMOD')[]): Promise<boolean> {
  const { config } = serving.parts.context;
  for await (const _ of channel.readBody(async () => undefined)) throw new IcapFault(400, 'OPTIONS takes no content');
  serving.count(head.method, 'options');
  const method = methods.length > 1 ? config.icapAvscanMethod : (methods[0] ?? 'REQMOD');
  await channel.write(answerOptions(context, { method, previewBytes: config.icapPreviewBytes, maxConnections: config.surfaceMaxConnections }));
  return true;
}

async function serveBody(exchange: Exchange): Promise<boolean> {
  const { head, inner, serving, channel, gone, peer } = exchange;
  const taken = await takeBody(exchange);
  if ('outcome' in taken) {
    await answer({ ...exchange, context: { ...exchange.context, isLast: true } }, { outcome: taken.outcome, isWholePreview: false, content: undefined });
    return false;
  }
  const { content, isWholePreview } = taken;
  try {
    const outcome = await channel.undisturbed(() => serving.judge.judge(content, { head, inner, peer, signal: gone }).catch(serving.judge.explain));
    await answer(exchange, { outcome, isWholePreview, content });
  } finally {
    await content.discard();
  }
  return true;
}

type Taken = { readonly content: Spooled; readonly isWholePreview: boolean } | { readonly outcome: Outcome };

/** The whole body to disk: nothing is decided by a preview, so whoever waits after one is told to go on. */
async function takeBody({ serving, channel, gone }: Exchange): Promise<Taken> {
  let isWholePreview = false;
  let fault: Error | undefined;
  const source = async function* (): AsyncGenerator<Buffer> {
    try {
      yield* channel.readBody(async (isWhole) => {
        isWholePreview = isWhole;
        if (!isWhole) await channel.write(CONTINUE);
      });
    } catch (error) {
      fault = error instanceof Error ? error : new Error('unknown', { cause: error });
      throw error;
    }
  };
  const stream = Readable.from(source(), { objectMode: false });
  try {
    const content = await serving.parts.intake.spool(stream, { signal: gone });
    return { content, isWholePreview };
  } catch (error) {
    stream.destroy();
    if (fault !== undefined) throw fault;
    return { outcome: serving.judge.explain(error) };
  }
}

interface Answer {
  readonly outcome: Outcome;
  readonly isWholePreview: boolean;
  readonly content: Spooled | undefined;
}

async function answer(exchange: Exchange, { outcome, isWholePreview, content }: Answer): Promise<void> {
  const { head, serving, channel, context } = exchange;
  serving.count(head.method, outcome.kind);
  switch (outcome.kind) {
    case 'release':
      if (content === undefined) throw new Error('nothing is let through without its content');
      if (head.allows204 || isWholePreview) return channel.write(answerUnmodified(context));
      return echo(exchange, content);
    case 'block':
      if (outcome.isOpen && serving.parts.context.config.icapUnscannable === 'error') return channel.write(answerFault(context, 500, 'decode_error'));
      return channel.write(answerBlocked(context, outcome.message));
    case 'undecided':
      return channel.write(answerFault(context, 500));
    case 'busy':
      return channel.write(answerFault(context, 503));
  }
}

/** The same bytes back, from disk: more than fits a preview goes so when the client takes no 204 (Squid above 64 KiB). */
async function echo(exchange: Exchange, content: Spooled): Promise<void> {
  const { channel, context, gone } = exchange;
  await channel.write(answerEcho(context, exchange));
  const file = await open(content.path);
  // One for all pieces, filled again when the last one is out: new ones would stay until the heap is collected, which cost twice the processor time.
  const room = Buffer.alloc(CHUNK_HEAD_BYTES + PIECE_BYTES + CHUNK_END.length);
  let sent = 0;
  try {
    for (;;) {
      gone.throwIfAborted();
      const { bytesRead } = await file.read(room, CHUNK_HEAD_BYTES, PIECE_BYTES);
      if (bytesRead === 0) break;
      sent += bytesRead;
      await channel.writeThrough(frameChunk(room, bytesRead));
    }
  } finally {
    await file.close();
  }
  // Thrown, it breaks the connection off before the last chunk: the client takes a part for no whole.
  if (sent !== content.sizeBytes) throw new Error('the content on disk is not what was screened');
  await channel.write('0\r\n\r\n');
}

/** @param room the content from `CHUNK_HEAD_BYTES` on. @returns the part of it that is sent */
function frameChunk(room: Buffer, sizeBytes: number): Buffer {
  const head = `${sizeBytes.toString(16)}${CHUNK_END}`;
  const begin = CHUNK_HEAD_BYTES - head.length;
  const end = CHUNK_HEAD_BYTES + sizeBytes;
  room.write(head, begin, 'latin1');
  room.write(CHUNK_END, end, 'latin1');
  return room.subarray(begin, end + CHUNK_END.length);
}
