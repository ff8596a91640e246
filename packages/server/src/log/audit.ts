/**
 * Checks a copied log with nothing but its files: every entry, every hash, every checkpoint. Says what is proven up to where, and by whom. It needs no
 * server, no database and no network.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeBundle, listNewBundles, openCheckpoint, openTreeBuilder, tilePath, TlogError, type TreeFile, type VerifierKey } from '@gatehouse/tlog';
import { listRanges, type Anchor, type AnchoredRange } from './anchor-rules.ts';
import { readStamps } from './audit-stamps.ts';
import { CHECKPOINT_FILE, OLD_CHECKPOINTS } from './folder.ts';
import type { StampAnchors } from './stamp-verifier.ts';

export interface AuditOptions {
  readonly key: VerifierKey;
  /** Witnesses whose cosignatures count. */
  readonly witnesses: readonly VerifierKey[];
  /** Authorities whose time stamps count. */
  readonly authorities?: StampAnchors | undefined;
  /** Told after each bundle. */
  onProgress?(entries: number, of: number): void;
}

export interface AuditReport {
  readonly isIntact: boolean;
  readonly origin: string;
  /** That were checked. */
  readonly entries: number;
  readonly checkpoints: number;
  /** What an outsider has seen: the history up to there cannot be another one. */
  readonly anchors: readonly Anchor[];
  /** Entries from here on rest on the word of the log alone. */
  readonly anchoredUpTo: number;
  /** All entries, by who stands for them. Empty unless the log is intact. */
  readonly ranges: readonly AnchoredRange[];
  /** Time stamps that were passed over, and why. */
  readonly notCounted: readonly string[];
  readonly faults: readonly string[];
}

interface Head {
  readonly size: number;
  readonly root: Uint8Array;
  readonly name: string;
}

/** Finds every fault that it can; a missing or damaged file ends the walk where it is. */
export async function auditLogFolder(folder: string, options: AuditOptions): Promise<AuditReport> {
  const faults: string[] = [];
  const anchors: Anchor[] = [];
  const stamps = await readStamps(folder, options.authorities);
  faults.push(...stamps.faults);
  const heads = await readHeads(folder, { ...options, faults, anchors, notes: stamps.notes });
  // A stamp stands for what the log signed, at the size that it signed.
  anchors.push(...stamps.anchors.flatMap(({ note, ...stamp }) => (heads.some(({ name, size }) => name === note && size === stamp.size) ? [stamp] : [])));
  const last = heads.find(({ name }) => name === CHECKPOINT_FILE);
  let entries = 0;
  if (last === undefined) faults.push('There is no checkpoint that the key of the log signed.');
  else {
    try {
      await walk(folder, { ...options, heads, last, faults, onEntries: (count) => (entries = count) });
    } catch (error) {
      if (!(error instanceof TlogError) && !isMissing(error)) throw error;
      faults.push(error instanceof Error ? error.message : 'a file could not be read');
    }
  }
  const isIntact = faults.length === 0;
  return {
    isIntact,
    origin: options.key.name,
    entries,
    checkpoints: heads.length - stamps.notes.length,
    anchors: anchors.toSorted((a, b) => a.size - b.size),
    anchoredUpTo: isIntact ? Math.max(0, ...anchors.map(({ size }) => size)) : 0,
    ranges: isIntact ? listRanges(anchors, entries) : [],
    notCounted: stamps.notCounted,
    faults,
  };
}

interface Found extends AuditOptions {
  readonly faults: string[];
  readonly anchors: Anchor[];
  /** Further checkpoints than those of the log itself. */
  readonly notes: readonly string[];
}

async function readHeads(folder: string, found: Found): Promise<Head[]> {
  const old = await readdir(join(folder, OLD_CHECKPOINTS)).catch(() => []);
  const names = [...old.map((name) => join(OLD_CHECKPOINTS, name)), ...found.notes, CHECKPOINT_FILE];
  const heads: Head[] = [];
  for (const name of names) {
    try {
      const note = await readFile(join(folder, name), 'utf8');
      const { size, root, signed } = await openCheckpoint(note, found.key.name, [found.key, ...found.witnesses]);
      heads.push({ size, root, name });
      for (const { key, timeS } of signed)
        if (timeS !== undefined) found.anchors.push({ kind: 'witness', size, by: key.name, at: new Date(timeS * 1000).toISOString() });
    } catch (error) {
      if (!(error instanceof TlogError) && !isMissing(error)) throw error;
      found.faults.push(`${name}: ${error instanceof Error ? error.message : 'it cannot be read'}`);
    }
  }
  return heads;
}

interface Walk extends AuditOptions {
  readonly heads: readonly Head[];
  readonly last: Head;
  readonly faults: string[];
  onEntries(count: number): void;
}

/** Grows the tree once more from its entries, and compares everything on the way. */
async function walk(folder: string, { heads, last, faults, onEntries, onProgress }: Walk): Promise<void> {
  for (const { size, name } of heads)
    if (size > last.size) faults.push(`${name}: it is of ${size} entries and the log has only ${last.size}: the end was cut off.`);
  const builder = openTreeBuilder();
  const compareHead = (): void => {
    for (const head of heads)
      if (head.size === builder.size && !Buffer.from(head.root).equals(builder.root()))
        faults.push(`${head.name}: the first ${head.size} entries are not those that were signed.`);
  };
  compareHead();
  for (const bundle of listNewBundles(0, last.size)) {
    const entries = decodeBundle(bundle, await readFile(join(folder, tilePath(bundle))));
    for (const entry of entries) {
      for (const file of builder.append([entry])) await compareFile(folder, file, faults);
      compareHead();
    }
    onEntries(builder.size);
    onProgress?.(builder.size, last.size);
  }
  for (const file of builder.edge()) await compareFile(folder, file, faults);
}

async function compareFile(folder: string, { tile, bytes }: TreeFile, faults: string[]): Promise<void> {
  const path = tilePath(tile);
  const there = await readFile(join(folder, path)).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (there === undefined) faults.push(`${path} is missing.`);
  else if (!there.equals(bytes)) faults.push(`${path} is not what the entries give.`);
}

function isMissing(error: unknown): boolean {
  return Reflect.get(Object(error), 'code') === 'ENOENT';
}
