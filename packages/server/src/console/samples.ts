/** The sample pictures and the demonstration list: files of ours beside the sources, read when they are needed. */
import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { Readable } from 'node:stream';
import { PACKAGE_DIR } from '../platform/entry.ts';
import { GatehouseError } from '../platform/errors.ts';
import { SAMPLE_WORDS, type Sample } from './schema.ts';

const DATA_DIR = join(PACKAGE_DIR, 'src', 'console', 'data');
const CONTENT_TYPES: Readonly<Record<string, string>> = { '.jpg': 'image/jpeg', '.jpeg': 'image/jpeg', '.png': 'image/png', '.webp': 'image/webp' };

export function listSamples(): readonly Sample[] {
  if (!existsSync(DATA_DIR)) return [];
  const order = Object.keys(SAMPLE_WORDS);
  const rank = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return readdirSync(DATA_DIR)
    .toSorted()
    .flatMap(toSample)
    .toSorted((a, b) => rank(a.name) - rank(b.name));
}

function toSample(fileName: string): Sample[] {
  const extension = extname(fileName);
  const contentType = CONTENT_TYPES[extension];
  const name = fileName.slice(0, -extension.length);
  if (contentType === undefined || !/^[a-z0-9-]+$/.test(name)) return [];
  const words = SAMPLE_WORDS[name] ?? { title: name.charAt(0).toUpperCase() + name.slice(1).replaceAll('-', ' '), about: 'A generated picture.' };
  return [{ name, fileName, contentType, ...words }];
}

export function openSample({ fileName }: Sample): Readable {
  return openLate(join(DATA_DIR, fileName));
}

/** @throws {GatehouseError} `internal` when the file is not there */
export function openDemonstrationList(): Readable {
  const path = join(DATA_DIR, 'demo-list.csv');
  if (!existsSync(path)) throw new GatehouseError('internal', 'The demonstration list is missing from this installation. Nothing was changed.');
  return openLate(path);
}

/**
 * Opened when it is read: whoever gets it may be too busy to take it. A file that is open already would then stay open, and a fault in opening it
 * (too many open files) would be an event that nobody hears, which ends the process.
 */
function openLate(path: string): Readable {
  return Readable.from(readPieces(path), { objectMode: false });
}

async function* readPieces(path: string): AsyncGenerator<Buffer> {
  yield* createReadStream(path) as AsyncIterable<Buffer>;
}
