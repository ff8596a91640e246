/** Names that are the same each time (RFC 9562, version 5): an export of the same input has the same bytes. */
import { createHash } from 'node:crypto';

/** Version 5 of the namespace for addresses (6ba7b811-9dad-11d1-80b4-00c04fd430c8) and the name `urn:gatehouse:ns:code`. */
export const NAMESPACE = 'fdd88bff-eb64-5f01-962c-42a55886cd35';

export function makeUuid(name: string, namespace: string = NAMESPACE): string {
  const hash = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest()
    .subarray(0, 16);
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
