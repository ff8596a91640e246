/** What a person typed, reduced to what may be asked about: a host name, an address or the number of a network. The rest of a URL is forgotten here. */
import { GatehouseError } from '../../platform/errors.ts';
import { formatAddress, parseAddress, type Address } from './address-rules.ts';
import { toAsn } from './country-rules.ts';
import type { Target } from './schema.ts';

export type Asked =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'address'; readonly address: Address; readonly text: string }
  | { readonly kind: 'asn'; readonly asn: number }
  | { readonly kind: 'onion'; readonly name: string };

const NAME_CHARS_MAX = 253;
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;
/** Names without a host in the public DNS (RFC 6761, RFC 6762, RFC 8375, RFC 9476). `example` and `test` are for nobody to treat as special (RFC 6761, 6.2, 6.5). */
const NOT_PUBLIC = /(^|\.)(alt|home\.arpa|internal|invalid|lan|local|localdomain|localhost)$/;

/** @throws {GatehouseError} `hosting_target_invalid`; its text never repeats what was typed */
export function parseTarget({ kind, value }: Target): Asked {
  switch (kind) {
    case 'url':
      return parseUrl(value);
    case 'domain':
      return parseDomain(value);
    case 'ip':
      return parseIp(value.trim());
    case 'asn': {
      const asn = toAsn(value);
      if (asn === null) throw refuse('It must be the number of a network, such as AS64496.');
      return { kind: 'asn', asn };
    }
  }
}

/** Reports are often written so that nobody opens them by accident: `hxxps://example[.]org/`. */
function undoDefanging(text: string): string {
  return text
    .trim()
    .replace(/^hxxp(s?):/i, 'http$1:')
    .replaceAll(/\[\.\]|\(\.\)/g, '.');
}

/** As a browser reads it, because that is where the material is: odd forms of addresses, names in other scripts, user names before an @. */
function parseUrl(value: string): Asked {
  const text = undoDefanging(value);
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) throw refuse('It must be an address that begins with http:// or https://.');
  return parseHost(new URL(text).hostname);
}

function parseDomain(value: string): Asked {
  const text = undoDefanging(value);
  if (/[/?#@:\\\s%[\]]/.test(text) || !URL.canParse(`http://${text}/`)) throw refuse('It must be a domain name, such as example.org, and nothing else.');
  const host = new URL(`http://${text}/`).hostname;
  if (parseAddress(host) !== undefined) throw refuse('That is an address: give it as an address.');
  return parseHost(host);
}

function parseIp(text: string): Asked {
  const address = parseAddress(text.replace(/^\[(.*)\]$/, '$1'));
  if (address === undefined) throw refuse('It must be an IPv4 address of four decimal numbers, or an IPv6 address without a zone.');
  return { kind: 'address', address, text: formatAddress(address) };
}

/** @param host as `URL` gives it: small letters, punycode, addresses in their usual form */
function parseHost(host: string): Asked {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  const address = parseAddress(bare);
  if (address !== undefined) return { kind: 'address', address, text: formatAddress(address) };
  // One dot at the end is the root; a second one is an empty label.
  const name = bare.replace(/\.$/, '');
  const labels = name.split('.');
  if (name.length > NAME_CHARS_MAX || labels.length < 2 || !labels.every((label) => LABEL.test(label)))
    throw refuse('It must have a full host name, such as www.example.org.');
  if (/(^|\.)onion$/.test(name)) return { kind: 'onion', name };
  if (NOT_PUBLIC.test(name)) throw refuse('That name is not one of the public Internet.');
  return { kind: 'name', name };
}

export function refuse(reason: string): GatehouseError {
  return new GatehouseError('hosting_target_invalid', `${reason} Nothing was asked and nothing was kept.`);
}

/**
 * Names that a registry may know, the shortest first: without a list of public suffixes nobody can tell `example.co.uk` from `co.uk`. The first that has a
 * registrar is the one. Shortest first tells the registry least.
 */
export function listRegistrable(name: string): string[] {
  const labels = name.split('.');
  return [2, 3, 4].filter((count) => count <= labels.length).map((count) => labels.slice(-count).join('.'));
}
