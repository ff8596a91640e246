/** One decoder process as the gateway sees it: started, given one file at a time, watched, and killed when it oversteps. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Clock } from '../platform/clock.ts';
import { childEnvironment } from '../platform/config.ts';
import type { Isolation } from './decoder-isolation.ts';
import {
  CHANNEL_FD,
  DecoderMessageSchema,
  maxMessageChars,
  type DecodeRequest,
  type DecodeTask,
  type DecoderMessage,
  type Hashed,
  type Refusal,
} from './decoder-protocol.ts';

export interface ChildLimits {
  /** For one file, from the moment the process gets it. */
  readonly timeoutMs: number;
  readonly memoryMib: number;
  readonly startTimeoutMs: number;
}

export interface ChildOptions {
  readonly program: string;
  readonly isolation: Isolation;
  readonly limits: ChildLimits;
  readonly clock: Clock;
}

export type ChildAnswer =
  | { readonly kind: 'hashed'; readonly hashed: Hashed; readonly decodeMs: number; readonly hashMs: number }
  | { readonly kind: 'drawn'; readonly jpeg: Uint8Array; readonly decodeMs: number }
  | { readonly kind: 'refused'; readonly reason: Refusal; readonly decodeMs: number }
  /** The process is gone or speaks nonsense. */
  | { readonly kind: 'crashed' | 'timeout' | 'out_of_memory' };

/** The program could not be started or did not say that it is ready. */
class DecoderStartError extends Error {
  override readonly name = 'DecoderStartError';
}

/** How often the memory of a working process is looked at. */
const MEMORY_WATCH_MS = 50;
/** JavaScript's own heap; pixels and libvips live outside it. */
const HEAP_MIB = 256;
const COMPLAINT_CHARS_MAX = 2000;
/**
 * glibc keeps one arena for each thread that ever allocated; two keep the memory of a long-lived process flat (sharp's documentation).
 * libuv's pool needs no more threads than the one picture under way. libvips would put decoded pictures above 100 MB (WebP, GIF) into files in the
 * temporary directory: pixels stay in memory, which is watched.
 */
const OWN_ENVIRONMENT = { MALLOC_ARENA_MAX: '2', UV_THREADPOOL_SIZE: '2', VIPS_DISC_THRESHOLD: '1000g', VIPS_CONCURRENCY: '1', VIPS_BLOCK_UNTRUSTED: '1' };

interface Running {
  readonly id: number;
  readonly task: DecodeTask;
  readonly startedMs: number;
  settle(answer: ChildAnswer): void;
}

export class DecoderChild {
  readonly #process: ChildProcess;
  readonly #channel: Socket;
  readonly #options: ChildOptions;
  #waiting = '';
  #complaint = '';
  #isDead = false;
  #isReady = false;
  #onReady: (() => void) | undefined;
  #running: Running | undefined;
  #filesDone = 0;
  /** Settles when the process is gone. */
  readonly gone: Promise<void>;

  private constructor(options: ChildOptions) {
    this.#options = options;
    const [file, ...args] = [
      ...options.isolation.prefix,
      process.execPath,
      `--max-old-space-size=${HEAP_MIB}`,
      '--disallow-code-generation-from-strings',
      options.program,
    ];
    this.#process = spawn(file ?? process.execPath, args, {
      cwd: '/',
      env: { ...childEnvironment(), ...OWN_ENVIRONMENT },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      // A session of its own: Ctrl-C reaches the gateway alone, which then ends its decoders in order.
      detached: true,
      windowsHide: true,
    });
    // Told of a process that could not be made at all, also when nobody gets to wait for `gone`; without a listener that would end the gateway.
    this.#process.on('error', () => undefined);
    // Out of file descriptors (EMFILE): then there are no channels either.
    if (this.#process.pid === undefined) throw new DecoderStartError('the system could not make a process for it');
    const channel = this.#process.stdio[CHANNEL_FD];
    if (!(channel instanceof Socket)) throw new DecoderStartError('the channel could not be opened');
    this.#channel = channel;
    this.gone = new Promise((resolve) => {
      const end = (): void => (this.#die(), resolve());
      this.#process.once('error', end);
      this.#process.once('exit', end);
    });
    this.#channel.setEncoding('utf8');
    this.#channel.on('data', (chunk: string) => this.#receive(chunk));
    this.#channel.on('error', () => this.kill());
    this.#channel.on('close', () => this.kill());
    this.#process.stderr?.on('error', () => undefined);
    // Read to the end, or a talkative process would block; kept only until it is ready, since later lines may hold paths.
    this.#process.stderr?.on('data', (chunk: Buffer) => {
      if (!this.#isReady) this.#complaint = (this.#complaint + chunk.toString('utf8')).slice(-COMPLAINT_CHARS_MAX);
    });
  }

  /** @throws {Error} also a fault of the system, such as too little memory for a process */
  static async start(options: ChildOptions): Promise<DecoderChild> {
    const child = new DecoderChild(options);
    const isReady = new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), options.limits.startTimeoutMs);
      const done = (value: boolean): void => (clearTimeout(timer), resolve(value));
      child.#onReady = () => done(true);
      void child.gone.then(() => done(false));
    });
    if (await isReady) return child;
    child.kill();
    await child.gone;
    throw new DecoderStartError(child.#complaint.trim() === '' ? 'the decoder program ended before it was ready' : child.#complaint.trim());
  }

  get isAlive(): boolean {
    return !this.#isDead;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get filesDone(): number {
    return this.#filesDone;
  }

  /** One at a time. Never rejects. */
  async run(request: DecodeRequest): Promise<ChildAnswer> {
    if (this.#isDead) return { kind: 'crashed' };
    const { clock, limits } = this.#options;
    let overstep: 'timeout' | 'out_of_memory' | undefined;
    const end = (reason: 'timeout' | 'out_of_memory'): void => {
      overstep ??= reason;
      this.kill();
    };
    const deadline = setTimeout(() => end('timeout'), limits.timeoutMs);
    const stopWatching = this.#watchMemory(() => end('out_of_memory'));
    const answer = await new Promise<ChildAnswer>((settle) => {
      this.#running = { id: request.id, task: request.task, startedMs: clock.monotonicMs(), settle };
      this.#channel.write(`${JSON.stringify(request)}\n`);
    });
    clearTimeout(deadline);
    stopWatching();
    this.#running = undefined;
    this.#filesDone += 1;
    return overstep === undefined ? answer : { kind: overstep };
  }

  kill(): void {
    if (this.#process.pid !== undefined && this.#process.exitCode === null && this.#process.signalCode === null) this.#process.kill('SIGKILL');
  }

  #die(): void {
    this.#isDead = true;
    this.#channel.destroy();
    this.#running?.settle({ kind: 'crashed' });
  }

  /** From /proc, on Linux; elsewhere the pixel limits alone bound the memory. */
  #watchMemory(onOver: () => void): () => void {
    if (process.platform !== 'linux') return () => undefined;
    const path = `/proc/${String(this.pid)}/status`;
    const limitKib = this.#options.limits.memoryMib * 1024;
    const timer = setInterval(() => {
      void readFile(path, 'latin1').then(
        (status) => {
          const held = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
          if (held !== undefined && Number(held) > limitKib) onOver();
        },
        () => undefined,
      );
    }, MEMORY_WATCH_MS);
    return () => clearInterval(timer);
  }

  #receive(chunk: string): void {
    this.#waiting += chunk;
    const lines = this.#waiting.split('\n');
    this.#waiting = lines.pop() ?? '';
    const charsMax = maxMessageChars(this.#running?.task);
    const messages = this.#waiting.length > charsMax ? [undefined] : lines.map((line) => parseMessage(line, charsMax));
    for (const message of messages) {
      // Whoever speaks nonsense may have been taken over.
      if (message === undefined || !this.#accept(message)) return this.kill();
    }
  }

  /** @returns false when the message does not belong here */
  #accept(message: DecoderMessage): boolean {
    if (message.kind === 'ready') {
      if (this.#isReady) return false;
      this.#isReady = true;
      this.#onReady?.();
      return true;
    }
    const running = this.#running;
    if (running === undefined || message.id !== running.id) return false;
    const elapsedMs = this.#options.clock.monotonicMs() - running.startedMs;
    if (message.kind === 'refused') {
      running.settle({ kind: 'refused', reason: message.reason, decodeMs: elapsedMs });
      return true;
    }
    // An answer to another question is nonsense, too.
    if ((message.kind === 'hashed') !== (running.task.kind === 'hash')) return false;
    if (message.kind === 'hashed') running.settle({ kind: 'hashed', hashed: message, ...splitTime(elapsedMs, message.cpu) });
    else running.settle({ kind: 'drawn', jpeg: Buffer.from(message.jpeg, 'base64'), decodeMs: elapsedMs });
    return true;
  }
}

/** Decoding and hashing follow each other on one thread. A message in between would not do: both may arrive together when the gateway is busy. */
function splitTime(elapsedMs: number, cpu: Hashed['cpu']): { readonly decodeMs: number; readonly hashMs: number } {
  const totalMs = cpu.decodeMs + cpu.hashMs;
  const hashMs = totalMs === 0 ? 0 : (elapsedMs * cpu.hashMs) / totalMs;
  return { decodeMs: elapsedMs - hashMs, hashMs };
}

function parseMessage(line: string, charsMax: number): DecoderMessage | undefined {
  if (line.length > charsMax) return undefined;
  try {
    return DecoderMessageSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
