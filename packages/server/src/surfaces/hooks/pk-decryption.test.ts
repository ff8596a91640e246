import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { encryptForScanner } from '../../../test/support/surfaces/matrix-client.ts';
import { createPkDecryption } from './pk-decryption.ts';

/** libolm's own vector (tests/test_pk.cpp): Alice's key of RFC 7748, section 6.1. */
const ALICE = Buffer.from('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a', 'hex');
const MESSAGE = { ciphertext: 'ntk49j/KozVFtSqJXhCejg', mac: 'zpzU6BkZcNI', ephemeral: '3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08' };

describe('PkDecryption', () => {
  const pk = createPkDecryption(ALICE);

  it('agrees with libolm', () => {
    expect(pk.publicKey).toBe('hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo');
    expect(pk.decrypt(MESSAGE)).toBe('This is a test');
    expect(pk.decrypt(encryptForScanner(pk.publicKey, 'héllo'))).toBe('héllo');
  });

  it('reads nothing that was not made for this key', () => {
    const other = createPkDecryption(createHash('sha256').update('other').digest());
    expect(other.decrypt(MESSAGE)).toBeUndefined();
    for (const wrong of [{ mac: 'zpzU6BkZcNA' }, { mac: '' }, { ciphertext: 'AAAA' }, { ciphertext: '' }, { ephemeral: '' }, { ephemeral: 'A'.repeat(43) }])
      expect(pk.decrypt({ ...MESSAGE, ...wrong })).toBeUndefined();
  });
});
