/** A request whose body can be sent slowly, or break off. */
import { request } from 'node:http';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestApp } from '../app.ts';
import type { SendOptions } from '../surfaces.ts';

const PIECE_BYTES = 16_384;

export interface HttpSending extends SendOptions {
  readonly method: string;
  readonly path: string;
  readonly content: Buffer;
  readonly type?: string;
  /** Beside, or in place of, those that are sent anyway. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HttpReply {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** Or gone. */
export function drained(outgoing: Writable): Promise<void> {
  return new Promise((done) => {
    const go = (): void => {
      outgoing.off('drain', go).off('close', go);
      done();
    };
    outgoing.on('drain', go).on('close', go);
  });
}

/** @returns undefined when the connection broke before a whole answer */
export async function sendBody(app: TestApp, sending: HttpSending): Promise<HttpReply | undefined> {
  const { method, path, content, type = 'application/octet-stream', abortAfterBytes = Infinity, pauseMs } = sending;
  const headers = { authorization: `Bearer ${app.key}`, 'content-type': type, 'content-length': content.length, ...sending.headers };
  const reply = await new Promise<{ readonly status: number; readonly text: string } | undefined>((resolve) => {
    const asked = request(new URL(path, app.url), { method, headers, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => void chunks.push(chunk));
      incoming.once('end', () => resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      incoming.on('error', () => resolve(undefined));
    });
    // Not `once`: a request that was ended by the server can fail again while it is still sent.
    asked.on('error', () => resolve(undefined));
    void (async () => {
      for (let at = 0; at < content.length && !asked.destroyed; at += PIECE_BYTES) {
        if (at >= abortAfterBytes) return void asked.destroy();
        asked.write(content.subarray(at, at + PIECE_BYTES));
        if (pauseMs !== undefined) await sleep(pauseMs);
      }
      asked.end();
    })();
  });
  return reply === undefined ? undefined : { status: reply.status, body: parse(reply.text) };
}

function parse(text: string): Record<string, unknown> {
  const value: unknown = text === '' ? {} : JSON.parse(text);
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
