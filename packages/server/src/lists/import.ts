/**
 * Imports a list file: read, sort, compare with what the list holds, write segments, then one short transaction that makes it a version.
 * Nothing is written before the whole file was read; a crash before the commit leaves no visible change.
 *
 * The comparison happens outside the lock. When the list's entries changed meanwhile it is done again.
 */
import type { AppContext } from '../platform/context.ts';
import type { Tx } from '../platform/db/database.ts';
import { GatehouseError } from '../platform/errors.ts';
import { runInSlices } from '../platform/slices.ts';
import { lockList, NO_COUNTS, recordChange, requireList } from './changes.ts';
import { joinBatches, referenceAt, type EntryBatch } from './entry-batch.ts';
import {
  compareNothing,
  compareOne,
  compareRecords,
  planImport,
  sortEntries,
  toNumberBody,
  toSegmentBodies,
  type AddedEntries,
  type ImportPlan,
  type SortedColumn,
} from './import-plan.ts';
import { readFlags } from './list-state.ts';
import { readListFile, type ListFileInput, type ListFileReport } from './list-file.ts';
import type { ImportMode, ImportPhase, ImportReport } from './schema-changes.ts';
import { readSegment, storeSegment } from './segment.ts';
import { addDeltas, addReferences, addRuns, addSegments, readContents, type NewDelta, type NewSegment } from './store-entries.ts';
import type { TakeTurn } from './turns.ts';
import { isUniqueViolation, readList, readTogether, readVersion, type ListRow } from './store.ts';

export interface ImportInput extends Pick<ListFileInput, 'stream' | 'name' | 'format' | 'type' | 'map'> {
  /** What the version is called; default `import`. */
  readonly kind?: 'import' | 'add';
  readonly listId: string;
  readonly actor: string;
  readonly mode?: ImportMode | undefined;
  readonly isStrict?: boolean | undefined;
  readonly onProgress?: ((phase: ImportPhase, progress: { readonly bytes: number; readonly lines: number }) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Up to so many changes of a kind are rows; more become a file. */
export const DELTAS_MAX = 1_000;
const REFERENCES_AT_ONCE = 5_000;
const ATTEMPTS = 8;
/** Numbers are 32 bits in segment files. */
const ENTRY_MAX = 2 ** 32 - 2;

/** @throws {GatehouseError} `import_refused`, `invalid_request`, `too_large`, `not_found`, `gone`; then nothing was changed */
export async function importList(context: AppContext, input: ImportInput, takeTurn: TakeTurn): Promise<ImportReport> {
  const startedMs = context.clock.monotonicMs();
  requireList(await readList(context.database.sql, input.listId));
  const { batches, report } = await readAll(context, input);
  refuse(report, input);
  input.onProgress?.('sorting', report);
  const sorted = await runInSlices(sortEntries(await runInSlices(joinBatches(batches.splice(0)), input.signal)), input.signal);
  // Imports of one list on this node take turns; those of other nodes are met by trying again.
  const outcome = await takeTurn(input.listId, () => tryUntilUndisturbed(context, { ...input, sorted, report }));
  return toReport(outcome, { input, report, sorted, durationMs: Math.round(context.clock.monotonicMs() - startedMs) });
}

async function tryUntilUndisturbed(context: AppContext, input: Prepared): Promise<Outcome> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const outcome = await attemptImport(context, input);
    if (outcome !== undefined) return outcome;
  }
  throw new GatehouseError('conflict', 'The list was changed by others all the time while this file was compared with it. Nothing was imported; try again.');
}

async function readAll(context: AppContext, input: ImportInput): Promise<{ batches: EntryBatch[]; report: ListFileReport }> {
  const reader = readListFile({
    ...input,
    stream: limitBytes(input.stream, context.config.importMaxBytes),
    onProgress: (progress) => input.onProgress?.('reading', progress),
  });
  const batches: EntryBatch[] = [];
  for await (const batch of reader) {
    input.signal?.throwIfAborted();
    batches.push(batch);
  }
  return { batches, report: reader.report };
}

async function* limitBytes(stream: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new GatehouseError('too_large', `A list file may hold at most ${maxBytes} bytes (importMaxBytes). Nothing was imported.`);
    yield chunk;
  }
}

function refuse(report: ListFileReport, input: ImportInput): void {
  const errors = report.badLines.map(({ line, reason }) => ({ at: `line ${line}`, message: reason }));
  if (input.isStrict === true && report.bad > 0) {
    throw new GatehouseError('import_refused', `${report.bad} line(s) could not be read, and the import is strict. Nothing was imported.`, {
      errors,
      members: { bad: report.bad, lines: report.lines },
    });
  }
  if (input.mode === 'replace' && report.accepted === 0) {
    throw new GatehouseError(
      'import_refused',
      'The file holds no usable entry; replacing the list with it would withdraw everything. Nothing was changed. To stop using the list, disable it.',
      { errors },
    );
  }
  if (input.mode === 'replace' && report.bad > 0)
    report.warnings.push('Entries on lines that could not be read count as absent: they were withdrawn if the list held them.');
}

interface Prepared extends ImportInput {
  readonly sorted: readonly SortedColumn[];
  readonly report: ListFileReport;
}

interface Outcome {
  readonly plan: ImportPlan;
  readonly listSetVersion: number;
  readonly isChanged: boolean;
}

/** Undefined when the list's entries changed between the comparison and the commit. */
async function attemptImport(context: AppContext, input: Prepared): Promise<Outcome | undefined> {
  input.onProgress?.('comparing', input.report);
  const { version, list, contents } = await readTogether(context.database, async (tx) => ({
    version: await readVersion(tx),
    list: requireList(await readList(tx, input.listId)),
    contents: await readContents(tx, input.listId, -1),
  }));
  const comparisons = input.sorted.map(compareNothing);
  for (const segment of contents.segments) {
    const comparison = comparisons.find(({ sorted }) => segment.kind === 'entries' && sorted.type === segment.type);
    if (comparison !== undefined) await runInSlices(compareRecords(comparison, await readSegment(context.blobs.segments, segment)), input.signal);
  }
  for (const { op, type, value, entry } of contents.deltas) {
    const comparison = comparisons.find(({ sorted }) => op === 'add' && sorted.type === type);
    if (comparison !== undefined && value !== null) compareOne(comparison, value, entry);
  }
  const flags = await readFlags(context.blobs.segments, contents, new Uint8Array(0));
  const plan = await runInSlices(planImport({ comparisons, flags, nextEntry: list.next_entry, mode: input.mode ?? 'add' }), input.signal);
  if (plan.added.length + plan.restored.length + plan.withdrawn.length === 0) return { plan, listSetVersion: version, isChanged: false };
  input.onProgress?.('storing', input.report);
  const stored = await storeFiles(context, plan);
  input.signal?.throwIfAborted();
  return commitImport(context, input, { list, plan, stored });
}

interface StoredPlan {
  readonly segments: readonly NewSegment[];
  readonly deltas: readonly NewDelta[];
}

async function storeFiles(context: AppContext, plan: ImportPlan): Promise<StoredPlan> {
  const segments: NewSegment[] = [];
  const deltas: NewDelta[] = [];
  const isSmall = plan.added.reduce((sum, { count }) => sum + count, 0) <= DELTAS_MAX;
  for (const added of plan.added) {
    if (isSmall) deltas.push(...toAddDeltas(added));
    else
      for (const body of await runInSlices(toSegmentBodies(added)))
        segments.push(await storeSegment(context, { kind: 'entries', type: added.sorted.type, body }));
  }
  for (const [kind, op, numbers] of [
    ['restored', 'restore', plan.restored],
    ['withdrawn', 'withdraw', plan.withdrawn],
  ] as const) {
    if (numbers.length <= DELTAS_MAX) deltas.push(...Array.from(numbers, (entry) => ({ entry, op, type: null, value: null })));
    else segments.push(await storeSegment(context, { kind, type: null, body: toNumberBody(numbers) }));
  }
  return { segments, deltas };
}

function toAddDeltas({ sorted, numbers }: AddedEntries): NewDelta[] {
  const { type, width, column } = sorted;
  return [...numbers.entries()].flatMap(([position, entry]) =>
    entry === 0 ? [] : [{ entry, op: 'add' as const, type, value: Buffer.from(column.values.subarray(position * width, (position + 1) * width)) }],
  );
}

class ChangedMeanwhile extends Error {}

async function commitImport(
  context: AppContext,
  input: Prepared,
  parts: { readonly list: ListRow; readonly plan: ImportPlan; readonly stored: StoredPlan },
): Promise<Outcome | undefined> {
  const { plan, stored } = parts;
  const addedCount = plan.added.reduce((sum, { count }) => sum + count, 0);
  const nextEntry = parts.list.next_entry + addedCount;
  if (nextEntry > ENTRY_MAX)
    throw new GatehouseError('too_large', 'A list can number about four thousand million entries, and this file would go beyond. Nothing was imported.');
  try {
    const { version: listSetVersion } = await context.database.transact(async (tx) => {
      // Before the lock: a million references take seconds, and an entry must be disabled within one.
      for (const added of plan.added) await storeReferences(tx, input.listId, added);
      const list = await lockList(tx, input.listId);
      if (list.content_version !== parts.list.content_version) throw new ChangedMeanwhile();
      const counts = { ...NO_COUNTS, added: addedCount, restored: plan.restored.length, withdrawn: plan.withdrawn.length };
      return recordChange(context, tx, {
        list,
        actor: input.actor,
        change: {
          kind: input.kind ?? 'import',
          counts,
          row: { next_entry: nextEntry },
          async write(_tx, version) {
            await addRuns(
              tx,
              plan.added.map((added) => ({
                list_id: list.id,
                first_entry: added.first,
                last_entry: added.first + added.count - 1,
                type: added.sorted.type,
                version,
              })),
            );
            await addSegments(tx, list.id, { version, segments: stored.segments });
            await addDeltas(tx, list.id, { version, deltas: stored.deltas });
          },
        },
      });
    });
    return { plan, listSetVersion, isChanged: true };
  } catch (error) {
    // Another import of this list gave out the same numbers first.
    if (error instanceof ChangedMeanwhile || isUniqueViolation(error)) return undefined;
    throw error;
  }
}

async function storeReferences(tx: Tx, listId: string, { sorted, numbers }: AddedEntries): Promise<void> {
  if (sorted.column.references === undefined) return;
  let entries: number[] = [];
  let texts: string[] = [];
  for (const [position, entry] of numbers.entries()) {
    const text = entry === 0 ? '' : referenceAt(sorted.column, position);
    if (text === '') continue;
    entries.push(entry);
    texts.push(text);
    if (entries.length < REFERENCES_AT_ONCE) continue;
    await addReferences(tx, listId, { entries, texts });
    [entries, texts] = [[], []];
  }
  if (entries.length > 0) await addReferences(tx, listId, { entries, texts });
}

function toReport(
  outcome: Outcome,
  parts: { readonly input: ImportInput; readonly report: ListFileReport; readonly sorted: readonly SortedColumn[]; readonly durationMs: number },
): ImportReport {
  const { plan } = outcome;
  const { report } = parts;
  return {
    listId: parts.input.listId,
    listSetVersion: outcome.listSetVersion,
    isChanged: outcome.isChanged,
    format: report.format ?? 'text',
    lines: report.lines,
    added: plan.added.reduce((sum, { count }) => sum + count, 0),
    restored: plan.restored.length,
    unchanged: plan.unchanged,
    repeated: report.accepted - parts.sorted.reduce((sum, { order }) => sum + order.length, 0),
    withdrawn: plan.withdrawn.length,
    bad: report.bad,
    badLines: [...report.badLines],
    suspicious: report.suspicious,
    warnings: [...report.warnings],
    durationMs: parts.durationMs,
  };
}
