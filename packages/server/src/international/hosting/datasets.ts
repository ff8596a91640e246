/** The datasets in use: files named in the settings, and those that `geo update` put into the data directory. */
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { AppContext } from '../../platform/context.ts';
import { META_ENDING } from './dataset-meta.ts';
import { loadDataset, type Dataset } from './dataset-file.ts';
import { toView } from './dataset-rules.ts';
import type { DatasetView } from './schema.ts';
import { FileFault } from './table-file.ts';

export interface Datasets {
  /** Those that can be used; reads the files at the first call. */
  list(): Promise<readonly Dataset[]>;
  /** Those, and the ones that could not be read, with the reason. */
  views(): Promise<readonly DatasetView[]>;
  /** Reads all files again. What is damaged is refused, and what was read of it before stays in use. */
  reload(): Promise<void>;
  /** Where `geo update` puts files. */
  readonly folder: string;
}

interface Held {
  readonly path: string;
  readonly dataset: Dataset | undefined;
  readonly problem: string | null;
}

export function createDatasets({ config, clock, log }: AppContext): Datasets {
  const folder = join(config.dataDir, 'geo');
  let held: readonly Held[] = [];
  let loading: Promise<void> | undefined;

  const load = async (): Promise<void> => {
    const known = new Map(held.map((one) => [one.path, one]));
    const found: Held[] = [];
    // One after the other: each may take some hundred megabytes while it is read.
    for (const path of [...(await listFolder(folder)), ...config.geoFiles]) found.push(await read(path, known.get(path)?.dataset));
    held = found;
    const problems = found.filter(({ problem }) => problem !== null).length;
    if (problems > 0) log.warn({ count: problems }, 'datasets of addresses could not be read; `gatehouse geo show` says why');
  };
  const first = async (): Promise<void> => {
    const own = (loading ??= load());
    // A folder that could not be read once is read again for the next one who asks.
    await own.catch((error: unknown) => {
      if (loading === own) loading = undefined;
      throw error;
    });
  };

  return {
    folder,
    async list() {
      await first();
      return held.flatMap(({ dataset }) => dataset ?? []);
    },
    async views() {
      await first();
      const today = clock.now().toISOString().slice(0, 10);
      return held.map(({ path, dataset, problem }) => toView(dataset ?? basename(path), { today, maxAgeDays: config.geoMaxAgeDays, problem }));
    },
    async reload() {
      // Two at once are one after the other, whatever became of the first.
      loading = (loading ?? Promise.resolve()).catch(() => undefined).then(load);
      await loading;
    },
  };
}

async function listFolder(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (Reflect.get(Object(error), 'code') === 'ENOENT') return [];
    throw error;
  });
  return names
    .filter((name) => !name.endsWith(META_ENDING) && !name.includes('.tmp-'))
    .toSorted()
    .map((name) => join(folder, name));
}

async function read(path: string, before: Dataset | undefined): Promise<Held> {
  try {
    return { path, dataset: await loadDataset(path), problem: null };
  } catch (error) {
    if (!(error instanceof FileFault)) throw error;
    return { path, dataset: before, problem: `${before === undefined ? 'Not used' : 'The one read before is still in use'}: ${error.message}.` };
  }
}
