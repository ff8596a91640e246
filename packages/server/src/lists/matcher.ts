/**
 * Matching against lists in memory. Digests always count. A PDQ hit counts when the picture's quality reaches the list's floor and the
 * distance is within the list's radius, over all renderings, forms and orientations. Exact: recall is 100 % by construction of
 * @gatehouse/hamming.
 */
import { createHammingIndex, type HammingIndex } from '@gatehouse/hamming';
import { ORIENTATIONS } from '@gatehouse/pdq';
import { createDigestTable, toRecords, type DigestTable } from './digest-table.ts';
import { referenceAt, type EntryColumn, type ListEntries } from './entry-batch.ts';
import { readValue } from './rules.ts';
import {
  DEFAULT_QUALITY_FLOOR,
  DEFAULT_RADIUS,
  HITS_MAX,
  SIGNAL_BYTES,
  type Hit,
  type ListDisposition,
  type ListSettings,
  type Matcher,
  type MatchResult,
  type PictureHashes,
  type QuerySignals,
} from './schema.ts';

export const DIGEST_TYPES = ['md5', 'sha1', 'sha256'] as const;
export type DigestType = (typeof DIGEST_TYPES)[number];

/** One list as the matcher sees it. Structures may hold later entries already; `isInForce` decides. */
export interface MatchableList {
  readonly id: string;
  readonly name: string;
  readonly radius: number;
  readonly qualityFloor: number;
  readonly disposition: ListDisposition;
  readonly isActive: boolean;
  readonly pdq: HammingIndex;
  /** The entry of an index of `pdq`. */
  entryOf(index: number): number;
  /** Whether any PDQ entry is in force. */
  readonly hasPdq: boolean;
  readonly digests: Readonly<Record<DigestType, DigestTable>>;
  isInForce(entry: number): boolean;
  referenceOf?(entry: number): string | undefined;
}

export function createMatcher(lists: readonly MatchableList[], listSetVersion: number): Matcher {
  const active = lists.filter((list) => list.isActive);
  return {
    listSetVersion,
    match(signals) {
      const best = new BestHits();
      for (const list of active) {
        matchDigests(list, signals, best);
        matchPictures(list, signals.pictures, best);
      }
      return { listSetVersion, ...best.take(), activeLists: active.length, isBelowQualityFloor: isBelowFloor(active, signals.pictures) };
    },
  };
}

interface Found {
  readonly list: MatchableList;
  readonly entry: number;
  readonly signal: Hit['signal'];
  readonly distance: number;
  readonly picture?: PictureHashes;
  readonly orientation?: string;
}

class BestHits {
  readonly #found = new Map<MatchableList, Map<number, Found>>();
  #count = 0;

  /** Keeps the nearest hit of each entry; of equal ones the first. */
  offer(found: Found): void {
    let entries = this.#found.get(found.list);
    if (entries === undefined) this.#found.set(found.list, (entries = new Map<number, Found>()));
    const known = entries.get(found.entry);
    if (known === undefined) this.#count += 1;
    if (known === undefined || found.distance < known.distance) entries.set(found.entry, found);
  }

  take(): Pick<MatchResult, 'hits' | 'hitCount'> {
    const all = [...this.#found.values()].flatMap((entries) => [...entries.values()]);
    const nearest = all.toSorted((a, b) => a.distance - b.distance || a.entry - b.entry);
    const shown = nearest.slice(0, HITS_MAX);
    // The policy decides by the hits that are shown: one of a list that refuses must not drop out because others are nearer.
    const refusing = nearest.find(({ list }) => list.disposition === 'refuse');
    if (refusing !== undefined && !shown.includes(refusing)) shown[HITS_MAX - 1] = refusing;
    return { hits: shown.map(toHit), hitCount: this.#count };
  }
}

function toHit(found: Found): Hit {
  const { list, entry, picture } = found;
  const reference = list.referenceOf?.(entry);
  return {
    listId: list.id,
    listName: list.name,
    entry,
    ...(reference === undefined || reference === '' ? {} : { reference }),
    signal: found.signal,
    distance: found.distance,
    ...(picture === undefined ? {} : { quality: picture.quality, rendering: picture.rendering, form: picture.form }),
    ...(found.orientation === undefined ? {} : { orientation: found.orientation }),
    disposition: list.disposition,
  };
}

function matchDigests(list: MatchableList, signals: QuerySignals, best: BestHits): void {
  for (const type of DIGEST_TYPES) {
    const value = readValue(type, signals.digests[type]);
    const entry = value === undefined ? undefined : list.digests[type].find(value);
    if (entry !== undefined && list.isInForce(entry)) best.offer({ list, entry, signal: type, distance: 0 });
  }
}

interface Query {
  readonly hash: Uint8Array;
  readonly picture: PictureHashes;
  readonly orientation: string;
}

function matchPictures(list: MatchableList, pictures: readonly PictureHashes[], best: BestHits): void {
  const queries = readQueries(pictures.filter((picture) => picture.quality >= list.qualityFloor));
  if (queries.length === 0 || list.pdq.size === 0) return;
  for (const { index, distance, query } of list.pdq.searchAny(
    queries.map(({ hash }) => hash),
    list.radius,
  )) {
    const entry = list.entryOf(index);
    const asked = queries[query];
    if (asked !== undefined && list.isInForce(entry))
      best.offer({ list, entry, signal: 'pdq', distance, picture: asked.picture, orientation: asked.orientation });
  }
}

/** Each hash once, with the first picture and orientation that has it: forms and renderings of plain pictures often agree. */
function readQueries(pictures: readonly PictureHashes[]): Query[] {
  const queries = new Map<string, Query>();
  for (const picture of pictures) {
    for (const [index, text] of picture.hashes.entries()) {
      const hash = queries.has(text) ? undefined : readValue('pdq', text);
      if (hash !== undefined) queries.set(text, { hash, picture, orientation: ORIENTATIONS[index] ?? 'original' });
    }
  }
  return [...queries.values()];
}

function isBelowFloor(active: readonly MatchableList[], pictures: readonly PictureHashes[]): boolean {
  return active.some((list) => list.hasPdq && !pictures.some((picture) => picture.quality >= list.qualityFloor));
}

export interface OfflineList {
  readonly name: string;
  readonly settings?: Pick<ListSettings, 'radius' | 'qualityFloor' | 'disposition'> | undefined;
  readonly entries: ListEntries;
}

/**
 * A matcher without database and server. Its hits name the line of the file as the entry. `listSetVersion` is 0.
 */
export function createOfflineMatcher(lists: readonly OfflineList[]): Matcher {
  return createMatcher(lists.map(toMatchable), 0);
}

const ID_DIGITS = 26;
const NO_ENTRIES: EntryColumn = { count: 0, values: new Uint8Array(0), lines: new Uint32Array(0), references: undefined };

function toMatchable(list: OfflineList, position: number): MatchableList {
  const { entries, settings = {} } = list;
  const pdq = entries.pdq ?? NO_ENTRIES;
  const table = (type: DigestType): DigestTable => {
    const column = entries[type] ?? NO_ENTRIES;
    const digests = createDigestTable(SIGNAL_BYTES[type]);
    digests.addRecords(toRecords({ values: column.values, width: SIGNAL_BYTES[type], count: column.count }, column.lines));
    return digests;
  };
  return {
    id: `list_${String(position + 1).padStart(ID_DIGITS, '0')}`,
    name: list.name,
    radius: settings.radius ?? DEFAULT_RADIUS,
    qualityFloor: settings.qualityFloor ?? DEFAULT_QUALITY_FLOOR,
    disposition: settings.disposition ?? 'hold',
    isActive: Object.values(entries).some(({ count }) => count > 0),
    pdq: createHammingIndex(pdq.values),
    entryOf: (index) => pdq.lines[index] ?? 0,
    hasPdq: pdq.count > 0,
    digests: { md5: table('md5'), sha1: table('sha1'), sha256: table('sha256') },
    isInForce: () => true,
    referenceOf: (line) => findReference(entries, line),
  };
}

/** Lines ascend within a column. */
function findReference(entries: ListEntries, line: number): string | undefined {
  for (const column of Object.values(entries)) {
    if (column.references === undefined) continue;
    const index = column.lines.indexOf(line);
    if (index !== -1) return referenceAt(column, index);
  }
  return undefined;
}
