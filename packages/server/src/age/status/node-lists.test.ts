import { createTrustStore } from '@gatehouse/credential';
import { createTestAuthority } from '@gatehouse/credential/simulator';
import { describe, expect, it } from 'vitest';
import { signStatusJwt } from '../../../test/support/status-issuer.ts';
import { NodeLists, type HeldList, type LookUp } from './node-lists.ts';

const NOW = new Date('2026-11-25T12:00:00.000Z');
const MIB = 1_048_576;
const authority = createTestAuthority({ now: NOW });
const trust = createTrustStore([authority.anchor]);
const hold = (uri: string, entries: number, revision = 1): HeldList => ({
  uri,
  issuer: null,
  fetchedAt: NOW,
  expiresAt: undefined,
  token: Buffer.from(signStatusJwt({ uri, now: NOW, entries, revoked: [3] }, authority.signer)),
  format: 'jwt',
  revision,
});

function createNode(maxBytes: number): { readonly node: NodeLists; readonly counted: LookUp[] } {
  const counted: LookUp[] = [];
  return { node: new NodeLists({ maxStaleMs: 60_000, maxBytes, count: (outcome) => void counted.push(outcome) }), counted };
}

describe('the lists of one node', () => {
  it('are unpacked when they are asked for, and the one that was used longest ago is let go', () => {
    const { node } = createNode(13 * MIB);
    const uris = ['a', 'b', 'c'];
    const lists = node.toStatusLists(new Map(uris.map((uri) => [uri, hold(uri, 24 * MIB)])), trust);
    expect(node.inflatedBytes).toBe(0);
    expect(lists.statusOf('a', 3, NOW)).toBe('invalid');
    expect(node.inflatedBytes).toBe(6 * MIB);
    for (const uri of ['b', 'a', 'c']) {
      expect(lists.statusOf(uri, 4, NOW)).toBe('valid');
      expect(node.inflatedBytes).toBeLessThanOrEqual(12 * MIB);
    }
    expect(node.inflatedBytes).toBe(12 * MIB);
  });

  it('one may be there even when it is larger than the bound', () => {
    const { node } = createNode(MIB);
    const lists = node.toStatusLists(new Map([['a', hold('a', 24 * MIB)]]), trust);
    expect([lists.statusOf('a', 3, NOW), lists.statusOf('a', 4, NOW), node.inflatedBytes]).toEqual(['invalid', 'valid', 6 * MIB]);
  });

  it('are verified again when the issuers changed, and read again when the list did', () => {
    const { node, counted } = createNode(MIB);
    const held = hold('a', 1024);
    expect(node.toStatusLists(new Map([['a', held]]), trust).statusOf('a', 3, NOW)).toBe('invalid');
    expect(node.toStatusLists(new Map([['a', held]]), createTrustStore([])).statusOf('a', 3, NOW)).toBe('unknown');
    const next = { ...held, revision: 2, token: Buffer.from(signStatusJwt({ uri: 'a', now: NOW }, authority.signer)) };
    expect(node.toStatusLists(new Map([['a', next]]), trust).statusOf('a', 3, NOW)).toBe('valid');
    expect(node.toStatusLists(new Map([['a', undefined]]), trust).statusOf('a', 3, NOW)).toBe('unknown');
    expect(counted).toEqual(['invalid', 'unreadable', 'valid', 'missing']);
    // Registered ones are not noted as seen.
    expect(node.seen.counts).toEqual([]);
  });
});
