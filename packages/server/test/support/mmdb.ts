/** Writes small mmdb files (MaxMind DB file format 2.0), written from the specification apart from the reader. */

export interface MmdbInput {
  readonly recordSize: 24 | 28 | 32;
  readonly ipVersion: 4 | 6;
  /** `bits` are those of the address from the top, as many as the prefix is long; IPv4 in an IPv6 tree needs its 96 zeros in front. */
  readonly networks: readonly { readonly bits: string; readonly value: unknown }[];
  readonly builtAt?: Date;
  readonly type?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

type Node = [Node | number | undefined, Node | number | undefined];

export function writeMmdb({ recordSize, ipVersion, networks, builtAt = new Date('2026-11-01T00:00:00Z'), type = 'test', metadata = {} }: MmdbInput): Buffer {
  const root: Node = [undefined, undefined];
  const data: Buffer[] = [];
  const offsets = new Map<string, number>();
  const offsetOf = (value: unknown): number => {
    const key = JSON.stringify(value);
    const known = offsets.get(key);
    if (known !== undefined) return known;
    const at = data.reduce((sum, part) => sum + part.length, 0);
    offsets.set(key, at);
    data.push(encodeMmdbValue(value));
    return at;
  };
  for (const { bits, value } of networks) insert(root, bits, offsetOf(value));
  const nodes = listNodes(root);
  const numbers = new Map(nodes.map((node, index) => [node, index]));
  const toRecord = (side: Node | number | undefined): number =>
    side === undefined ? nodes.length : typeof side === 'number' ? nodes.length + 16 + side : (numbers.get(side) ?? 0);
  const tree = nodes.map(([left, right]) => writeNode(toRecord(left), toRecord(right), recordSize));
  const meta = encodeMmdbValue({
    node_count: nodes.length,
    record_size: recordSize,
    ip_version: ipVersion,
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: Math.floor(builtAt.getTime() / 1000),
    database_type: type,
    languages: ['en'],
    description: { en: 'made for a test' },
    ...metadata,
  });
  return Buffer.concat([...tree, Buffer.alloc(16), ...data, Buffer.from('\u00ab\u00cd\u00efMaxMind.com', 'latin1'), meta]);
}

/** The longer prefixes must come first or last as the caller likes: a shorter one fills only what is still empty. */
function insert(root: Node, bits: string, offset: number): void {
  let node = root;
  for (const [index, bit] of bits.split('').entries()) {
    const side = bit === '1' ? 1 : 0;
    if (index === bits.length - 1) {
      node[side] = offset;
      return;
    }
    const next = node[side];
    const child: Node = typeof next === 'object' ? next : [next, next];
    node[side] = child;
    node = child;
  }
}

function listNodes(root: Node): Node[] {
  const nodes: Node[] = [];
  const walk = (node: Node): void => {
    nodes.push(node);
    for (const side of node) if (typeof side === 'object') walk(side);
  };
  walk(root);
  return nodes;
}

function writeNode(left: number, right: number, recordSize: 24 | 28 | 32): Buffer {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  if (recordSize === 28) {
    const [l, r] = [hex(left, 7), hex(right, 7)];
    return Buffer.from(`${l.slice(1)}${l[0]}${r[0]}${r.slice(1)}`, 'hex');
  }
  return Buffer.from(hex(left, recordSize / 4) + hex(right, recordSize / 4), 'hex');
}

export function encodeMmdbValue(value: unknown): Buffer {
  if (typeof value === 'string') return withControl(2, Buffer.from(value));
  if (typeof value === 'boolean') return Buffer.from([value ? 1 : 0, 7]);
  if (typeof value === 'number') return encodeNumber(value);
  if (Array.isArray(value)) return Buffer.concat([controlOf(11, value.length), ...value.map(encodeMmdbValue)]);
  const entries = Object.entries(value as object);
  return Buffer.concat([controlOf(7, entries.length), ...entries.flatMap(([key, one]) => [encodeMmdbValue(key), encodeMmdbValue(one)])]);
}

function encodeNumber(value: number): Buffer {
  if (!Number.isInteger(value)) {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    return withControl(3, bytes);
  }
  const hex = value === 0 ? '' : value.toString(16).padStart(value.toString(16).length + (value.toString(16).length % 2), '0');
  return withControl(value > 0xffffffff ? 9 : 6, Buffer.from(hex, 'hex'));
}

function withControl(type: number, payload: Buffer): Buffer {
  return Buffer.concat([controlOf(type, payload.length), payload]);
}

function controlOf(type: number, size: number): Buffer {
  const [short, rest] =
    size < 29 ? [size, Buffer.alloc(0)] : size < 285 ? [29, Buffer.from([size - 29])] : [30, Buffer.from([(size - 285) >> 8, (size - 285) & 255])];
  return type > 7 ? Buffer.concat([Buffer.from([short, type - 7]), rest]) : Buffer.concat([Buffer.from([(type << 5) | short]), rest]);
}

/** `192.0.2.0`, 24 -> the first 24 bits */
export function toBits4(address: string, length: number): string {
  return address
    .split('.')
    .map((part) => Number(part).toString(2).padStart(8, '0'))
    .join('')
    .slice(0, length);
}
