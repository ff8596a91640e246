/** The time and the randomness of the host. Nothing else in this package asks for either. */
const MS = 1000;

/** Seconds since 1970, whole. */
export function readTimeS(): number {
  return Math.floor(Date.now() / MS);
}

export function drawBytes(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length));
}
