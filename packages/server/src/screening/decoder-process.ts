/**
 * The program of a decoder process: one file at a time, bytes -> pixels -> hashes, or a small drawing. No other pixels leave it, and it knows
 * no secret, list or database. Started by decoder-child.ts from `dist`; it ends when its channel does, so that it never outlives the gateway.
 */
import { Socket } from 'node:net';
import { setPriority } from 'node:os';
import type { DecodeRequest, DecoderMessage } from './decoder-protocol.ts';
import { decodePicture, prepareDecoder } from './picture-decoding.ts';
import { drawPicture } from './picture-drawing.ts';
import { hashRenderings } from './renderings.ts';

/** `CHANNEL_FD`; importing the value would load the message schemas of the gateway's side. */
const CHANNEL = 3;
/** The gateway itself, which answers everybody, goes first. */
const NICENESS = 5;

const channel = new Socket({ fd: CHANNEL, readable: true, writable: true });

function send(message: DecoderMessage): void {
  channel.write(`${JSON.stringify(message)}\n`);
}

/** A native decode under way cannot be stopped otherwise. */
function endAtOnce(): void {
  process.kill(process.pid, 'SIGKILL');
}

async function answer(request: DecodeRequest): Promise<void> {
  const { id, task } = request;
  if (task.kind === 'hash') return hash(request);
  const drawing = await drawPicture(request.path, { maxPixels: request.maxPixels, maxFrames: request.maxFrames, isBlurred: task.isBlurred });
  if (drawing.kind === 'refused') return send({ kind: 'refused', id, reason: drawing.reason });
  send({ kind: 'drawn', id, jpeg: drawing.jpeg.toString('base64') });
}

async function hash(request: DecodeRequest): Promise<void> {
  const { id } = request;
  const start = process.cpuUsage();
  const decoding = await decodePicture(request.path, request);
  if (decoding.kind === 'refused') return send({ kind: 'refused', id, reason: decoding.reason });
  const decodeMs = toMs(process.cpuUsage(start));
  const afterDecode = process.cpuUsage();
  const { picture, frames, isPartial } = decoding;
  const pictures = hashRenderings(picture);
  send({
    kind: 'hashed',
    id,
    width: picture.width,
    height: picture.height,
    frames,
    isPartial,
    pictures,
    cpu: { decodeMs, hashMs: toMs(process.cpuUsage(afterDecode)) },
  });
}

function toMs(usage: NodeJS.CpuUsage): number {
  return (usage.user + usage.system) / 1000;
}

function listen(): void {
  let waiting = '';
  channel.setEncoding('utf8');
  channel.on('data', (chunk: string) => {
    waiting += chunk;
    const lines = waiting.split('\n');
    waiting = lines.pop() ?? '';
    // A fault here is a fault of the program: the process dies of it, and the gateway sees a crash.
    for (const line of lines) void answer(JSON.parse(line) as DecodeRequest);
  });
  channel.on('end', endAtOnce);
  channel.on('close', endAtOnce);
  channel.on('error', endAtOnce);
}

try {
  setPriority(NICENESS);
} catch {
  // Not allowed everywhere, and not needed.
}
prepareDecoder();
listen();
send({ kind: 'ready' });
