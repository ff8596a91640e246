/** A small strict CBOR decoder for the kinds of item in WebAuthn, in tests only. */
export function decodeTestCbor(bytes: Uint8Array): unknown {
  const data = Buffer.from(bytes);
  let offset = 0;
  const readHead = (): readonly [major: number, value: number] => {
    const first = data.readUInt8(offset);
    offset += 1;
    const info = first & 31;
    if (info > 26) throw new RangeError('not a definite length of at most 32 bits');
    const size = info < 24 ? 0 : 2 ** (info - 24);
    const value = size === 0 ? info : data.readUIntBE(offset, size);
    offset += size;
    return [first >> 5, value];
  };
  const take = (size: number): Buffer => {
    if (offset + size > data.byteLength) throw new RangeError('ends early');
    offset += size;
    return data.subarray(offset - size, offset);
  };
  const readItem = (): unknown => {
    const [major, value] = readHead();
    if (major === 0) return value;
    if (major === 1) return -1 - value;
    if (major === 2) return take(value);
    if (major === 3) return take(value).toString('utf8');
    if (major === 4) return Array.from({ length: value }, readItem);
    if (major !== 5) throw new RangeError('not an item of WebAuthn');
    const map = new Map<unknown, unknown>();
    for (let index = 0; index < value; index++) {
      const key = readItem();
      if (map.has(key)) throw new RangeError('a key stands twice');
      map.set(key, readItem());
    }
    return map;
  };
  const item = readItem();
  if (offset !== data.byteLength) throw new RangeError('something stands behind the item');
  return item;
}
