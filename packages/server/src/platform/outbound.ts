/**
 * The one guarded HTTP client for calls to other machines (callbacks now; feeds and notices later).
 *
 * Only https to public addresses, unless the operator allowed the host (GATEHOUSE_OUTBOUND_ALLOW). Addresses are checked when the
 * connection is made, on the address that is really used, so that a name that resolves differently the second time gains nothing.
 * No redirects, no proxies from the environment, bounded time and bounded answer.
 */
import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import type { Readable } from 'node:stream';
import { Agent, request } from 'undici';
import { GatehouseError } from './errors.ts';
import { openOrigin, type Origin } from './origin.ts';

export interface OutboundRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface OutboundReply {
  readonly status: number;
  /** At most 64 KiB; the rest is not read. */
  readonly body: string;
}

export interface Download {
  readonly status: number;
  /** As it was sent; empty when there was none. */
  readonly contentType: string;
  /** Where the answer refers to; nobody is sent there. */
  readonly location?: string;
  readonly bytes: Uint8Array;
}

/** An answer that is still coming; whoever asked reads it to its end or destroys it. */
export interface OpenReply {
  readonly status: number;
  readonly body: Readable;
}

export interface Outbound {
  /** @throws {GatehouseError} `outbound_refused` when the address may not be called */
  checkUrl(url: string): void;
  send(request: OutboundRequest): Promise<OutboundReply>;
  /** A whole answer as bytes. @throws {GatehouseError} `too_large` when it has more than `maxBytes`; nothing beyond is read */
  download(request: OutboundRequest & { readonly maxBytes: number }): Promise<Download>;
  /** An answer as a stream, for what is too large for memory. `timeoutMs` is for the whole of it. */
  open(request: OutboundRequest): Promise<OpenReply>;
  /**
   * For the few protocols that are not HTTP (mail): an address that may be called, to be used for this one connection.
   * @throws {GatehouseError} `outbound_refused`; an error with the code of the resolver when the name leads nowhere
   */
  resolveHost(host: string, port: number): Promise<ResolvedHost>;
  /** The application behind the reverse proxy: one address, named by the operator; nothing that a client says chooses another. */
  openOrigin(url: string): Origin;
  close(): Promise<void>;
}

export interface ResolvedHost {
  readonly address: string;
  /** The operator named this host as one of their own. */
  readonly isAllowed: boolean;
}

const TIMEOUT_MS = 15_000;
const REPLY_BYTES_MAX = 65_536;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/**
 * Not public: this host, private, link-local, carrier-grade NAT, documentation, benchmarks, multicast, reserved; and the IPv6 forms that carry
 * IPv4. Two lists, because `BlockList` holds an IPv4 address against IPv6 ranges in its mapped form: ::ffff:0:0/96 would match all of them.
 */
const NOT_PUBLIC_4 = new BlockList();
const NOT_PUBLIC_6 = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  NOT_PUBLIC_4.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of [
  ['::', 96],
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const)
  NOT_PUBLIC_6.addSubnet(net, bits, 'ipv6');

export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !NOT_PUBLIC_4.check(address, 'ipv4');
  return family === 6 && !NOT_PUBLIC_6.check(address, 'ipv6');
}

export function createOutbound(allowed: readonly string[]): Outbound {
  const allowList = new Set(allowed.map((host) => host.toLowerCase()));
  // `host` leaves out the port of the scheme; the list may name it all the same.
  const isAllowedHost = (host: string, port: string | undefined): boolean => allowList.has(host) || allowList.has(`${host}:${port}`);
  const isAllowed = (url: URL): boolean => isAllowedHost(url.hostname, url.port === '' ? DEFAULT_PORTS[url.protocol] : url.port);
  const guarded = createAgent(true);
  const trusted = createAgent(false);
  const check = (text: string): URL => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
      throw refuse('It must be an http(s) address without a user name.');
    if (isAllowed(url)) return url;
    if (url.protocol !== 'https:') throw refuse('Only https is called.');
    const literal = url.hostname.replace(/^\[|\]$/g, '');
    if (isIP(literal) !== 0 && !isPublicAddress(literal)) throw refuse('It is not a public address.');
    return url;
  };
  const call = (outgoing: OutboundRequest): ReturnType<typeof request> => {
    const url = check(outgoing.url);
    const timeout = AbortSignal.timeout(outgoing.timeoutMs ?? TIMEOUT_MS);
    return request(url, {
      method: outgoing.method,
      headers: { 'user-agent': 'gatehouse', ...outgoing.headers },
      body: outgoing.body ?? null,
      dispatcher: isAllowed(url) ? trusted : guarded,
      signal: outgoing.signal === undefined ? timeout : AbortSignal.any([timeout, outgoing.signal]),
    });
  };
  return {
    checkUrl: (url) => void check(url),
    async send(outgoing) {
      const reply = await call(outgoing);
      const { bytes } = await readBounded(reply.body, REPLY_BYTES_MAX);
      return { status: reply.statusCode, body: bytes.toString('utf8') };
    },
    async download({ maxBytes, ...outgoing }) {
      const reply = await call(outgoing);
      const { bytes, isWhole } = await readBounded(reply.body, maxBytes);
      if (!isWhole) throw new GatehouseError('too_large', `The answer has more than ${maxBytes} bytes. Nothing of it was kept.`);
      const [location] = [reply.headers['location']].flat();
      const contentType = [reply.headers['content-type']].flat()[0] ?? '';
      return { status: reply.statusCode, contentType, ...(location === undefined ? {} : { location }), bytes };
    },
    async open(outgoing) {
      const reply = await call(outgoing);
      // A body that is let go emits an error; without a listener that would end the process. Whoever reads sees it all the same.
      reply.body.on('error', () => undefined);
      return { status: reply.statusCode, body: reply.body };
    },
    async resolveHost(host, port) {
      const name = host.toLowerCase();
      const allows = isAllowedHost(name, String(port));
      const bare = name.replace(/^\[|\]$/g, '');
      if (isIP(bare) !== 0 && !allows && !isPublicAddress(bare)) throw refuse('It is not a public address.');
      return { address: isIP(bare) === 0 ? await lookupOne(bare, allows) : bare, isAllowed: allows };
    },
    openOrigin,
    async close() {
      await Promise.all([guarded.destroy(), trusted.destroy()]);
    },
  };
}

function refuse(reason: string): GatehouseError {
  return new GatehouseError('outbound_refused', `That address may not be called. ${reason}`);
}

function createAgent(isGuarded: boolean): Agent {
  return new Agent({ connections: 16, maxHeaderSize: 32_768, connect: isGuarded ? { lookup: lookupPublic } : {} });
}

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

function lookupPublic(host: string, options: object, callback: LookupCallback): void {
  dnsLookup(host, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, []);
    const first = addresses[0];
    if (first === undefined || !addresses.every(({ address }) => isPublicAddress(address)))
      return callback(refuse('Its name leads to an address that is not public.'), []);
    if ('all' in options && options.all === true) return callback(null, addresses);
    callback(null, first.address, first.family);
  });
}

function lookupOne(host: string, isAllowed: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const done: LookupCallback = (error, address) =>
      error === null && typeof address === 'string' ? resolve(address) : reject(error ?? refuse('Its name leads nowhere.'));
    if (isAllowed) dnsLookup(host, {}, done);
    else lookupPublic(host, {}, done);
  });
}

interface Bounded {
  readonly bytes: Buffer;
  /** False when there was more. */
  readonly isWhole: boolean;
}

async function readBounded(body: AsyncIterable<Uint8Array> & { destroy(): unknown }, maxBytes: number): Promise<Bounded> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > maxBytes) break;
  }
  body.destroy();
  return { bytes: Buffer.concat(chunks).subarray(0, maxBytes), isWhole: size <= maxBytes };
}
