/**
 * Matching against lists in memory. Digests always count. A PDQ hit counts when the picture's quality reaches the list's floor and the
 * distance is within the list's radius, over all renderings, forms and orientations. Exact: recall is 100 % by construction of
 * @gatehouse/hamming.
 */
import { createHammingIndex, type HammingIndex, type MatchColumns } from '@gatehouse/hamming';
import { ORIENTATIONS } from '@gatehouse/pdq';
import { runAtOnce, runInSlices, type Steps } from '../platform/slices.ts';
import { toRecords } from './digest-records.ts';
import { createDigestTable, type DigestTable } from './digest-table.ts';
import { referenceAt, type EntryColumn, type ListEntries } from './entry-batch.ts';
import { searchHere, type SearchIndexes } from './match-search.ts';
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
  /** Test pictures of our own: only what asks for them is compared with them, and they allow no clearance. */
  readonly isCanary: boolean;
  readonly pdq: HammingIndex;
  /** The entry of an index of `pdq`. */
  entryOf(index: number): number;
  /** Whether any PDQ entry is in force. */
  readonly hasPdq: boolean;
  readonly digests: Readonly<Record<DigestType, DigestTable>>;
  isInForce(entry: number): boolean;
  referenceOf?(entry: number): string | undefined;
}

/** @param search where the indexes are searched: by default on the calling thread */
export function createMatcher(lists: readonly MatchableList[], listSetVersion: number, search: SearchIndexes = searchHere): Matcher {
  const active = lists.filter((list) => list.isActive && !list.isCanary);
  const withCanaries = lists.filter((list) => list.isActive);
  const matchEach: Matcher['matchEach'] = async (asked, options = {}) => {
    const compared = options.withCanaries === true ? withCanaries : active;
    const planned = asked.map((signals) => compared.flatMap((list) => planSearch(list, signals.pictures)));
    const answers = await search(
      planned.flat().map((one) => toIndexSearch(one, options.radiusMax)),
      options,
    );
    const results: MatchResult[] = [];
    let taken = 0;
    for (const [at, signals] of asked.entries()) {
      const searches = planned[at] ?? [];
      const own = answers.slice(taken, (taken += searches.length));
      results.push({ listSetVersion, ...(await collectHits(compared, { signals, searches, answers: own })), ...describeLists(active, signals.pictures) });
    }
    return results;
  };
  return {
    listSetVersion,
    matchEach,
    async match(signals, options) {
      const [result] = await matchEach([signals], options);
      if (result === undefined) throw new TypeError('a comparison has no answer');
      return result;
    },
  };
}

interface Answered {
  readonly signals: QuerySignals;
  readonly searches: readonly PlannedSearch[];
  /** In the order of the searches. */
  readonly answers: readonly MatchColumns[];
}

async function collectHits(compared: readonly MatchableList[], { signals, searches, answers }: Answered): Promise<Pick<MatchResult, 'hits' | 'hitCount'>> {
  const found: Found[] = [];
  let hitCount = 0;
  for (const list of compared) {
    const digests = matchDigests(list, signals);
    const at = searches.findIndex((planned) => planned.list === list);
    const [planned, columns] = [searches[at], answers[at]];
    if (planned !== undefined && columns === undefined) throw new TypeError('a search has no answer');
    const pictures = planned === undefined || columns === undefined ? NOTHING : await runInSlices(readColumns(planned, columns, digests));
    found.push(...digests, ...pictures.nearest);
    hitCount += digests.length + pictures.count;
  }
  return { hits: selectHits(found), hitCount };
}

function describeLists(active: readonly MatchableList[], pictures: readonly PictureHashes[]): Pick<MatchResult, 'activeLists' | 'isBelowQualityFloor'> {
  return { activeLists: active.length, isBelowQualityFloor: isBelowFloor(active, pictures) };
}

interface Found {
  readonly list: MatchableList;
  readonly entry: number;
  readonly signal: Hit['signal'];
  readonly distance: number;
  readonly picture?: PictureHashes;
  readonly orientation?: string;
}

/** @param found of each list at least its `HITS_MAX` nearest */
function selectHits(found: readonly Found[]): Hit[] {
  const nearest = found.toSorted(byDistance);
  // The policy decides by the hits that are shown, and whoever asks about one list reads them: no list drops out because others are nearer.
  const firsts = [...new Map(nearest.toReversed().map((hit) => [hit.list, hit])).values()].toSorted(
    (a, b) => Number(b.list.disposition === 'refuse') - Number(a.list.disposition === 'refuse') || byDistance(a, b),
  );
  const shown = [...new Set([...firsts, ...nearest])].slice(0, HITS_MAX);
  return shown.toSorted(byDistance).map(toHit);
}

function byDistance(a: Found, b: Found): number {
  return a.distance - b.distance || a.entry - b.entry;
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

/** At most one hit for each entry: in a list file, one line may have several digests. */
function matchDigests(list: MatchableList, signals: QuerySignals): Found[] {
  const found: Found[] = [];
  for (const type of DIGEST_TYPES) {
    const value = readValue(type, signals.digests[type]);
    const entry = value === undefined ? undefined : list.digests[type].find(value);
    const isNew = entry !== undefined && list.isInForce(entry) && !found.some((known) => known.entry === entry);
    if (isNew) found.push({ list, entry, signal: type, distance: 0 });
  }
  return found;
}

interface Query {
  readonly hash: Uint8Array;
  readonly picture: PictureHashes;
  readonly orientation: string;
}

interface PlannedSearch {
  readonly list: MatchableList;
  readonly queries: readonly Query[];
}

/** None when the list has nothing to compare, or the pictures are too plain for it. */
function planSearch(list: MatchableList, pictures: readonly PictureHashes[]): PlannedSearch[] {
  const queries = list.pdq.size === 0 ? [] : readQueries(pictures.filter((picture) => picture.quality >= list.qualityFloor));
  return queries.length === 0 ? [] : [{ list, queries }];
}

function toIndexSearch({ list, queries }: PlannedSearch, radiusMax = list.radius): Parameters<SearchIndexes>[0][number] {
  return { index: list.pdq, queries: queries.map(({ hash }) => hash), radius: Math.min(list.radius, radiusMax) };
}

/** Between two turns of the event loop; some 3 ms. A query of one of many flat pictures may match a hundred thousand entries. */
const SLICE_MATCHES = 65_536;

interface PictureHits {
  readonly nearest: Found[];
  readonly count: number;
}

const NOTHING: PictureHits = { nearest: [], count: 0 };

/**
 * What is in force in the answer of an index, which has every entry once, by distance, then entry. It may hold entries of later versions.
 * @param digests the nearest hits of their entries already
 */
function* readColumns({ list, queries }: PlannedSearch, columns: MatchColumns, digests: readonly Found[]): Steps<PictureHits> {
  const nearest: Found[] = [];
  let count = 0;
  for (let at = 0; at < columns.length; at++) {
    if (at % SLICE_MATCHES === SLICE_MATCHES - 1) yield undefined;
    const entry = list.entryOf(columns.indexes[at] ?? 0);
    const asked = queries[columns.queries[at] ?? 0];
    if (asked === undefined || !list.isInForce(entry) || digests.some((known) => known.entry === entry)) continue;
    count += 1;
    if (nearest.length === HITS_MAX) continue;
    nearest.push({ list, entry, signal: 'pdq', distance: columns.distances[at] ?? 0, picture: asked.picture, orientation: asked.orientation });
  }
  return { nearest, count };
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
    runAtOnce(digests.addRecords([toRecords({ values: column.values, width: SIGNAL_BYTES[type], count: column.count }, column.lines)]));
    return digests;
  };
  return {
    id: `list_${String(position + 1).padStart(ID_DIGITS, '0')}`,
    name: list.name,
    radius: settings.radius ?? DEFAULT_RADIUS,
    qualityFloor: settings.qualityFloor ?? DEFAULT_QUALITY_FLOOR,
    disposition: settings.disposition ?? 'hold',
    isActive: Object.values(entries).some(({ count }) => count > 0),
    isCanary: false,
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
