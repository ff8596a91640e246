/** Edited pictures through the real decoder program and an offline list, for the robustness suites. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pdq, toNearest512 } from '@gatehouse/pdq';
import { createOfflineMatcher, readWholeList, type Hit } from '../../src/lists/index.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { loadConfig } from '../../src/platform/config.ts';
import { silentLog } from '../../src/platform/log.ts';
import { digestFile } from '../../src/screening/digests.ts';
import type { Screening } from '../../src/screening/schema.ts';
import { createScreening, openDecoderPool } from '../../src/screening/service.ts';
import type { Edit } from './edits.ts';
import type { GeneratedPicture } from './pictures.ts';

export interface RobustnessLab {
  screen(content: Uint8Array): Promise<Screening>;
  close(): Promise<void>;
}

/**
 * Line n of the list is picture n: in turn in the form of pdqhash-python and HMA (full resolution) and in that of the C++ command (512 x 512), as
 * real lists hold either.
 */
export async function openRobustnessLab(originals: readonly GeneratedPicture[]): Promise<RobustnessLab> {
  const lines = originals.map((picture, index) => pdq(index % 2 === 0 ? picture : (toNearest512(picture) ?? picture)).hash);
  const { entries } = await readWholeList({ stream: Readable.from([Buffer.from(`${lines.join('\n')}\n`)]), name: 'originals.txt', type: 'pdq' });
  const matcher = createOfflineMatcher([{ name: 'originals', entries }]);
  const { config } = loadConfig({ env: {}, overrides: {} });
  const pool = openDecoderPool(config, systemClock);
  const service = createScreening({
    config,
    clock: systemClock,
    log: silentLog,
    pool,
    lists: { matcher: () => matcher, freshness: () => ({ state: 'fresh' }) },
  });
  const dir = await mkdtemp(join(tmpdir(), 'gatehouse-robustness-'));
  let files = 0;
  return {
    async screen(content) {
      const path = join(dir, `upload-${(files += 1)}`);
      await writeFile(path, content);
      const { screening } = await service.screen({ path, ...(await digestFile(path)), key: 'lab' });
      await rm(path);
      return screening;
    },
    async close() {
      await pool.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export interface EditResult {
  readonly name: string;
  readonly survives: boolean;
  /** Pictures of which the edited copy matched the entry of the original. */
  readonly matched: number;
  readonly total: number;
  /** Mean distance of the nearest hits. */
  readonly meanDistance: number | undefined;
  /** Edited copies that matched the entry of another picture. */
  readonly wrong: number;
}

export async function measureEdit(lab: RobustnessLab, edit: Edit, originals: readonly GeneratedPicture[]): Promise<EditResult> {
  const hitsOf = new Map<number, readonly Hit[]>();
  const positions = originals.keys();
  // Workers that share one iterator: the next picture is edited while the one before is decoded.
  const work = async (): Promise<void> => {
    for (const index of positions) {
      const original = originals[index];
      if (original !== undefined) hitsOf.set(index, (await lab.screen(await edit.apply(original))).hits);
    }
  };
  await Promise.all([work(), work(), work()]);
  const nearest = [...hitsOf].flatMap(([index, hits]) => hits.find(({ entry }) => entry === index + 1) ?? []);
  const wrong = [...hitsOf].filter(([index, hits]) => hits.some(({ entry }) => entry !== index + 1)).length;
  const sum = nearest.reduce((total, { distance }) => total + distance, 0);
  return {
    name: edit.name,
    survives: edit.survives,
    matched: nearest.length,
    total: originals.length,
    meanDistance: nearest.length === 0 ? undefined : sum / nearest.length,
    wrong,
  };
}

export function toTable(results: readonly EditResult[]): string {
  const row = ({ name, survives, matched, total, meanDistance }: EditResult): string =>
    `${name.padEnd(22)} ${String(matched).padStart(4)} / ${String(total).padEnd(4)} ${meanDistance === undefined ? '   -' : meanDistance.toFixed(1).padStart(6)}  ${survives ? '' : '(not claimed)'}`;
  return ['edit                   matched     mean distance', ...results.map(row)].join('\n');
}
