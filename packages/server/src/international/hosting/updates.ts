/**
 * New datasets into the data directory. A file is read as a dataset before it takes the place of the old one: what is damaged, cut off or something else is
 * refused, and the old one stays.
 */
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { AppContext } from '../../platform/context.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { replaceFile, writeAll, writeFileDurably } from '../../platform/files.ts';
import { DATASET_BYTES_MAX, parseDataset, type Dataset } from './dataset-file.ts';
import { digestOf, META_ENDING, type DatasetMeta } from './dataset-meta.ts';
import type { Datasets } from './datasets.ts';
import { DatasetNameSchema, type DatasetUpdate, type DatasetUpdates } from './schema.ts';
import { FileFault } from './table-file.ts';

const FETCH_TIMEOUT_MS = 600_000;
const DIGEST_BYTES_MAX = 4096;

interface Incoming {
  readonly name: string;
  readonly bytes: Buffer;
  /** What somebody says that it must have. */
  readonly expected: string | undefined;
  readonly meta: DatasetMeta;
}

export function createUpdates(context: AppContext, datasets: Datasets): DatasetUpdates {
  const { config, clock, database, events } = context;
  let last: Promise<unknown> = Promise.resolve();
  /** One at a time: two that write the same name would mix file and description. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work, work);
    last = next.catch(() => undefined);
    return next;
  };

  const keep = async ({ name, bytes, expected, meta }: Incoming, actor: string): Promise<DatasetUpdate> => {
    const sha256 = digestOf(bytes);
    if (expected !== undefined && expected !== sha256) throw invalid(name, 'it does not have the announced digest');
    const dataset = await readOrRefuse(name, bytes, meta);
    const path = join(datasets.folder, name);
    await mkdir(datasets.folder, { recursive: true, mode: 0o700 });
    // In this order a crash between the two leaves a file whose digest does not fit: refused at the next start, never used by mistake.
    await replaceFile(path, (file) => writeAll(file, bytes));
    await writeFileDurably(`${path}${META_ENDING}`, `${JSON.stringify({ ...meta, sha256, fetchedAt: clock.now().toISOString() }, undefined, 2)}\n`, 0o600);
    await database.transact((tx) => events.emit('notice.changed', { reportId: `dataset:${name}`, change: 'dataset_updated', actor }, tx));
    return { name, entries: dataset.entries, date: dataset.date, sha256, isDigestChecked: expected !== undefined };
  };

  return {
    update: (url, actor) =>
      inTurn(async () => {
        const urls = url === undefined ? config.geoUpdateUrls : [url];
        if (urls.length === 0) throw new GatehouseError('invalid_request', 'There is nothing to fetch: geoUpdateUrls is empty, and no address was given.');
        const done: DatasetUpdate[] = [];
        try {
          for (const one of urls) done.push(await keep(await fetchDataset(one, context), actor));
        } finally {
          if (done.length > 0) await datasets.reload();
        }
        return done;
      }),
    put: ({ name, bytes, sha256, licence, date }, actor) =>
      inTurn(async () => {
        const meta = { ...(licence === undefined ? {} : { licence }), ...(date === undefined ? {} : { date }) };
        const done = await keep({ name, bytes: Buffer.from(bytes), expected: sha256, meta }, actor);
        await datasets.reload();
        return done;
      }),
  };
}

async function readOrRefuse(name: string, bytes: Buffer, meta: DatasetMeta): Promise<Dataset> {
  try {
    return await parseDataset(name, bytes, meta);
  } catch (error) {
    throw error instanceof FileFault ? invalid(name, error.message) : error;
  }
}

function invalid(name: string, reason: string): GatehouseError {
  return new GatehouseError('dataset_invalid', `${name} was not taken: ${reason}.`);
}

/** Digest: in the address itself (`#sha256=…`), or in a file beside it whose name ends with `.sha256`, as sha256sum writes them. */
async function fetchDataset(url: string, { outbound, clock }: AppContext): Promise<Incoming> {
  const parsed = new URL(url);
  const pinned = /^#sha256=([0-9a-f]{64})$/.exec(parsed.hash)?.[1];
  parsed.hash = '';
  const name = DatasetNameSchema.safeParse(basename(parsed.pathname));
  if (!name.success) throw new GatehouseError('invalid_request', 'The address must end with the name of a file. Nothing was fetched.');
  const published = pinned ?? (await fetchDigest(parsed, outbound));
  const { status, bytes } = await fetchOrFail(parsed.href, { outbound, maxBytes: DATASET_BYTES_MAX });
  if (status !== 200) throw failed(parsed.href, `it answered ${status}${status >= 300 && status < 400 ? ', and redirects are not followed' : ''}`);
  // The day of fetching is no date of the data; it only says that they are not newer.
  const meta = {
    source: parsed.href,
    ...(published === undefined ? {} : { digestFrom: pinned === undefined ? `${parsed.href}.sha256` : url }),
    fetchedAt: clock.now().toISOString(),
  };
  return { name: name.data, bytes: Buffer.from(bytes), expected: published, meta };
}

async function fetchDigest(url: URL, outbound: AppContext['outbound']): Promise<string | undefined> {
  const beside = new URL(url);
  beside.pathname += '.sha256';
  const { status, bytes } = await fetchOrFail(beside.href, { outbound, maxBytes: DIGEST_BYTES_MAX });
  // Many publish none. Anything but "there is none" is no reason to go on without.
  if (status === 404 || status === 410) return undefined;
  const digest = /^([0-9a-f]{64})(\s|$)/i.exec(Buffer.from(bytes).toString('latin1'))?.[1]?.toLowerCase();
  if (status !== 200 || digest === undefined) throw failed(beside.href, status === 200 ? 'it holds no SHA-256 digest' : `it answered ${status}`);
  return digest;
}

async function fetchOrFail(
  url: string,
  { outbound, maxBytes }: { readonly outbound: AppContext['outbound']; readonly maxBytes: number },
): Promise<{ readonly status: number; readonly bytes: Uint8Array }> {
  try {
    return await outbound.download({ url, method: 'GET', timeoutMs: FETCH_TIMEOUT_MS, maxBytes });
  } catch (error) {
    if (error instanceof GatehouseError) throw error;
    throw failed(url, `it did not answer (${String(Reflect.get(Object(error), 'code') ?? 'no connection')})`, error);
  }
}

function failed(url: string, reason: string, cause?: unknown): GatehouseError {
  const { origin, pathname } = new URL(url);
  return new GatehouseError('dataset_failed', `${origin}${pathname}: ${reason}. What was there is kept.`, { cause });
}
