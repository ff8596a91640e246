/** What is asked and answered, in the words of Hasher-Matcher-Actioner. Pure. */
import { GatehouseError } from '../../platform/errors.ts';
import type { Hit, PictureHashes, SignalType } from '../../lists/index.ts';
import type { Digests, Signal } from '../../screening/index.ts';
import { toBankName, toContentId } from './naming-rules.ts';
import {
  COMPARE_RADIUS,
  FROM_HMA,
  HMA_CONTENTS,
  HMA_SIGNALS,
  SIGNAL_DIGITS,
  SIGNAL_OF_CONTENT,
  TO_HMA,
  type HmaBanksMatched,
  type HmaCompared,
  type HmaContent,
  type HmaMatch,
  type HmaSignal,
} from './schema.ts';

const isSignal = (name: string): name is HmaSignal => HMA_SIGNALS.some((known) => known === name);
const isContent = (name: string): name is HmaContent => HMA_CONTENTS.some((known) => known === name);

/** @throws {GatehouseError} `invalid_request` */
export function readSignal(signalType: string, value: string): Signal {
  if (!isSignal(signalType)) throw new GatehouseError('invalid_request', `No such SignalType '${signalType}'`);
  const digits = SIGNAL_DIGITS[signalType];
  if (!new RegExp(`^[0-9a-fA-F]{${digits}}$`).test(value)) throw new GatehouseError('invalid_request', `invalid signal: must be ${digits} hexadecimal digits`);
  return { type: FROM_HMA[signalType], value: value.toLowerCase() };
}

/** @throws {GatehouseError} `invalid_request` */
export function requireKnownSignal(name: string): void {
  if (!isSignal(name)) throw new GatehouseError('invalid_request', `No such signal type '${name}'`);
}

/** The field in which a file comes says what it is. @throws {GatehouseError} `invalid_request` */
export function readContentType(field: string): HmaContent {
  if (!isContent(field)) throw new GatehouseError('invalid_request', `no such content_type: '${field}'`);
  return field;
}

/** A photo has a PDQ hash, a video an MD5; digests of either are given when they are asked for. @throws {GatehouseError} `invalid_request` */
export function readTypes(content: HmaContent, types: string | undefined): readonly HmaSignal[] {
  if (types === undefined) return [SIGNAL_OF_CONTENT[content]];
  const names = types
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length === 0) throw new GatehouseError('invalid_request', 'empty signal type selection');
  return names.map((name) => {
    if (!isSignal(name) || (name === 'pdq' && content === 'video'))
      throw new GatehouseError('invalid_request', `signal type '${name}' doesn't exist or is disabled`);
    return name;
  });
}

/** Python clients send `True`. @throws {GatehouseError} `invalid_request` */
export function readBoolean(text: string | undefined): boolean {
  const word = (text ?? 'false').toLowerCase();
  if (word === 'true' || word === '1') return true;
  if (word === 'false' || word === '0') return false;
  throw new GatehouseError('invalid_request', 'invalid boolean parameter - prefer true/false');
}

export interface Found {
  readonly signal: SignalType;
  readonly bank: string;
  readonly match: HmaMatch;
}

/**
 * Of each list that matched the nearest is shown, as long as there is room: only when each hit is of another list can there be more lists.
 *
 * @param hitCount of all hits, shown or not
 * @throws {GatehouseError} `lists_unavailable` when what was asked for may be among those that are not shown
 */
export function selectBanks(
  hits: readonly Pick<Hit, 'listId' | 'listName' | 'entry' | 'distance' | 'signal'>[],
  hitCount: number,
  banks: string | undefined,
): readonly Found[] {
  const all = hits.map(({ listId, listName, entry, distance, signal }) => ({
    signal,
    bank: toBankName({ id: listId, name: listName }),
    match: { bank_content_id: toContentId(listId, entry), distance: signal === 'pdq' ? String(distance) : '' },
  }));
  if (banks === undefined || banks === '') return all;
  const wanted = new Set(banks.split(','));
  const found = all.filter(({ bank }) => wanted.has(bank));
  if (found.length === 0 && hitCount > hits.length && new Set(hits.map(({ listId }) => listId)).size === hits.length)
    throw new GatehouseError('lists_unavailable', 'There are more matches than are told, so nothing can be said about these banks. Ask without `banks`.');
  return found;
}

/** An empty answer about a bank that nobody has would read as "compared, and nothing found". @throws {GatehouseError} `invalid_request` */
export function requireKnownBanks(banks: string, lists: readonly { readonly id: string; readonly name: string }[]): void {
  const known = new Set(lists.map(toBankName));
  const unknown = banks.split(',').find((bank) => !known.has(bank));
  if (unknown !== undefined) throw new GatehouseError('invalid_request', `no such bank '${unknown}': nothing was compared with it`);
}

export function groupByBank(found: readonly Found[]): HmaBanksMatched {
  const groups = new Map<string, HmaMatch[]>();
  for (const { bank, match } of found) groups.set(bank, [...(groups.get(bank) ?? []), match]);
  return Object.fromEntries(groups);
}

/** Types that were compared and have no match are there with none; a type that was not asked for only with matches, so that none is lost. */
export function groupBySignal(found: readonly Found[], compared: readonly HmaSignal[]): Record<string, HmaBanksMatched> {
  const names = new Set<HmaSignal>([...compared, ...found.map(({ signal }) => TO_HMA[signal])]);
  return Object.fromEntries([...names].map((name) => [name, groupByBank(found.filter(({ signal }) => TO_HMA[signal] === name))]));
}

/** As `PdqSignal.hash_from_bytes`: a hash of a quality below 50 is worth nothing, and an empty text stands for it. */
const QUALITY_MIN = 50;

/** Of the form that they hash: full resolution, as it stands, transparency ignored. @returns undefined when nothing was decoded */
export function choosePdq(pictures: readonly PictureHashes[]): string | undefined {
  const full = pictures.filter(({ form }) => form === 'full');
  const chosen = full.find(({ rendering }) => rendering === 'opaque') ?? full.find(({ rendering }) => rendering === 'dropped') ?? full[0];
  if (chosen === undefined) return undefined;
  return chosen.quality < QUALITY_MIN ? '' : chosen.hashes[0];
}

/** @throws {GatehouseError} `invalid_request` when PDQ is asked for and there is none */
export function toHashes(types: readonly HmaSignal[], digests: Digests, pdq: string | undefined): Record<string, string> {
  return Object.fromEntries(
    types.map((name) => {
      if (name !== 'pdq') return [name, digests[FROM_HMA[name]]];
      if (pdq === undefined)
        throw new GatehouseError('invalid_request', 'the file could not be hashed: it is damaged, or no picture of a kind that is decoded here');
      return [name, pdq];
    }),
  );
}

/** @param body `{"pdq": [hash, hash]}`. @throws {GatehouseError} `invalid_request` */
export function compareSignals(body: unknown): HmaCompared {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new GatehouseError('invalid_request', 'Request input was not a dict');
  return Object.fromEntries(
    Object.entries(body).map(([name, pair]: [string, unknown]) => {
      if (!Array.isArray(pair)) throw new GatehouseError('invalid_request', `Comparison hashes for ${name} was not a list`);
      if (pair.length !== 2) throw new GatehouseError('invalid_request', 'Comparison hash list length must be exactly 2');
      const [left = '', right = ''] = pair.map((value: unknown) => readSignal(name, typeof value === 'string' ? value : '').value);
      if (name !== 'pdq') return [name, [left === right, {}]];
      const distance = countBits(left, right);
      return [name, [distance <= COMPARE_RADIUS, { distance }]];
    }),
  );
}

function countBits(left: string, right: string): number {
  let bits = 0;
  for (let at = 0; at < left.length; at += 1)
    for (let rest = Number.parseInt(left[at] ?? '0', 16) ^ Number.parseInt(right[at] ?? '0', 16); rest > 0; rest &= rest - 1) bits += 1;
  return bits;
}
