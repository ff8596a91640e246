/** `gatehouse scan`: screens files and folders, with list files alone or by the running server. */
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { MAX_RADIUS } from '../lists/index.ts';
import type { ApiClient } from '../platform/cli/api.ts';
import { EXIT, textOption, type CommandArguments, type CommandContext, type CommandDefinition } from '../platform/cli/command.ts';
import { GatehouseError, isGatehouseError } from '../platform/errors.ts';
import { digestFile } from './digests.ts';
import { escapeForTerminal, readCode, toJsonLine, walkFiles, type Walked } from './file-walk.ts';
import { openOfflineScreening, readSignalType } from './offline.ts';
import { ScreeningSchema, type Screening, type VerdictKind } from './schema.ts';
import { openDecoderPool } from './service.ts';

/** What is said about one path. */
export type ScanLine = { readonly path: string } & (Screening | { readonly verdict: 'error'; readonly reason: string; readonly explanation: string });

/** Screens one file. */
type ScanFile = (path: string) => Promise<ScanLine>;

const HELP = `With --list the files are compared with those list files on this machine; no server and no database are needed. Without it, each
file is sent to the running server (POST /v1/scan), or to one that is started for this command.

Folders are read with everything in them. Symbolic links inside folders, devices and pipes are not opened.

Exit codes: 0 all clear; 1 at least one match; 2 no match, but something could not be scanned, or there was no file at all.

  gatehouse scan ~/Pictures --list my.csv
  gatehouse scan upload.jpg --list a.csv --list b.txt --type pdq --json`;

export const scanCommand: CommandDefinition = {
  name: 'scan',
  summary: 'Screen files and folders against lists',
  help: HELP,
  arguments: [{ name: '<paths...>', about: 'files and folders' }],
  options: [
    { flags: '--list <file>', about: 'a list file: CSV, JSON Lines, or one hash a line; may be given several times', isRepeatable: true },
    { flags: '--type <type>', about: 'what the values of the lists are when they do not say it: pdq, md5, sha1, sha256' },
    { flags: '--radius <bits>', about: `largest PDQ distance that matches, 0 to ${MAX_RADIUS}; default 31` },
    { flags: '--quality-floor <quality>', about: 'pictures with a lower PDQ quality have no reliable hash; default 50' },
    { flags: '--findings-only', about: 'do not print a line for files that are clear' },
  ],
  run: runScan,
};

async function runScan(context: CommandContext, args: CommandArguments): Promise<number> {
  const lists = args.options['list'];
  const files = Array.isArray(lists) ? lists.map(String) : [];
  if (files.length === 0) {
    const used = ['type', 'radius', 'qualityFloor'].find((name) => textOption(args, name) !== undefined);
    if (used !== undefined)
      throw new GatehouseError('invalid_request', `--type, --radius and --quality-floor belong to --list; the server's lists have their own settings.`);
    const client = await context.api();
    return scanAll(context, args, { width: 4, scan: (path) => scanByServer(client, path, context.signal) });
  }
  const { config } = context.config();
  const pool = openDecoderPool(config, context.clock);
  try {
    const settings = { ...readNumber(args, 'radius', MAX_RADIUS), ...readNumber(args, 'qualityFloor', 100) };
    const service = await openOfflineScreening(context, { files, type: readSignalType(textOption(args, 'type')), settings, pool });
    const scan: ScanFile = async (path) => {
      const { digests, sizeBytes } = await digestFile(path, context.signal);
      const { screening } = await service.screen({ path: resolve(path), digests, sizeBytes, key: 'cli', signal: context.signal });
      return { path, ...screening };
    };
    return await scanAll(context, args, { width: pool.state.processes + 1, scan });
  } finally {
    await pool.stop();
  }
}

/** @throws {GatehouseError} `invalid_request` */
export function readNumber(args: CommandArguments, name: 'radius' | 'qualityFloor', max: number): { readonly radius?: number; readonly qualityFloor?: number } {
  const text = textOption(args, name);
  if (text === undefined) return {};
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > max)
    throw new GatehouseError('invalid_request', `--${name === 'radius' ? 'radius' : 'quality-floor'} is a whole number from 0 to ${max}.`);
  return { [name]: value };
}

async function scanByServer(client: ApiClient, path: string, signal: AbortSignal): Promise<ScanLine> {
  const stream = createReadStream(path);
  const reply = await client.send(
    { method: 'POST', path: '/v1/scan?receipt=0', headers: { 'content-type': 'application/octet-stream' }, stream, signal },
    [415, 422, 503],
  );
  const parsed = ScreeningSchema.safeParse(reply.body);
  if (parsed.success) return { path, ...parsed.data };
  const detail: unknown = Reflect.get(Object(reply.body), 'detail');
  return {
    path,
    verdict: 'error',
    reason: String(Reflect.get(Object(reply.body), 'code') ?? reply.status),
    explanation: typeof detail === 'string' ? detail : `The server answered ${reply.status}.`,
  };
}

interface Scanner {
  /** Files under way at once. */
  readonly width: number;
  readonly scan: ScanFile;
}

async function scanAll(context: CommandContext, args: CommandArguments, scanner: Scanner): Promise<number> {
  const report = new ScanReport(context, args.options['findingsOnly'] === true);
  const underWay: Promise<ScanLine>[] = [];
  const takeFirst = async (): Promise<void> => {
    const line = await underWay.shift();
    if (line !== undefined && !context.signal.aborted) report.add(line);
  };
  for (const path of args.positional) {
    for await (const walked of walkFiles(path, context.signal)) {
      if (walked.kind === 'skipped') {
        report.skip();
        continue;
      }
      const line = scanWalked(walked, scanner.scan);
      // The first fault ends the scan; those behind it must not end the process.
      line.catch(() => undefined);
      underWay.push(line);
      if (underWay.length >= scanner.width) await takeFirst();
    }
  }
  while (underWay.length > 0) await takeFirst();
  if (context.signal.aborted) throw new GatehouseError('stopping', 'The scan was interrupted.');
  return report.finish();
}

/** A file that cannot be read, or that the server refuses, is a finding of its own; a server that is away ends the scan. */
async function scanWalked(walked: Exclude<Walked, { kind: 'skipped' }>, scan: ScanFile): Promise<ScanLine> {
  const { path } = walked;
  const fail = (reason: string, explanation: string): ScanLine => ({ path, verdict: 'error', reason, explanation });
  if (walked.kind === 'unreadable') return fail('unreadable', `It cannot be read (${walked.code}).`);
  try {
    return await scan(path);
  } catch (error) {
    if (isGatehouseError(error)) {
      if (error.status < 500 && error.code !== 'unauthenticated' && error.code !== 'forbidden') return fail(error.code, error.message);
      throw error;
    }
    return fail('unreadable', `It cannot be read (${readCode(error)}).`);
  }
}

class ScanReport {
  readonly #context: CommandContext;
  readonly #findingsOnly: boolean;
  readonly #counts: Record<VerdictKind, number> = { clear: 0, match: 0, unscannable: 0, error: 0 };
  #skipped = 0;

  constructor(context: CommandContext, findingsOnly: boolean) {
    this.#context = context;
    this.#findingsOnly = findingsOnly;
  }

  get #total(): number {
    return Object.values(this.#counts).reduce((sum, count) => sum + count, 0);
  }

  skip(): void {
    this.#skipped += 1;
  }

  add(line: ScanLine): void {
    const { terminal, isJson } = this.#context;
    this.#counts[line.verdict] += 1;
    this.#clearProgress();
    if (!this.#findingsOnly || line.verdict !== 'clear') terminal.out(`${isJson ? toJsonLine(line) : toText(line)}\n`);
    if (terminal.isInteractive) terminal.err(`${this.#total} scanned, ${this.#counts.match} matched`);
  }

  finish(): number {
    const { clear, match, unscannable, error } = this.#counts;
    this.#clearProgress();
    const skipped = this.#skipped === 0 ? '' : ` ${this.#skipped} symbolic links, devices or pipes were not opened.`;
    if (this.#total === 0) this.#context.terminal.err(`There was no file to scan.${skipped}\n`);
    else this.#context.terminal.err(`${this.#total} scanned: ${clear} clear, ${match} matched, ${unscannable + error} could not be scanned.${skipped}\n`);
    if (match > 0) return EXIT.finding;
    return this.#total === clear && clear > 0 ? EXIT.ok : EXIT.incomplete;
  }

  #clearProgress(): void {
    if (this.#context.terminal.isInteractive) this.#context.terminal.err('\r\u001B[K');
  }
}

const WORDS: Readonly<Record<VerdictKind, string>> = { clear: 'clear', match: 'MATCH', unscannable: 'UNSCANNABLE', error: 'ERROR' };

function toText(line: ScanLine): string {
  const about = line.verdict === 'clear' ? '' : `: ${line.explanation}`;
  return escapeForTerminal(`${WORDS[line.verdict].padEnd(11)}  ${line.path}${about}`);
}
