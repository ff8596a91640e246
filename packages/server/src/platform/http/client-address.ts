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

export function createAddressReader(trustedProxies: readonly string[]): (input: ForwardingInput) => ClientAddress {
  const trusted = new BlockList();
  for (const range of trustedProxies) addRange(trusted, range);
  const isTrusted = (address: string): boolean => isIP(address) !== 0 && trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return ({ remoteAddress, isTls, forwardedFor, forwardedProto }) => {
    const remote = normalise(remoteAddress);
    if (!isTrusted(remote)) return { ip: remote, isSecure: isTls };
    // From the right: the first address that is not one of our proxies is the client; what stands left of it is hearsay.
    const hops = (forwardedFor ?? '').split(',').map((hop) => normalise(hop.trim())).filter((hop) => isIP(hop) !== 0);
    const client = hops.findLast((hop) => !isTrusted(hop)) ?? hops[0] ?? remote;
    return { ip: client, isSecure: isTls || forwardedProto?.split(',').at(-1)?.trim() === 'https' };
  };
}

function normalise(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}

function addRange(list: BlockList, range: string): void {
  const [address = '', bits] = (range === 'loopback' ? '127.0.0.0/8' : range).split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(address) === 0) return;
  list.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family);
  if (range === 'loopback') list.addAddress('::1', 'ipv6');
}
