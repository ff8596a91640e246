/** One file of the operator becomes one dataset: which kind it is shows in its content. */
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Address } from './address-rules.ts';
import { readBootstrap, type Bootstrap } from './bootstrap-rules.ts';
import type { Located } from './country-rules.ts';
import { readMeta, type DatasetMeta } from './dataset-meta.ts';
import { isDelegated, readDelegatedFile } from './delegated-file.ts';
import { isMmdb, MmdbFault, openMmdb } from './mmdb.ts';
import { readRangeFile } from './range-file.ts';
import type { DatasetView, Finding } from './schema.ts';
import { FileFault } from './table-file.ts';

export interface Dataset {
  readonly name: string;
  readonly kind: DatasetView['kind'];
  readonly method: Finding['method'];
  readonly date: string | null;
  readonly licence: string | null;
  readonly entries: number;
  locate(address: Address): Located | undefined;
  locateAsn(asn: number): Located | undefined;
  readonly bootstrap?: Bootstrap | undefined;
}

/** Of a file, and of what it unpacks to. */
export const DATASET_BYTES_MAX = 512 * 1024 ** 2;

const unpack = promisify(gunzip);
const pause = (): Promise<void> => breathe();

/** @throws {FileFault} with the reason, in words for the operator */
export async function loadDataset(path: string): Promise<Dataset> {
  const packed = await readBounded(path);
  const meta = await readMeta(path, packed);
  return parseDataset(basename(path), packed, meta);
}

/** @throws {FileFault} with the reason, in words for the operator */
export async function parseDataset(name: string, packed: Buffer, meta: DatasetMeta): Promise<Dataset> {
  try {
    return await parse(name, await unpackIfPacked(packed), meta);
  } catch (error) {
    if (error instanceof FileFault) throw error;
    throw new FileFault(error instanceof MmdbFault ? error.message : 'it cannot be read', { cause: error });
  }
}

async function readBounded(path: string): Promise<Buffer> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new FileFault('it is not a file');
    if (found.size > DATASET_BYTES_MAX) throw new FileFault(`it has more than ${DATASET_BYTES_MAX} bytes`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof FileFault) throw error;
    throw new FileFault(`it cannot be read (${String(Reflect.get(Object(error), 'code') ?? 'unknown fault')})`, { cause: error });
  }
}

async function unpackIfPacked(bytes: Buffer): Promise<Buffer> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  return unpack(bytes, { maxOutputLength: DATASET_BYTES_MAX }).catch((cause: unknown) => {
    throw new FileFault('it is packed and cannot be unpacked', { cause });
  });
}

async function parse(name: string, bytes: Buffer, meta: DatasetMeta): Promise<Dataset> {
  if (bytes.length === 0) throw new FileFault('it is empty');
  const common = { name, licence: meta.licence ?? null };
  const dateOr = (own: string | null): string | null => own ?? meta.date ?? dateOfName(name);
  if (isMmdb(bytes)) {
    const mmdb = await openMmdb(bytes, pause);
    return { ...common, kind: 'mmdb', method: 'geo_db', date: mmdb.builtOn, entries: mmdb.entries, locate: mmdb.locate, locateAsn: () => undefined };
  }
  const start = bytes.toString('utf8', 0, 65_536);
  if (start.trimStart().startsWith('{')) {
    const bootstrap = readBootstrap(bytes.toString('utf8'));
    if (bootstrap === undefined) throw new FileFault('it is JSON, but not a bootstrap file of RFC 9224');
    const nowhere = { locate: () => undefined, locateAsn: () => undefined };
    return { ...common, ...nowhere, kind: 'bootstrap', method: 'rdap_country', date: dateOr(bootstrap.date), entries: bootstrap.entries, bootstrap };
  }
  if (isDelegated(start)) {
    const { tables, date } = await readDelegatedFile(bytes, pause);
    return { ...common, ...tables, kind: 'delegated', method: 'rir_allocation', date: dateOr(date) };
  }
  const tables = await readRangeFile(bytes, pause);
  return { ...common, ...tables, kind: 'ranges', method: /geofeed/i.test(name) ? 'geofeed' : 'geo_db', date: dateOr(null) };
}

/** `dbip-country-lite-2026-11.csv` is of the first of that month. */
function dateOfName(name: string): string | null {
  const match = /(?:^|\D)(20\d{2})-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01]))?(?:\D|$)/.exec(name);
  return match === null ? null : `${match[1]}-${match[2]}-${match[3] ?? '01'}`;
}
