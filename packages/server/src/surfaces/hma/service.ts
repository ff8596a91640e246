/** The read side of Hasher-Matcher-Actioner on the lists and the screening of this service. It holds no rule of its own about content. */
import { collect, type Passed, type Spooled } from '../../intake/index.ts';
import type { ListView } from '../../lists/index.ts';
import { GatehouseError } from '../../platform/errors.ts';
import type { MultipartFile } from '../../platform/http/body.ts';
import type { Principal } from '../../platform/http/rights.ts';
import type { SurfaceParts } from '../room.ts';
import {
  choosePdq,
  groupByBank,
  groupBySignal,
  readContentType,
  readSignal,
  readTypes,
  requireKnownBanks,
  requireKnownSignal,
  selectBanks,
  toHashes,
  type Found,
} from './answer-rules.ts';
import { toBank, toBankName, toContentId, toEntry } from './naming-rules.ts';
import {
  FROM_HMA,
  HMA_SIGNALS,
  SIGNAL_OF_CONTENT,
  type HmaBank,
  type HmaBanksMatched,
  type HmaContent,
  type HmaContentView,
  type HmaFileMatched,
  type HmaIndexStatus,
} from './schema.ts';

export interface Asked {
  readonly principal: Principal;
  readonly signal: AbortSignal;
}

export interface SignalQuestion extends Asked {
  readonly value: string;
  readonly signalType: string;
  readonly banks: string | undefined;
}

export interface FileQuestion extends Asked {
  /** Hands over the one file of the form; its field says what it is: `photo` or `video`. Whatever it throws, nothing was asked about the file. */
  readonly feed: (sink: (file: Pick<MultipartFile, 'field' | 'fileName' | 'stream'>) => Promise<void>) => Promise<void>;
  readonly types?: string | undefined;
  readonly banks?: string | undefined;
}

export interface FileAnswer {
  readonly matched: HmaFileMatched;
  /** `scn_…`, or `upl_…` when the file was kept for a person to look at. */
  readonly reference: string;
  /** What was decided about the file, whichever banks were asked about. */
  readonly outcome: 'release' | 'stop';
}

export interface HmaService {
  readonly isOn: boolean;
  findSignal(question: SignalQuestion): Promise<readonly Found[]>;
  lookUpSignal(question: SignalQuestion): Promise<HmaBanksMatched>;
  /** @throws {GatehouseError} for what could not be compared whole: an empty answer always means "compared, and nothing found" */
  lookUpFile(question: FileQuestion): Promise<FileAnswer>;
  /** Computes, and decides nothing: no entry in the log, nothing kept. */
  hashFile(question: FileQuestion): Promise<Record<string, string>>;
  banks(): Promise<readonly HmaBank[]>;
  bank(name: string): Promise<HmaBank>;
  content(bankName: string, contentId: string): Promise<HmaContentView>;
  indexStatus(signalType: string | undefined): Promise<HmaIndexStatus>;
  /** `loading`, `fresh` or `stale`. */
  freshness(): 'loading' | 'fresh' | 'stale';
}

const RETRY_AFTER_S = 5;

export function createHmaService(parts: SurfaceParts): HmaService {
  const { lists, context } = parts;
  const findSignal: HmaService['findSignal'] = async ({ value, signalType, banks, principal, signal }) => {
    const asked = readSignal(signalType, value);
    const { results } = await parts.screening.lookUp({ request: { signals: [asked] }, key: principal.id, canSeeReferences: false, signal });
    const [result] = results;
    if (result === undefined) throw new TypeError('a signal has no answer');
    return select(parts, { hits: result.hits.map((hit) => ({ ...hit, signal: asked.type })), hitCount: result.hitCount }, banks);
  };
  return {
    isOn: context.config.hmaApi,
    findSignal,
    lookUpSignal: async (question) => groupByBank(await findSignal(question)),
    lookUpFile: (question) => lookUpFile(parts, question),
    hashFile: (question) => hashFile(parts, question),
    banks: async () => (await lists.list()).map(toBank),
    bank: async (name) => toBank(await requireBank(parts, name)),
    content: (bankName, contentId) => readContent(parts, bankName, contentId),
    indexStatus: (signalType) => readIndexStatus(parts, signalType),
    freshness: () => lists.freshness().state,
  };
}

/** As every surface: the verdict is recorded, and a match kept, before anybody is told. */
async function lookUpFile(parts: SurfaceParts, question: FileQuestion): Promise<FileAnswer> {
  return withFile(parts, question, async (content, kind) => {
    const { principal, signal } = question;
    const passed = await parts.intake.pass({ content, principal, surface: 'hma', signal, wantsReceipt: false });
    requireAnswer(passed);
    const found = await select(parts, passed, question.banks);
    // What was released by policy was not compared perceptually, and must not read as if it had been.
    const wasCompared = passed.verdict !== 'unscannable' || kind === 'video';
    return {
      matched: groupBySignal(found, wasCompared ? [SIGNAL_OF_CONTENT[kind]] : []),
      reference: passed.id,
      outcome: passed.disposition === 'release' ? 'release' : 'stop',
    };
  });
}

async function select(
  { lists }: SurfaceParts,
  { hits, hitCount }: { readonly hits: Parameters<typeof selectBanks>[0]; readonly hitCount: number },
  banks: string | undefined,
): Promise<readonly Found[]> {
  const found = selectBanks(hits, hitCount, banks);
  if (found.length === 0 && banks !== undefined && banks !== '') requireKnownBanks(banks, await lists.list());
  return found;
}

/** Only what may be published, and what matched, is an answer. */
function requireAnswer({ verdict, disposition, id }: Passed): void {
  requireVerdict(verdict);
  if (verdict === 'match' || disposition === 'release') return;
  throw new GatehouseError(
    'invalid_request',
    `the file could not be compared: it is damaged, or of a kind that cannot be screened. This is not the same as no match. Reference ${id}.`,
  );
}

function requireVerdict(verdict: Passed['verdict']): void {
  if (verdict !== 'error') return;
  throw new GatehouseError('lists_unavailable', 'The file could not be compared at the moment. This is not the same as no match.', {
    retryAfterS: RETRY_AFTER_S,
  });
}

async function hashFile(parts: SurfaceParts, question: FileQuestion): Promise<Record<string, string>> {
  return withFile(parts, question, async ({ path, digests, sizeBytes }, kind) => {
    const types = readTypes(kind, question.types);
    const { principal, signal } = question;
    const { screening, signals } = await parts.screening.screen({ path, digests, sizeBytes, key: principal.id, signal });
    if (types.includes('pdq')) requireVerdict(screening.verdict);
    return toHashes(types, digests, signals === undefined ? undefined : choosePdq(signals.pictures));
  });
}

/** Asked about when the form is whole: what comes after the file can still make it no question at all. The bytes are here only for as long as that takes. */
async function withFile<T>({ intake }: SurfaceParts, { feed, signal }: FileQuestion, use: (content: Spooled, kind: HmaContent) => Promise<T>): Promise<T> {
  let kind: HmaContent = 'photo';
  const content = await collect(
    {
      signal,
      feed: (sink) =>
        feed(async ({ field, fileName, stream }) => {
          kind = readContentType(field);
          await sink(stream, { fileName });
        }),
    },
    (stream, announced) => intake.spool(stream, { signal, announced: [announced] }),
  );
  try {
    return await use(content, kind);
  } finally {
    await content.discard();
  }
}

async function requireBank({ lists }: SurfaceParts, name: string): Promise<ListView> {
  const list = (await lists.list()).find((candidate) => toBankName(candidate) === name);
  if (list === undefined) throw new GatehouseError('not_found', `bank '${name}' not found`);
  return list;
}

async function readContent(parts: SurfaceParts, bankName: string, contentId: string): Promise<HmaContentView> {
  const list = await requireBank(parts, bankName);
  const number = toEntry(list.id, contentId);
  const entry = number === undefined ? undefined : await parts.lists.entry(list.id, number).catch(ignoreMissing);
  if (entry === undefined || entry.state === 'withdrawn') throw new GatehouseError('not_found', `content '${contentId}' not found`);
  return {
    id: toContentId(list.id, entry.entry),
    disable_until_ts: entry.state === 'active' ? 1 : 0,
    collab_metadata: entry.reference === undefined ? {} : { [bankName]: [entry.reference] },
    original_media_uri: null,
    bank: toBank(list),
  };
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof GatehouseError && error.code === 'not_found') return undefined;
  throw error;
}

async function readIndexStatus({ lists }: SurfaceParts, signalType: string | undefined): Promise<HmaIndexStatus> {
  if (signalType !== undefined) requireKnownSignal(signalType);
  const active = (await lists.list()).filter(({ state }) => state === 'active');
  const present = lists.freshness().state !== 'loading' && active.length > 0;
  const changedAt = Math.max(-1, ...active.map((list) => Math.floor(Date.parse(list.changedAt) / 1000)));
  const names = HMA_SIGNALS.filter((name) => signalType === undefined || name === signalType);
  return Object.fromEntries(
    names.map((name) => {
      const size = active.reduce((sum, { entries }) => sum + entries[FROM_HMA[name]], 0);
      return [name, present ? { present, built_to: changedAt, size } : { present, built_to: -1, size: 0 }];
    }),
  );
}
