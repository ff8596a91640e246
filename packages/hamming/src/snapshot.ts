import { HASH_BYTES } from './bits.ts';
import { openGrowing } from './growing-segment.ts';
import type { KernelName } from './kernel.ts';
import { HEADER_BYTES } from './layout.ts';
import { allocateBuffer, allocateMemory } from './memory.ts';
import { allocateRing, RingSegment } from './ring-segment.ts';
import { DEFAULT_LIMITS, type RowSource, type Segment, type SegmentSettings } from './segment.ts';
import type { SegmentSlot } from './segment-memory.ts';
import { openSegment, type SharedHammingIndex } from './shared.ts';
import {
  alignSection,
  badSnapshot,
  CHECKSUM_BYTES,
  decodeHeader,
  encodeHeader,
  HEAD_BYTES,
  measureHeader,
  type SnapshotHeader,
  type SnapshotSegment,
} from './snapshot-header.ts';

export interface SnapshotOptions {
  /** The calling thread's slot, as for `openSharedIndex`; 0 for the owner. */
  readonly slot: number;
  readonly kernel?: KernelName | 'auto' | undefined;
}

/** Takes the next bytes of the file. May give a promise; the bytes may change after it settles. */
export type WriteBytes = (bytes: Uint8Array) => unknown;

/** Bytes that are written, or read, at once. The checksum of a piece is made while the next ones are being read. */
const PIECE_BYTES = 4 * 2 ** 20;
/** Reads under way at once: most of their time goes into new pages of memory, which two cores make nearly twice as fast. */
const PIECES_AHEAD = 4;
const CHECKSUM_FACTOR = 0x9e37_79b1;

/**
 * Writes everything that searches need, in order, so that `readSnapshot` gives an index again in the time that reading the file takes.
 * Additions and removals may go on meanwhile: the snapshot holds the hashes that were there when the index was shared.
 */
export async function writeSnapshot(shared: SharedHammingIndex, write: WriteBytes, options: SnapshotOptions = { slot: 0 }): Promise<void> {
  assertLittleEndian();
  const { slots, merged, hasLabels, limits } = shared;
  const removed = shared.removed.slice(0, Math.ceil(slots / 32));
  const counted = shared.segments.map((segment, at) => ({
    ...segment,
    count: (shared.segments[at + 1]?.base ?? slots) - segment.base,
  }));
  await writeSection(write, encodeHeader({ slots, merged, hasLabels, removedWords: removed.length, segments: counted.filter(({ count }) => count > 0) }));
  await writeSection(write, removed);
  for (const segment of counted) {
    if (segment.count === 0) continue;
    const { slot, kernel = 'auto' } = options;
    const open = openSegment(segment, { slot, kernel, hasLabels, limits });
    if (open instanceof RingSegment) await writeRing(write, open.slot);
    else await writeSection(write, packGrowing(open, segment.count));
  }
}

async function writeRing(write: WriteBytes, slot: SegmentSlot): Promise<void> {
  slot.startChecksum();
  for (let at = HEADER_BYTES; at < slot.layout.imageBytes; at += PIECE_BYTES) {
    const bytes = Math.min(PIECE_BYTES, slot.layout.imageBytes - at);
    slot.addChecksum(at, bytes);
    // oxlint-disable-next-line no-await-in-loop -- in order
    await write(slot.bytes.subarray(at, at + bytes));
  }
  await write(toBytes(slot.readChecksum()));
}

/** Rows and labels; the chains are made anew from them. */
function packGrowing({ rows, labels }: Segment, count: number): Uint32Array {
  const words = new Uint32Array(growingBytes(count, labels !== undefined) / 4);
  words.set(rows.subarray(0, (count * HASH_BYTES) / 4));
  if (labels !== undefined) new Uint16Array(words.buffer, count * HASH_BYTES, count).set(labels.subarray(0, count));
  return words;
}

function growingBytes(count: number, hasLabels: boolean): number {
  return alignSection(count * (HASH_BYTES + (hasLabels ? 2 : 0)));
}

async function writeSection(write: WriteBytes, words: Uint32Array): Promise<void> {
  const padded = new Uint32Array(alignSection(words.byteLength) / 4);
  padded.set(words);
  await write(toBytes(padded));
  await write(toBytes(sumWords(padded)));
}

export interface SnapshotFile {
  readonly byteLength: number;
  /** Fills `target`, which may be shared memory, with the bytes from `position` on. May give a promise. */
  read(target: Uint8Array, position: number): unknown;
}

/**
 * Reads a snapshot straight into the memory that searches use, and checks all of it. Take what it gives with `adoptSharedIndex`.
 *
 * @throws HammingError `bad_snapshot` for anything that `writeSnapshot` did not write, `allocation_failed`; and what `file.read` throws
 */
export async function readSnapshot(file: SnapshotFile, options: { readonly kernel?: KernelName | 'auto' } = {}): Promise<SharedHammingIndex> {
  assertLittleEndian();
  const input = new SectionInput(file);
  const head = new Uint32Array(HEAD_BYTES / 4);
  await input.peek(toBytes(head));
  const header = decodeHeader(await input.readSection(measureHeader(head)));
  const removed = await input.readSection(alignSection(header.removedWords * 4));
  const kept = new Uint32Array(allocateBuffer(header.removedWords * 4));
  kept.set(removed.subarray(0, header.removedWords));
  let id = 0;
  const settings: SegmentSettings = {
    limits: DEFAULT_LIMITS,
    hasLabels: header.hasLabels,
    kernel: options.kernel ?? 'auto',
    allocate: allocateMemory,
    nextId: () => ++id,
  };
  const segments: Segment[] = [];
  for (const segment of header.segments) segments.push(await readSegment(input, segment, settings));
  if (input.rest !== 0) throw badSnapshot('There is something behind its end.');
  return toShared(header, kept, segments);
}

function toShared(header: SnapshotHeader, removed: Uint32Array, segments: readonly Segment[]): SharedHammingIndex {
  const { slots, merged, hasLabels } = header;
  return { layout: 0, slots, merged, hasLabels, limits: DEFAULT_LIMITS, removed, segments: segments.map((segment) => segment.share()) };
}

async function readSegment(input: SectionInput, { kind, base, count }: SnapshotSegment, settings: SegmentSettings): Promise<Segment> {
  const { limits, hasLabels } = settings;
  if (count > (kind === 'ring' ? limits.ringRows : limits.growingRows)) throw badSnapshot('A segment is too large.');
  if (kind === 'growing') {
    const words = await input.readSection(growingBytes(count, hasLabels));
    const segment = openGrowing(base, settings);
    segment.append(createPackedSource(words, count), { from: 0, to: count });
    segment.link();
    return segment;
  }
  // Before memory is asked for: a few bytes must not be able to claim gigabytes.
  if (count * HASH_BYTES > input.rest) throw badSnapshot('It ends too early.');
  const slot = allocateRing({ settings, base, count });
  await input.readInto(slot);
  slot.count = count;
  if (slot.kernel.checkBounds() === 0) throw badSnapshot('Its lists are not in order.');
  return new RingSegment({ id: settings.nextId(), base, slot, limits });
}

function createPackedSource(words: Uint32Array, count: number): RowSource {
  return {
    count,
    isPermuted: true,
    copyRows: (target) => target.set(toBytes(words).subarray(0, count * HASH_BYTES)),
    copyLabels: (target) => target.set(new Uint16Array(words.buffer, count * HASH_BYTES, count)),
  };
}

/** The sections of a file, one after the other, each compared with its checksum. */
class SectionInput {
  readonly #file: SnapshotFile;
  #position = 0;

  constructor(file: SnapshotFile) {
    this.#file = file;
  }

  /** Bytes not yet read. */
  get rest(): number {
    return this.#file.byteLength - this.#position;
  }

  async peek(target: Uint8Array): Promise<void> {
    if (target.length > this.rest) throw badSnapshot('It ends too early.');
    await this.#file.read(target, this.#position);
  }

  async readSection(bytes: number): Promise<Uint32Array> {
    if (bytes + CHECKSUM_BYTES > this.rest) throw badSnapshot('It ends too early.');
    const words = new Uint32Array((bytes + CHECKSUM_BYTES) / 4);
    await this.peek(toBytes(words));
    this.#position += words.byteLength;
    const content = words.slice(0, bytes / 4);
    assertSum(sumWords(content), words.subarray(bytes / 4));
    return content;
  }

  /** Reads the image of a ring into its memory. The next pieces are read while one is summed up. */
  async readInto(slot: SegmentSlot): Promise<void> {
    const { imageBytes } = slot.layout;
    const bytes = imageBytes - HEADER_BYTES;
    if (bytes + CHECKSUM_BYTES > this.rest) throw badSnapshot('It ends too early.');
    const start = this.#position - HEADER_BYTES;
    const readPiece = (at: number): Promise<unknown> => {
      const piece = (async () => this.#file.read(slot.bytes.subarray(at, Math.min(at + PIECE_BYTES, imageBytes)), start + at))();
      // Of several faults the first is thrown, when its turn comes.
      piece.catch(() => undefined);
      return piece;
    };
    slot.startChecksum();
    const pending: Promise<unknown>[] = [];
    let next = HEADER_BYTES;
    for (let at = HEADER_BYTES; at < imageBytes; at += PIECE_BYTES) {
      for (; next < imageBytes && pending.length < PIECES_AHEAD; next += PIECE_BYTES) pending.push(readPiece(next));
      // oxlint-disable-next-line no-await-in-loop -- in order
      await pending.shift();
      slot.addChecksum(at, Math.min(PIECE_BYTES, imageBytes - at));
    }
    this.#position += bytes;
    const sum = new Uint32Array(CHECKSUM_BYTES / 4);
    await this.peek(toBytes(sum));
    this.#position += CHECKSUM_BYTES;
    assertSum(slot.readChecksum(), sum);
  }
}

function assertSum(made: Uint32Array, read: Uint32Array): void {
  if (made.some((word, at) => word !== read[at])) throw badSnapshot('It is damaged.');
}

/** The checksum of the kernels (assembly/checksum.ts), for what is not in the memory of a segment. */
function sumWords(words: Uint32Array): Uint32Array {
  const sums = new Uint32Array(CHECKSUM_BYTES / 4);
  for (const [at, word] of words.entries()) {
    const lane = at % sums.length;
    sums[lane] = Math.imul(sums[lane] ?? 0, CHECKSUM_FACTOR) + word;
  }
  return sums;
}

function toBytes(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

function assertLittleEndian(): void {
  if (new Uint8Array(Uint32Array.of(1).buffer)[0] !== 1) throw badSnapshot('Snapshots are for little-endian machines.');
}
