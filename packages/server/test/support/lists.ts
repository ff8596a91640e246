/** Nodes of the lists domain on one database, and entries for them. Hashes of nothing but counters. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { AppContext } from '../../src/platform/context.ts';
import type { SettingKey } from '../../src/platform/config.ts';
import type { Clock } from '../../src/platform/clock.ts';
import type { ImportReport, MatchResult, QuerySignals, SignalType } from '../../src/lists/index.ts';
import type { ListTuning } from '../../src/lists/list-threads.ts';
import { createListsService, type ListsService } from '../../src/lists/service.ts';
import { createTestContext, type TestContext } from './context.ts';
import type { TestDatabase } from './database.ts';

export interface TestNode {
  readonly context: AppContext;
  readonly test: TestContext;
  readonly service: ListsService;
  stop(): Promise<void>;
}

export interface TestNodeOptions {
  readonly config?: Partial<Record<SettingKey, unknown>>;
  readonly clock?: Clock;
  /** Nodes share segment files. */
  readonly sharing?: TestNode;
  /** Threads and snapshots for little lists, too. */
  readonly tuning?: ListTuning;
}

export async function startTestNode(database: TestDatabase, options: TestNodeOptions = {}): Promise<TestNode> {
  const test = await createTestContext({ database: database.database, ...options });
  const context = options.sharing === undefined ? test.context : { ...test.context, blobs: options.sharing.context.blobs };
  const service = createListsService(context, options.tuning);
  await service.start();
  return {
    context,
    test,
    service,
    async stop() {
      await service.stop();
      await test.dispose();
    },
  };
}

/** A value of a type, made from a word. */
export function valueOf(type: SignalType, seed: string): string {
  const sha256 = createHash('sha256').update(`${type} ${seed}`).digest('hex');
  return sha256.slice(0, { pdq: 64, md5: 32, sha1: 40, sha256: 64 }[type]);
}

const NO_DIGESTS = { md5: 'f'.repeat(32), sha1: 'f'.repeat(40), sha256: 'f'.repeat(64) };

export function asQuery(type: SignalType, value: string, quality = 100): QuerySignals {
  if (type !== 'pdq') return { digests: { ...NO_DIGESTS, [type]: value }, pictures: [] };
  return { digests: NO_DIGESTS, pictures: [{ rendering: 'opaque', form: 'full', quality, hashes: [value] }] };
}

export function match(node: TestNode, type: SignalType, value: string, quality = 100): Promise<MatchResult> {
  return node.service.matcher().match(asQuery(type, value, quality));
}

export function importText(node: TestNode, listId: string, text: string, more: Partial<Parameters<ListsService['importFile']>[0]> = {}): Promise<ImportReport> {
  return node.service.importFile({ listId, actor: 'test', name: 'a.csv', stream: Readable.from([Buffer.from(text)]), ...more });
}

/** `hex` with some bits turned over. */
export function flipBits(hex: string, bits: readonly number[]): string {
  const bytes = Buffer.from(hex, 'hex');
  for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return bytes.toString('hex');
}
