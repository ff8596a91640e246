import { BlockList, isIP } from 'node:net';

/** Finds the address of the client, believing X-Forwarded-For only from the operator's own proxies. */
export interface ClientAddress {
  readonly ip: string;
  /** True when the client's part of the way was TLS. */
  readonly isSecure: boolean;
}

export interface ForwardingInput {
  readonly remoteAddress: string;
  readonly isTls: boolean;
  readonly forwardedFor: string | undefined;
  readonly forwardedProto: string | undefined;
}

interface Range {
  readonly address: string;
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** Every address of this machine to itself. */
const LOOPBACK: readonly string[] = ['127.0.0.0/8', '::1'];

/** An address, a CIDR range or `loopback`. `/0` is none: it would believe everybody. */
export function isAddressRange(text: string): boolean {
  return text === 'loopback' || parseRange(text) !== undefined;
}

/** Of a server to be asked: `192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53` or `[2001:db8::53]:5353`. */
export function isServerAddress(text: string): boolean {
  const withPort = /^(?:\[([^\]]+)\]|([\d.]+)):([1-9]\d{0,4})$/.exec(text);
  if (withPort === null) return isIP(text) !== 0;
  const [, v6, v4, port] = withPort;
  return Number(port) <= 65_535 && (v6 === undefined ? isIP(v4 ?? '') === 4 : isIP(v6) === 6);
}

/** Whether an address is one of the ranges; each as `isAddressRange` accepts. No range, nobody. */
export function createAddressCheck(ranges: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const text of ranges.flatMap((range) => (range === 'loopback' ? LOOPBACK : [range]))) {
    const range = parseRange(text);
    if (range !== undefined) list.addSubnet(range.address, range.bits, range.family);
  }
  return (address) => {
    const plain = normalise(address);
    return ranges.length > 0 && isIP(plain) !== 0 && list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
  };
}

/** @param trustedProxies each one as `isAddressRange` accepts; others trust nobody */
export function createAddressReader(trustedProxies: readonly string[]): (input: ForwardingInput) => ClientAddress {
  const isTrusted = createAddressCheck(trustedProxies);
  return ({ remoteAddress, isTls, forwardedFor, forwardedProto }) => {
    const remote = normalise(remoteAddress);
    if (!isTrusted(remote)) return { ip: remote, isSecure: isTls };
    return { ip: findClient(remote, forwardedFor ?? '', isTrusted), isSecure: isTls || forwardedProto?.split(',').at(-1)?.trim() === 'https' };
  };
}

/**
 * From the right: the first address that is not one of our proxies is the client; what stands left of it is hearsay. So is what stands left of
 * something that is no address: to skip it would let a client choose its address.
 */
function findClient(remote: string, forwardedFor: string, isTrusted: (address: string) => boolean): string {
  let client = remote;
  for (const text of forwardedFor.split(',').toReversed()) {
    const hop = readHop(text.trim());
    if (hop === undefined) break;
    client = hop;
    if (!isTrusted(hop)) break;
  }
  return client;
}

/** Some proxies write the port too: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function readHop(text: string): string | undefined {
  const address = normalise(/^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(text)?.[1] ?? text);
  return isIP(address) === 0 ? undefined : address;
}

/** What limits are counted by: one line of IPv6 has 2^64 addresses, so its /64 counts as one. */
export function networkOf(ip: string): string {
  if (isIP(ip) !== 6) return ip;
  // The last 32 bits may be written as IPv4; the network is in the first 64.
  const [head = '', tail] = ip
    .replace(/%.*$/, '')
    .replace(/[^:]*\.[^:]*$/, '0:0')
    .split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => '0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

function normalise(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}

function parseRange(text: string): Range | undefined {
  const [address = '', suffix, ...rest] = text.split('/');
  const version = isIP(address);
  const bitsMax = version === 6 ? 128 : 32;
  if (version === 0 || rest.length > 0 || (suffix !== undefined && !/^[1-9]\d{0,2}$/.test(suffix))) return undefined;
  const bits = suffix === undefined ? bitsMax : Number(suffix);
  return bits > bitsMax ? undefined : { address, bits, family: version === 6 ? 'ipv6' : 'ipv4' };
}
