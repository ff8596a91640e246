/** One connection: bytes in as events, bytes out with the reader's pace, and the times within which something must happen. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { bearSilence, type Connection } from '../socket-listener.ts';
import { answerFault, type AnswerContext } from './answer-rules.ts';
import { IcapParser, type IcapEvent } from './parser-rules.ts';
import { IcapFault } from './protocol-rules.ts';

/** Tests put short times here. */
export interface Tuning {
  /** From the first byte of a head to its last, however busily they drip. */
  readonly headMs: number;
  /** The same for a whole body. */
  readonly bodyMs: number;
  /** What still comes after the last answer is read for so long: to close on unread bytes would take the answer along (RFC 9112 9.6). */
  readonly lingerMs: number;
}

export const TUNING: Tuning = { headMs: 20_000, bodyMs: 3_600_000, lingerMs: 2_000 };

export interface Channel {
  /** The next request's head; undefined when the client ended between two. @throws {IcapFault} */
  nextRequest(): Promise<Extract<IcapEvent, { kind: 'request' }> | undefined>;
  /** The content of the request, to its end; `onPreview` when the client waits to be told to go on. @throws {IcapFault} */
  readBody(onPreview: (isWhole: boolean) => Promise<void>): AsyncGenerator<Buffer>;
  write(bytes: string | Uint8Array): Promise<void>;
  /** Until the system has the bytes, so that their memory can be used again. @throws when the connection is gone */
  writeThrough(bytes: Uint8Array): Promise<void>;
  /** Without the limit on silence: while content is screened the client has nothing to say. */
  undisturbed<T>(work: () => Promise<T>): Promise<T>;
  /** Says goodbye, so that the answer arrives. */
  finish(): Promise<void>;
}

export interface ChannelOptions {
  readonly connection: Connection;
  readonly tuning: Tuning;
  readonly context: () => AnswerContext;
}

export function openChannel(options: ChannelOptions): Channel {
  const { connection, tuning } = options;
  const { socket } = connection;
  const parser = new IcapParser();
  const source = socket.iterator({ destroyOnReturn: false });
  /** What to do when bytes of a head arrive. */
  let heard: (() => void) | undefined;
  const next = async (): Promise<IcapEvent | undefined> => {
    for (;;) {
      const event = parser.next();
      if (event !== undefined) return event;
      const read: IteratorResult<unknown, unknown> = await source.next();
      if (read.done === true) return undefined;
      if (!Buffer.isBuffer(read.value)) throw new TypeError('a socket yields bytes');
      parser.push(read.value);
      heard?.();
    }
  };
  const endLate = (): void => void socket.end(answerFault({ ...options.context(), isLast: true }, 408), () => socket.destroy());
  return {
    async nextRequest() {
      let timer: NodeJS.Timeout | undefined;
      heard = () => {
        connection.isIdle = false;
        timer ??= setTimeout(endLate, tuning.headMs);
      };
      connection.isIdle = parser.isIdle;
      // A pipelined request is here already.
      if (!parser.isIdle) heard();
      try {
        if (connection.isStopping && parser.isIdle) return undefined;
        const event = await next();
        if (event !== undefined && event.kind !== 'request') throw new IcapFault(400, 'a request was expected');
        return event;
      } finally {
        clearTimeout(timer);
        heard = undefined;
      }
    },
    async *readBody(onPreview) {
      const timer = setTimeout(() => socket.destroy(), tuning.bodyMs);
      try {
        for (;;) {
          const event = await next();
          if (event === undefined) throw new IcapFault(400, 'the client ended in the middle of a message');
          if (event.kind === 'end') return;
          if (event.kind === 'data') yield event.bytes;
          else if (event.kind === 'preview') await onPreview(event.isWhole);
        }
      } finally {
        clearTimeout(timer);
      }
    },
    async write(bytes) {
      if (!socket.write(bytes)) await once(socket, 'drain', { signal: connection.signal });
    },
    writeThrough: (bytes) =>
      new Promise((resolve, reject) => {
        socket.write(bytes, (error) => (error === null || error === undefined ? resolve() : reject(error)));
      }),
    undisturbed: (work) => bearSilence(socket, work),
    finish: () => linger(socket, source, tuning.lingerMs),
  };
}

async function linger(socket: Socket, source: AsyncIterator<unknown>, ms: number): Promise<void> {
  socket.end();
  const timer = setTimeout(() => socket.destroy(), ms);
  try {
    while ((await source.next()).done !== true);
  } catch {
    // The peer is gone already.
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
