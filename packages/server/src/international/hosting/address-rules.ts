/** Internet addresses as 32-bit words: one for IPv4, four for IPv6, the highest first. Order of words is order of addresses. */

export interface Address {
  readonly family: 4 | 6;
  readonly words: Uint32Array;
}

export interface AddressRange {
  readonly first: Address;
  /** Belongs to the range. */
  readonly last: Address;
}

const GROUPS = 8;

/**
 * Strict: IPv4 as four decimal numbers without leading zeros (`010.0.0.1` is two different addresses to two different programs), IPv6 as RFC 4291,
 * section 2.2, without a zone. An IPv4 address in the form of an IPv6 one (`::ffff:…`) is the IPv4 address: nothing else is reached by it.
 */
export function parseAddress(text: string): Address | undefined {
  if (!text.includes(':')) {
    const word = parseIpv4(text);
    return word === undefined ? undefined : { family: 4, words: Uint32Array.of(word) };
  }
  const words = parseIpv6(text);
  if (words === undefined) return undefined;
  const isMapped = words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
  return isMapped ? { family: 4, words: words.slice(3) } : { family: 6, words };
}

function parseIpv4(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let word = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    word = word * 256 + Number(part);
  }
  return word;
}

function parseIpv6(text: string): Uint32Array | undefined {
  const hex = text.includes('.') ? foldDotted(text) : text;
  const halves = hex?.split('::');
  if (halves === undefined || halves.length > 2) return undefined;
  const [left = [], right = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = GROUPS - left.length - right.length;
  // `::` stands for at least one group; without it all eight are written.
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...left, ...Array.from({ length: missing }, () => '0'), ...right];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  const words = new Uint32Array(4);
  for (const [index, group] of groups.entries()) words[index >> 1] = (words[index >> 1] ?? 0) * 65_536 + Number.parseInt(group, 16);
  return words;
}

/** `::ffff:192.0.2.1` -> `::ffff:c000:201` */
function foldDotted(text: string): string | undefined {
  const at = text.lastIndexOf(':') + 1;
  const word = parseIpv4(text.slice(at));
  return word === undefined ? undefined : `${text.slice(0, at)}${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`;
}

/** RFC 5952: small letters, no leading zeros, the longest run of two or more zero groups as `::`. */
export function formatAddress({ family, words }: Address): string {
  if (family === 4) return [24, 16, 8, 0].map((shift) => ((words[0] ?? 0) >>> shift) & 255).join('.');
  const groups = [...words].flatMap((word) => [word >>> 16, word & 0xffff]);
  const [at, length] = findZeroRun(groups);
  const write = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  return length < 2 ? write(groups) : `${write(groups.slice(0, at))}::${write(groups.slice(at + length))}`;
}

function findZeroRun(groups: readonly number[]): [at: number, length: number] {
  let best: [number, number] = [0, 0];
  for (let at = 0; at < groups.length; at++) {
    let end = at;
    while (groups[end] === 0) end++;
    if (end - at > best[1]) best = [at, end - at];
  }
  return best;
}

/** `192.0.2.0/24`. Bits below the prefix must be zero: whoever wrote something else meant another network. */
export function parsePrefix(text: string): AddressRange | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const first = parseAddress(match?.[1] ?? '');
  if (first === undefined) return undefined;
  const range = rangeOfPrefix(first, Number(match?.[2]));
  return range !== undefined && compareAddresses(range.first, first) === 0 ? range : undefined;
}

export function rangeOfPrefix(address: Address, bits: number): AddressRange | undefined {
  const width = address.words.length;
  if (bits > width * 32) return undefined;
  const first = new Uint32Array(width);
  const last = new Uint32Array(width);
  for (let i = 0; i < width; i++) {
    const kept = Math.min(32, Math.max(0, bits - i * 32));
    const mask = kept === 0 ? 0 : (0xffffffff << (32 - kept)) >>> 0;
    first[i] = (address.words[i] ?? 0) & mask;
    last[i] = (address.words[i] ?? 0) | ~mask;
  }
  return { first: { family: address.family, words: first }, last: { family: address.family, words: last } };
}

/** Negative, zero or positive, as `Array.sort` wants it. IPv4 stands before IPv6. */
export function compareAddresses(a: Address, b: Address): number {
  if (a.family !== b.family) return a.family - b.family;
  for (let i = 0; i < a.words.length; i++) {
    const difference = (a.words[i] ?? 0) - (b.words[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export function isWithin(address: Address, { first, last }: AddressRange): boolean {
  return address.family === first.family && compareAddresses(first, address) <= 0 && compareAddresses(address, last) <= 0;
}
