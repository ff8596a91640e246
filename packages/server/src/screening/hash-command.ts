/** `gatehouse hash`: the signals of files, without a server. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ORIENTATIONS } from '@gatehouse/pdq';
import type { PictureHashes } from '../lists/index.ts';
import { EXIT, type CommandArguments, type CommandContext, type CommandDefinition } from '../platform/cli/command.ts';
import { GatehouseError } from '../platform/errors.ts';
import { readContent } from './content.ts';
import type { DecoderPool } from './decoder-pool.ts';
import { digestFile } from './digests.ts';
import { escapeForTerminal, readCode, toJsonLine } from './file-walk.ts';
import type { Digests, Media } from './schema.ts';
import { openDecoderPool } from './service.ts';

/** What is printed for one file. */
type HashLine = { readonly path: string } & (
  | {
      readonly digests: Digests;
      readonly sizeBytes: number;
      readonly media: Media | undefined;
      readonly pictures: readonly PictureHashes[];
      readonly problem: string | undefined;
    }
  | { readonly problem: string }
);

export const hashCommand: CommandDefinition = {
  name: 'hash',
  summary: 'Print the signals of files: MD5, SHA-1, SHA-256, PDQ and its quality',
  help: `No server is needed. PDQ is of the first frame, at full resolution, and for pictures with a side above 512 also in the form of the C++
command. A quality below 50 means that the hash says little: do not put it on a list.

Exit codes: 0 every file has a PDQ hash; 2 a file cannot be read or is not a picture that can be decoded (its digests are printed).`,
  arguments: [{ name: '<files...>', about: 'files' }],
  options: [{ flags: '--orientations', about: 'print the hashes of all eight orientations' }],
  run: runHash,
};

async function runHash(context: CommandContext, args: CommandArguments): Promise<number> {
  const pool = openDecoderPool(context.config().config, context.clock);
  let isComplete = true;
  try {
    for (const path of args.positional) {
      const line = await hashFile(pool, path, context.signal);
      if (context.signal.aborted) throw new GatehouseError('stopping', 'It was interrupted.');
      if (line.problem !== undefined) isComplete = false;
      const all = args.options['orientations'] === true;
      context.terminal.out(
        context.isJson
          ? `${toJsonLine(toValue(line, all))}\n`
          : toText(line, all)
              .map((text) => `${escapeForTerminal(text)}\n`)
              .join(''),
      );
    }
  } finally {
    await pool.stop();
  }
  return isComplete ? EXIT.ok : EXIT.incomplete;
}

async function hashFile(pool: DecoderPool, path: string, signal: AbortSignal): Promise<HashLine> {
  try {
    if (!(await stat(path)).isFile()) return { path, problem: 'is not a file' };
    const { digests, sizeBytes } = await digestFile(path, signal);
    const { reading } = await readContent(pool, { path: resolve(path), sizeBytes, key: 'cli', signal });
    const media = reading.kind === 'hashed' || reading.kind === 'unscannable' ? reading.media : undefined;
    const pictures = reading.kind === 'hashed' ? reading.pictures : [];
    const problem = reading.kind === 'unscannable' || reading.kind === 'failed' ? reading.reason : media?.isPartial === true ? 'truncated' : undefined;
    return { path, digests, sizeBytes, media, pictures, problem };
  } catch (error) {
    return { path, problem: `cannot be read (${readCode(error)})` };
  }
}

function toValue(line: HashLine, all: boolean): unknown {
  if (!('digests' in line)) return line;
  const { path, digests, sizeBytes, media, pictures, problem } = line;
  return {
    path,
    sizeBytes,
    ...digests,
    ...(media === undefined ? {} : { media }),
    pdq: pictures.map(({ rendering, form, quality, hashes }) => ({
      rendering,
      form,
      quality,
      hash: hashes[0],
      ...(all ? { orientations: Object.fromEntries(ORIENTATIONS.map((name, index) => [name, hashes[index]])) } : {}),
    })),
    ...(problem === undefined ? {} : { problem }),
  };
}

function toText(line: HashLine, all: boolean): string[] {
  if (!('digests' in line)) return [line.path, `  ${line.problem}`];
  const { md5, sha1, sha256 } = line.digests;
  return [
    line.path,
    `  md5     ${md5}`,
    `  sha1    ${sha1}`,
    `  sha256  ${sha256}`,
    ...line.pictures.flatMap((picture) => [
      `  pdq     ${picture.hashes[0] ?? ''}  ${describePicture(picture)}`,
      ...(all ? ORIENTATIONS.map((name, index) => `    ${name.padEnd(13)} ${picture.hashes[index] ?? ''}`) : []),
    ]),
    ...(line.problem === undefined ? [] : [`  no perceptual hash to rely on: ${line.problem}${line.media === undefined ? '' : ` (${line.media.type})`}`]),
  ];
}

function describePicture({ quality, rendering, form }: PictureHashes): string {
  return `quality ${quality}, ${form === 'full' ? 'full resolution' : 'shrunk to 512 x 512'}${rendering === 'opaque' ? '' : `, transparency: ${rendering}`}`;
}
