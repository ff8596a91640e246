/** What people type, and what they are made to paste. */
import { expect, it } from 'vitest';
import { isGatehouseError } from '../../platform/errors.ts';
import type { Target } from './schema.ts';
import { listRegistrable, parseTarget } from './target-rules.ts';

/** As text: `name:…`, `address:…`, or `refused`. */
function ask(kind: Target['kind'], value: string): string {
  try {
    const asked = parseTarget({ kind, value });
    switch (asked.kind) {
      case 'name':
      case 'onion':
        return `${asked.kind}:${asked.name}`;
      case 'address':
        return `address:${asked.text}`;
      case 'asn':
        return `asn:${asked.asn}`;
    }
  } catch (error) {
    if (!isGatehouseError(error, 'hosting_target_invalid')) throw error;
    // A URL is a secret: messages go to pages, terminals and logs.
    if (value !== '') expect(error.message).not.toContain(value);
    return 'refused';
  }
}

it.each([
  ['https://www.example.org/a/b?c=d#e', 'name:www.example.org'],
  ['  HTTP://WWW.Example.ORG.:8443/x ', 'name:www.example.org'],
  ['https://good.example.net@bad.example.org/', 'name:bad.example.org'],
  ['https://user:password@bad.example.org:1/', 'name:bad.example.org'],
  ['https://good.example.net\\@bad.example.org/', 'name:good.example.net'],
  ['https://bücher.example.org/', 'name:xn--bcher-kva.example.org'],
  ['https://ｅｘａｍｐｌｅ.org/', 'name:example.org'],
  ['https://example。org/', 'name:example.org'],
  ['hxxps://bad[.]example[.]org/path', 'name:bad.example.org'],
  ['https://198.51.100.7/', 'address:198.51.100.7'],
  ['https://3325256711/', 'address:198.51.100.7'],
  ['https://0xc6.0x33.0x64.7/', 'address:198.51.100.7'],
  ['https://0306.063.0144.07/', 'address:198.51.100.7'],
  ['https://198.51.25607/', 'address:198.51.100.7'],
  ['https://[2001:db8::7]:8443/', 'address:2001:db8::7'],
  ['https://[::ffff:198.51.100.7]/', 'address:198.51.100.7'],
  ['https://[::ffff:c633:6407]/', 'address:198.51.100.7'],
  ['http://abcdefghijklmnop.onion/x', 'onion:abcdefghijklmnop.onion'],
  ['http://www.abcdefghijklmnop.onion./x', 'onion:www.abcdefghijklmnop.onion'],
  ['https://localhost/', 'refused'],
  ['https://a.localhost/', 'refused'],
  ['https://printer.local/', 'refused'],
  ['https://intranet/', 'refused'],
  ['https://router.home.arpa/', 'refused'],
  ['https://example..org/', 'refused'],
  ['https://example.org../', 'refused'],
  ['https://-example.org/', 'refused'],
  [`https://${'a'.repeat(64)}.example.org/`, 'refused'],
  [`https://${'a.'.repeat(130)}org/`, 'refused'],
  ['https://[fe80::1%25eth0]/', 'refused'],
  ['https://256.1.1.1/', 'refused'],
  ['https://a b.example.org/', 'refused'],
  ['https://exa%00mple.org/', 'refused'],
  ['https:///', 'refused'],
  ['ftp://example.org/', 'refused'],
  ['file:///etc/passwd', 'refused'],
  ['javascript:alert(1)', 'refused'],
  ['data:text/plain,x', 'refused'],
  ['example.org', 'refused'],
])('URL %s: %s', (value, expected) => expect(ask('url', value)).toBe(expected));

it.each([
  ['Example.ORG.', 'name:example.org'],
  ['bad[.]example[.]org', 'name:bad.example.org'],
  ['münchen.example', 'name:xn--mnchen-3ya.example'],
  ['x.onion', 'onion:x.onion'],
  ['example.org/path', 'refused'],
  ['example.org:80', 'refused'],
  ['user@example.org', 'refused'],
  ['exa%6dple.org', 'refused'],
  ['198.51.100.7', 'refused'],
  ['3325256711', 'refused'],
  ['0xc6336407', 'refused'],
  ['com', 'refused'],
  ['', 'refused'],
  ['example.org\nexample.net', 'refused'],
])('domain %j: %s', (value, expected) => expect(ask('domain', value)).toBe(expected));

it.each([
  ['198.51.100.7', 'address:198.51.100.7'],
  [' 2001:DB8::7 ', 'address:2001:db8::7'],
  ['[2001:db8::7]', 'address:2001:db8::7'],
  ['::ffff:198.51.100.7', 'address:198.51.100.7'],
  // Two programs would read two addresses.
  ['0306.063.0144.07', 'refused'],
  ['198.51.100.07', 'refused'],
  ['3325256711', 'refused'],
  ['198.51.100', 'refused'],
  ['198.51.100.7/24', 'refused'],
  ['fe80::1%eth0', 'refused'],
  ['198.51.100.7:80', 'refused'],
])('address %s: %s', (value, expected) => expect(ask('ip', value)).toBe(expected));

it.each([
  ['AS64496', 'asn:64496'],
  ['as64496', 'asn:64496'],
  ['64496', 'asn:64496'],
  ['0', 'refused'],
  ['AS4294967295', 'refused'],
  ['9999999999', 'refused'],
])('network %s: %s', (value, expected) => expect(ask('asn', value)).toBe(expected));

it('asks registries for the shortest part of a name first', () => {
  expect(listRegistrable('a.b.example.co.uk')).toEqual(['co.uk', 'example.co.uk', 'b.example.co.uk']);
  expect(listRegistrable('example.org')).toEqual(['example.org']);
});
