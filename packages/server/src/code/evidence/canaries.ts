/**
 * Seeded recall. Pictures of our own go the way of every upload: spool, decoder process, comparison, disposition. Their hashes stand in a list of their
 * own (lists/canary-list.ts). What is not found, or is released, is a fault of the gate; and a benign one that matches is one as well.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pdq } from '@gatehouse/pdq';
import { CANARY, type IntakeService, type UploadView } from '../../intake/index.ts';
import type { ListsService } from '../../lists/index.ts';
import type { AppContext } from '../../platform/context.ts';
import { newId } from '../../platform/ids.ts';
import { keepMade } from '../../platform/keep-made.ts';
import { transform } from './canary-edit-rules.ts';
import { drawPicture } from './canary-picture-rules.ts';
import { LISTED_SEEDS, planRun, type Sending } from './canary-plan-rules.ts';
import { encodePng } from './canary-png.ts';
import { insertCanaries, readLastRun, type CanaryResult, type LastRun } from './store-probes.ts';

export interface Canaries {
  /** Sends some now; the result is kept. */
  run(signal: AbortSignal): Promise<LastRun>;
  last(): Promise<LastRun | undefined>;
  /** Whether the schedule wants a run. */
  isDue(): Promise<boolean>;
}

export interface CanaryParts {
  readonly context: AppContext;
  readonly intake: Pick<IntakeService, 'submit' | 'remove'>;
  readonly lists: Pick<ListsService, 'keepCanaries'>;
}

/** Longer than a busy queue; what is not decided then is neither found nor missed. */
const WAIT_S = 60;
const MINUTE_MS = 60_000;
const DAMAGED = 'damaged';

export function createCanaries(parts: CanaryParts): Canaries {
  const { config, clock, database } = parts.context;
  // Once for each process.
  const hashes = keepMade(hashListed);
  return {
    async run(signal) {
      const listId = await parts.lists.keepCanaries(await hashes());
      const at = clock.now();
      const tally = createTally();
      for (const sending of planRun(Math.floor(at.getTime() / MINUTE_MS / Math.max(1, config.codeCanaryMinutes)))) {
        signal.throwIfAborted();
        const view = await send(parts, await makeFile(sending), signal);
        tally.add(sending.transform, sending.isListed, judge(view, sending, listId));
      }
      const damaged = (await makeFile({ seed: 1, transform: 'unchanged' })).subarray(0, DAMAGED_BYTES);
      tally.add(DAMAGED, false, judgeDamaged(await send(parts, damaged, signal)));
      const run = { id: newId<'CanaryRun'>('can', clock), at, results: tally.results() };
      await database.transact((tx) => insertCanaries(tx, run));
      return { at, results: run.results };
    },
    last: () => readLastRun(database.sql),
    async isDue() {
      if (config.codeCanaryMinutes === 0) return false;
      const last = await readLastRun(database.sql);
      // The schedule looks every five minutes: half of that early is in time.
      return last === undefined || clock.now().getTime() - last.at.getTime() >= (config.codeCanaryMinutes - 2.5) * MINUTE_MS;
    },
  };
}

/** Into the pixels of the file, so that it begins like a picture. */
const DAMAGED_BYTES = 4_096;

async function makeFile({ seed, transform: how }: Pick<Sending, 'seed' | 'transform'>): Promise<Buffer> {
  const picture = drawPicture(seed);
  // Some milliseconds each: others get a turn in between.
  await nextTurn();
  const edited = transform(picture, how);
  await nextTurn();
  return encodePng(edited);
}

async function hashListed(): Promise<readonly string[]> {
  const hashes: string[] = [];
  for (const seed of LISTED_SEEDS) {
    const { rgb, width, height } = drawPicture(seed);
    hashes.push(pdq({ data: rgb, width, height, channels: 3 }).hash);
    await nextTurn();
  }
  return hashes;
}

/** The way of every upload; gone afterwards, whatever became of it. */
async function send({ intake, context }: CanaryParts, file: Buffer, signal: AbortSignal): Promise<UploadView> {
  const sha256 = createHash('sha256').update(file).digest('hex');
  const view = await intake.submit(
    { sizeBytes: file.length, sha256 },
    { principal: CANARY, feed: (sink) => sink(Readable.from([file])), waitS: WAIT_S, signal },
  );
  await intake
    .remove(view.id, CANARY.id)
    .catch((error: unknown) => context.log.warn({ uploadId: view.id, err: error }, 'a test picture of our own stays until it expires'));
  return view;
}

type Judged = 'found' | 'missed' | 'released' | 'undecided';

function judge({ state, disposition, screening }: UploadView, { isListed }: Sending, listId: string): Judged {
  if (disposition === undefined || screening === undefined || screening.verdict === 'error') return 'undecided';
  if (!isListed) return screening.hitCount > 0 ? 'found' : 'missed';
  // Whatever was found: what is released has got past the gate.
  if (disposition === 'release' || state === 'released') return 'released';
  return screening.hits.some((hit) => hit.listId === listId) ? 'found' : 'missed';
}

function judgeDamaged({ disposition, screening }: UploadView): Judged {
  if (disposition === undefined || screening === undefined) return 'undecided';
  return disposition === 'release' ? 'released' : 'missed';
}

interface Tally {
  add(transform: string, isListed: boolean, judged: Judged): void;
  results(): CanaryResult[];
}

function createTally(): Tally {
  const results = new Map<string, CanaryResult>();
  return {
    add(name, isListed, judged) {
      const key = `${name} ${isListed}`;
      const before = results.get(key) ?? { transform: name, isListed, sent: 0, found: 0, released: 0, undecided: 0 };
      const raise = (what: Judged): number => (judged === what ? 1 : 0);
      results.set(key, {
        ...before,
        sent: before.sent + 1,
        found: before.found + raise('found'),
        released: before.released + raise('released'),
        undecided: before.undecided + raise('undecided'),
      });
    },
    results: () => [...results.values()],
  };
}
