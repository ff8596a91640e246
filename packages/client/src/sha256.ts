/** SHA-256 (FIPS 180-4) piece by piece: WebCrypto hashes only what is in memory as a whole, and files are larger than that. */

export interface Sha256 {
  update(bytes: Uint8Array): void;
  /** 64 lower-case hexadecimal digits. To be called once. */
  finish(): string;
}

const BLOCK_BYTES = 64;
const WORD = 2 ** 32;

const PRIMES = listPrimes(64);
/** The first 32 bits of the fractional parts of cube and square roots of primes (sections 4.2.2, 5.3.3). */
const ROUND = Int32Array.from(PRIMES, (prime) => takeFraction(prime, 3n));
const START = Int32Array.from(PRIMES.slice(0, 8), (prime) => takeFraction(prime, 2n));

export function createSha256(): Sha256 {
  const state = START.slice();
  const words = new Int32Array(64);
  const rest = new Uint8Array(BLOCK_BYTES);
  let held = 0;
  let total = 0;
  const absorb = (bytes: Uint8Array): void => {
    let at = 0;
    if (held > 0) {
      const taken = Math.min(BLOCK_BYTES - held, bytes.length);
      rest.set(bytes.subarray(0, taken), held);
      held += taken;
      at = taken;
      if (held < BLOCK_BYTES) return;
      compress(state, words, rest);
      held = 0;
    }
    const view = bytes.subarray(at);
    const whole = view.length - (view.length % BLOCK_BYTES);
    for (let block = 0; block < whole; block += BLOCK_BYTES) compress(state, words, view.subarray(block, block + BLOCK_BYTES));
    rest.set(view.subarray(whole), 0);
    held = view.length - whole;
  };
  return {
    update(bytes) {
      total += bytes.length;
      absorb(bytes);
    },
    finish() {
      const padding = new Uint8Array(held < 56 ? BLOCK_BYTES - held : 2 * BLOCK_BYTES - held);
      padding[0] = 0x80;
      const view = new DataView(padding.buffer);
      view.setUint32(padding.length - 8, Math.floor((total * 8) / WORD));
      view.setUint32(padding.length - 4, (total * 8) % WORD);
      absorb(padding);
      return [...state].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
    },
  };
}

const at = (words: Int32Array | Uint8Array, index: number): number => words[index] ?? 0;
const rotate = (x: number, by: number): number => (x >>> by) | (x << (32 - by));

function compress(state: Int32Array, words: Int32Array, block: Uint8Array): void {
  for (let t = 0; t < 16; t++) words[t] = (at(block, t * 4) << 24) | (at(block, t * 4 + 1) << 16) | (at(block, t * 4 + 2) << 8) | at(block, t * 4 + 3);
  for (let t = 16; t < 64; t++) {
    const [x, y] = [at(words, t - 15), at(words, t - 2)];
    const s0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
    const s1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
    words[t] = at(words, t - 16) + s0 + at(words, t - 7) + s1;
  }
  let [a, b, c, d] = [at(state, 0), at(state, 1), at(state, 2), at(state, 3)];
  let [e, f, g, h] = [at(state, 4), at(state, 5), at(state, 6), at(state, 7)];
  for (let t = 0; t < 64; t++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + at(ROUND, t) + at(words, t)) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] = at(state, 0) + a;
  state[1] = at(state, 1) + b;
  state[2] = at(state, 2) + c;
  state[3] = at(state, 3) + d;
  state[4] = at(state, 4) + e;
  state[5] = at(state, 5) + f;
  state[6] = at(state, 6) + g;
  state[7] = at(state, 7) + h;
}

function listPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return primes;
}

/** floor(frac(prime^(1/root)) 2^32), in whole numbers: a floating root is not exact enough to be relied upon. */
function takeFraction(prime: number, root: bigint): number {
  const target = BigInt(prime) << (32n * root);
  let [low, high] = [0n, 1n << 40n];
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** root <= target) low = middle;
    else high = middle;
  }
  return Number(BigInt.asIntN(32, low));
}
