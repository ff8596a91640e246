import { describe, expect, it } from 'vitest';
import { createAddressReader, isAddressRange, isServerAddress, networkOf } from './client-address.ts';

const read = (trusted: readonly string[], remoteAddress: string, forwardedFor?: string, forwardedProto?: string): string => {
  const { ip, isSecure } = createAddressReader(trusted)({ remoteAddress, isTls: false, forwardedFor, forwardedProto });
  return `${ip}${isSecure ? ' secure' : ''}`;
};

describe('without trusted proxies', () => {
  it('headers are not believed', () => {
    expect(read([], '198.51.100.7', '203.0.113.9', 'https')).toBe('198.51.100.7');
    expect(read([], '127.0.0.1', '203.0.113.9', 'https')).toBe('127.0.0.1');
  });

  it('an IPv4 address is the same however the socket writes it', () => {
    expect(read([], '::ffff:198.51.100.7')).toBe('198.51.100.7');
  });
});

describe('with trusted proxies', () => {
  const proxies = ['10.0.0.0/8', '2001:db8:1::/48', '192.0.2.1'];

  it.each([
    ['the client that the proxy names', '10.1.2.3', '203.0.113.9', '203.0.113.9'],
    ['the client before two proxies', '10.1.2.3', '203.0.113.9, 10.9.9.9', '203.0.113.9'],
    ['not what the client itself put in front', '10.1.2.3', '1.2.3.4, 203.0.113.9', '203.0.113.9'],
    ['not a proxy address that the client put in front', '10.1.2.3', '10.0.0.1, 203.0.113.9', '203.0.113.9'],
    ['a client behind IPv6 proxies', '2001:db8:1::5', '2001:db8:2::7', '2001:db8:2::7'],
    ['the client without its port', '192.0.2.1', '1.2.3.4, 203.0.113.9:4711', '203.0.113.9'],
    ['the client without its port, IPv6', '192.0.2.1', '1.2.3.4, [2001:db8:2::7]:4711', '2001:db8:2::7'],
    ['the proxy when it names something that is no address', '10.1.2.3', '1.2.3.4, unknown', '10.1.2.3'],
    ['the proxy when it names nothing', '10.1.2.3', '1.2.3.4, ', '10.1.2.3'],
    ['the outermost proxy when all are ours', '10.1.2.3', '10.0.0.7, 10.0.0.8', '10.0.0.7'],
    ['the peer when it is not a proxy of ours', '203.0.113.200', '1.2.3.4', '203.0.113.200'],
    ['the peer when it only looks like ours', '11.0.0.1', '1.2.3.4', '11.0.0.1'],
  ])('the address is %s', (_what, remote, forwardedFor, expected) => {
    expect(read(proxies, remote, forwardedFor)).toBe(expected);
  });

  it('only they say that the way was secure, and the last one counts', () => {
    expect(read(proxies, '10.1.2.3', '203.0.113.9', 'https')).toBe('203.0.113.9 secure');
    expect(read(proxies, '10.1.2.3', '203.0.113.9', 'https, http')).toBe('203.0.113.9');
    expect(read(proxies, '203.0.113.200', undefined, 'https')).toBe('203.0.113.200');
  });

  it('loopback means both families', () => {
    expect(read(['loopback'], '127.0.0.5', '203.0.113.9')).toBe('203.0.113.9');
    expect(read(['loopback'], '::1', '203.0.113.9')).toBe('203.0.113.9');
    expect(read(['loopback'], '::ffff:127.0.0.1', '203.0.113.9')).toBe('203.0.113.9');
  });
});

describe('isAddressRange', () => {
  it.each(['10.0.0.0/8', '192.0.2.1', '::1', 'fd00::/8', 'loopback', '10.0.0.0/32', '::1/128'])('accepts %s', (text) => {
    expect(isAddressRange(text)).toBe(true);
  });

  it.each(['', 'proxy.internal', '10.0.0.0/33', '0.0.0.0/0', '::/0', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0/8', '10.0.0.0/x', '::1/129', '10.0.0.0/08'])(
    'refuses %j',
    (text) => {
      expect(isAddressRange(text)).toBe(false);
    },
  );
});

describe('isServerAddress', () => {
  it.each(['192.0.2.53', '192.0.2.53:5353', '2001:db8::53', '[2001:db8::53]:53', '127.0.0.1:65535'])('accepts %s', (text) => {
    expect(isServerAddress(text)).toBe(true);
  });

  it.each([
    '',
    'resolver.example',
    '192.0.2.53:0',
    '192.0.2.53:65536',
    '192.0.2.53:',
    '192.0.2.300:53',
    '[192.0.2.53]:53',
    '[2001:db8::53]',
    '2001:db8::53:x',
    ':53',
  ])('refuses %j', (text) => {
    expect(isServerAddress(text)).toBe(false);
  });
});

describe('networkOf', () => {
  it.each([
    ['198.51.100.7', '198.51.100.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:2:ffff::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['not an address', 'not an address'],
  ])('%s -> %s', (ip, network) => {
    expect(networkOf(ip)).toBe(network);
  });
});
