/**
 * Structured logs (JSON lines, pino) and the only writer to the console (DESIGN.md, import rule 4).
 *
 * Logs never hold bytes, hashes, file names, list names or secrets: pass ids, counts, codes and durations.
 * `redact` is the second line of defence, not the first.
 */
import { pino, stdSerializers, type DestinationStream } from 'pino';

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A log that adds `fields` to every line. */
  child(fields: object): Log;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

const SECRETS = [
  'authorization',
  'cookie',
  'password',
  'secret',
  'token',
  'key',
  'link',
  'hash',
  'md5',
  'sha1',
  'sha256',
  'pdq',
  'fileName',
  'filename',
  'body',
];

/** @param destination where lines go; standard error by default, so that standard output stays free for results */
export function createLog(level: LogLevel, destination: DestinationStream = standardError()): Log {
  const paths = SECRETS.flatMap((name) => [name, `*.${name}`]);
  const logger = pino(
    {
      level,
      base: {},
      redact: { paths, censor: '[redacted]' },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: stdSerializers.err },
    },
    destination,
  );
  return logger;
}

/** A log that keeps nothing; for tests and library use. */
export const silentLog: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined, child: () => silentLog };

function standardError(): DestinationStream {
  outliveReader(process.stderr);
  return { write: (line) => void process.stderr.write(line) };
}

/** A pipe whose reader has gone (EPIPE): what is written is lost then. Without a listener the next line would end the process. */
function outliveReader(stream: NodeJS.WriteStream): void {
  if (stream.listenerCount('error') > 0) return;
  stream.on('error', (error) => {
    // Results that could not be written (a full disk) are a fault; of standard error nobody could be told.
    if (stream === process.stdout && Reflect.get(error, 'code') !== 'EPIPE') throw error;
  });
}

/** For the program: `gatehouse … | head` is no fault. */
export function outliveReaders(): void {
  outliveReader(process.stdout);
  outliveReader(process.stderr);
}

/** Where commands write: results to `out`, everything else (progress, hints, errors) to `err`. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** True when `err` is a terminal, so that a progress line may be redrawn in place. */
  readonly isInteractive: boolean;
}

export const systemTerminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  isInteractive: process.stderr.isTTY,
};
