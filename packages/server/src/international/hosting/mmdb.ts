/**
 * Reader of mmdb files (MaxMind DB file format 2.0), for countries and networks of addresses. Our own, because the file is hostile and what we need is small:
 * the whole tree is walked and every record decoded once when the file is opened, so that a damaged one is refused as a whole and a look-up only follows bits.
 */
import { z } from 'zod';
import type { Address } from './address-rules.ts';
import { toLocated, type Located } from './country-rules.ts';
import { createDataReader, MmdbFault } from './mmdb-data.ts';

export { MmdbFault } from './mmdb-data.ts';

export interface Mmdb {
  /** Day of the build. */
  readonly builtOn: string;
  readonly type: string;
  /** Ends of the tree with a record that says something. */
  readonly entries: number;
  locate(address: Address): Located | undefined;
}

const MARKER = Buffer.from('abcdef4d61784d696e642e636f6d', 'hex');
/** "The maximum size of this section is 128 KiB": the marker is looked for from the end. */
const METADATA_BYTES_MAX = 131_072;
/** Zero bytes between tree and data. */
const SEPARATOR_BYTES = 16;
const NODES_MAX = 40_000_000;
/** Nodes and records between two breaths, so that requests go on while a file is opened. */
const SLICE = 2_000;
/** Different ones; the largest that are published have some hundred thousand. */
const RECORDS_MAX = 2_000_000;

const MetadataSchema = z.object({
  node_count: z.number().int().min(0).max(NODES_MAX),
  record_size: z.union([z.literal(24), z.literal(28), z.literal(32)]),
  ip_version: z.union([z.literal(4), z.literal(6)]),
  binary_format_major_version: z.literal(2),
  build_epoch: z.number().int().min(0).max(8_640_000_000),
  database_type: z.string().max(200).catch(''),
});

interface Tree {
  readonly bytes: Buffer;
  readonly nodes: number;
  readonly recordSize: number;
  readonly version: 4 | 6;
}

export function isMmdb(bytes: Buffer): boolean {
  return bytes.subarray(-METADATA_BYTES_MAX).lastIndexOf(MARKER) >= 0;
}

/**
 * @param breathe awaited between slices of work
 * @throws {MmdbFault} for a file that is damaged or of another format
 */
export async function openMmdb(bytes: Buffer, breathe: () => Promise<void>): Promise<Mmdb> {
  const metadata = readMetadata(bytes);
  const { node_count: nodes, record_size: recordSize, ip_version: version } = metadata;
  const treeBytes = (nodes * recordSize) / 4;
  const dataStart = treeBytes + SEPARATOR_BYTES;
  const dataEnd = bytes.length - Math.min(bytes.length, METADATA_BYTES_MAX) + bytes.subarray(-METADATA_BYTES_MAX).lastIndexOf(MARKER);
  if (dataStart > dataEnd) throw new MmdbFault('the tree ends behind the end of the file');
  const tree: Tree = { bytes, nodes, recordSize, version };
  const { located, entries } = await readRecords(tree, bytes.subarray(dataStart, dataEnd), breathe);
  const start = version === 6 ? findIpv4Start(tree) : 0;
  return {
    builtOn: new Date(metadata.build_epoch * 1000).toISOString().slice(0, 10),
    type: metadata.database_type,
    entries,
    locate({ family, words }) {
      if (family === 6 && version === 4) return undefined;
      let record = family === 4 ? start : 0;
      for (let bit = 0; bit < words.length * 32 && record < nodes; bit++) record = readChild(tree, record, ((words[bit >> 5] ?? 0) >>> (31 - (bit & 31))) & 1);
      return record > nodes ? located.get(record - nodes - SEPARATOR_BYTES) : undefined;
    },
  };
}

function readMetadata(bytes: Buffer): z.output<typeof MetadataSchema> {
  const tail = bytes.subarray(-METADATA_BYTES_MAX);
  const at = tail.lastIndexOf(MARKER);
  if (at < 0) throw new MmdbFault('there is no metadata');
  const parsed = MetadataSchema.safeParse(createDataReader(tail.subarray(at + MARKER.length)).decode(0));
  if (!parsed.success) throw new MmdbFault(`the metadata cannot be used: ${parsed.error.issues[0]?.path.join('.') ?? ''}`);
  return parsed.data;
}

/** IPv4 addresses stand in an IPv6 tree under 96 zero bits ("IPv4 addresses in an IPv6 tree"). */
function findIpv4Start(tree: Tree): number {
  let record = 0;
  for (let bit = 0; bit < 96 && record < tree.nodes; bit++) record = readChild(tree, record, 0);
  return record;
}

function readChild({ bytes, recordSize }: Tree, node: number, side: number): number {
  if (recordSize === 24) return bytes.readUIntBE(node * 6 + side * 3, 3);
  if (recordSize === 32) return bytes.readUInt32BE(node * 8 + side * 4);
  // 28 bits: the middle byte holds the highest four bits of both, those of the left one above.
  const at = node * 7;
  const middle = bytes.readUInt8(at + 3);
  return side === 0 ? (middle >> 4) * 0x1000000 + bytes.readUIntBE(at, 3) : (middle & 15) * 0x1000000 + bytes.readUIntBE(at + 4, 3);
}

interface Records {
  /** By place in the data section; those that say nothing are left out. */
  readonly located: ReadonlyMap<number, Located>;
  readonly entries: number;
}

async function readRecords(tree: Tree, data: Buffer, breathe: () => Promise<void>): Promise<Records> {
  const reader = createDataReader(data);
  const seen = new Map<number, Located | null>();
  let entries = 0;
  for (let node = 0; node < tree.nodes; node++) {
    if (node % SLICE === SLICE - 1) await breathe();
    for (const side of [0, 1]) {
      const record = readChild(tree, node, side);
      if (record <= tree.nodes) continue;
      const place = record - tree.nodes - SEPARATOR_BYTES;
      if (!seen.has(place)) seen.set(place, toLocated(reader.decode(place)));
      if (seen.size > RECORDS_MAX) throw new MmdbFault(`more than ${RECORDS_MAX} different records`);
      if (seen.get(place) !== null) entries += 1;
    }
  }
  const located = new Map([...seen].flatMap(([place, value]) => (value === null ? [] : [[place, value] as const])));
  return { located, entries };
}
