import { KERNEL } from './kernel.wasm.ts';
import { COSINES, COSINES_TURNED } from './transform.ts';

export type KernelName = 'wasm' | 'typescript';

export interface KernelOptions {
  /** Default `auto`: WebAssembly where the platform allows it. Both give the same, bit for bit. */
  readonly kernel?: KernelName | 'auto' | undefined;
}

interface WasmMemory {
  readonly buffer: ArrayBufferLike;
  grow(pages: number): number;
}

/** What is used of WebAssembly; this package has no DOM types. */
interface WasmApi {
  readonly Memory: new (descriptor: { initial: number }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: { env: { memory: WasmMemory } }) => { readonly exports: object };
}

/** Functions of assembly/kernel.ts. All numbers are addresses in bytes unless they are counts. */
interface Exports {
  pushRows(filter: number, from: number): void;
  gatherRow(from: number, offsets: number, ...rest: readonly [count: number, channels: number, to: number]): void;
  multiply(left: number, right: number, ...rest: readonly [columns: number, to: number]): void;
  sumSteps(grid: number): number;
  threshold(coefficients: number, keys: number, to: number): void;
  turnGrid(from: number, to: number): void;
  copyGrid(from: number, stride: number, to: number): void;
}

const PAGE_BYTES = 65_536;

/** The fixed areas at the beginning of the memory. */
export const AREA = {
  cosines: 0,
  cosinesTurned: 4096,
  grid: 8192,
  turned: 24_640,
  product: 41_088,
  block: 45_184,
  keys: 46_208,
  hash: 47_232,
  rest: 47_296,
} as const;

/** One instance with a memory of its own, which grows to the largest picture that it was given and is used again and again. */
export class WasmKernel {
  readonly #memory: WasmMemory;
  readonly run: Exports;
  bytes: Uint8Array;
  words: Uint32Array;
  floats: Float32Array;

  constructor(api: WasmApi, module: object) {
    this.#memory = new api.Memory({ initial: 2 });
    this.run = new api.Instance(module, { env: { memory: this.#memory } }).exports as unknown as Exports;
    const { buffer } = this.#memory;
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
    this.floats = new Float32Array(buffer);
    this.floats.set(COSINES, AREA.cosines / 4);
    this.floats.set(COSINES_TURNED, AREA.cosinesTurned / 4);
  }

  /** Makes the memory at least that large. Addresses stay; the views are new ones. @throws RangeError when there is no memory */
  reserve(bytes: number): void {
    const missing = bytes - this.bytes.length;
    if (missing <= 0) return;
    this.#memory.grow(Math.ceil(missing / PAGE_BYTES));
    const { buffer } = this.#memory;
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
    this.floats = new Float32Array(buffer);
  }

  /** The hash of the 64 x 64 samples at `AREA.grid` or `AREA.turned`, 64 hexadecimal digits. */
  hashGrid(grid: number): string {
    this.run.multiply(AREA.cosines, grid, 64, AREA.product);
    this.run.multiply(AREA.product, AREA.cosinesTurned, 16, AREA.block);
    this.run.threshold(AREA.block, AREA.keys, AREA.hash);
    let hash = '';
    for (let at = AREA.hash + 31; at >= AREA.hash; at--) hash += HEX[this.bytes[at] ?? 0] ?? '';
    return hash;
  }

  /** 0 to 100, of the samples at `AREA.grid`. */
  measureQuality(): number {
    return Math.min(100, Math.trunc(this.run.sumSteps(AREA.grid) / 90));
  }
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

let compiled: { readonly api: WasmApi; readonly module: object } | null | undefined;

/** Undefined where WebAssembly, its SIMD or its compiling at once is refused, or `options` asks for TypeScript. */
export function openKernel({ kernel = 'auto' }: KernelOptions = {}): WasmKernel | undefined {
  if (kernel === 'typescript') return undefined;
  compiled ??= compile() ?? null;
  if (compiled !== null) return new WasmKernel(compiled.api, compiled.module);
  if (kernel === 'wasm') throw new TypeError('WebAssembly with SIMD is not available here.');
  return undefined;
}

function compile(): { readonly api: WasmApi; readonly module: object } | undefined {
  const api: unknown = Reflect.get(globalThis, 'WebAssembly');
  if (api === undefined) return undefined;
  try {
    const found = api as WasmApi;
    const module = new found.Module(decodeBase64(KERNEL));
    // Whether an instance can be made is part of the question.
    return new WasmKernel(found, module).run.sumSteps === undefined ? undefined : { api: found, module };
  } catch {
    return undefined;
  }
}

declare const atob: (text: string) => string;

function decodeBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** Shared by the calls that hash a whole picture at once: none of them leaves anything in it. */
let shared: WasmKernel | undefined;

export function sharedKernel(options: KernelOptions): WasmKernel | undefined {
  if (options.kernel === 'typescript') return undefined;
  return (shared ??= openKernel(options));
}
