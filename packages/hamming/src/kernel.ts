import { KERNEL } from './kernel.wasm.ts';
import { bufferOf, findWebAssembly, type SegmentMemory, type WasmMemory } from './memory.ts';
import { TypescriptKernel } from './typescript-kernel.ts';

export type KernelName = 'wasm' | 'typescript';

/**
 * The inner loops, over the memory of one segment. `s` is where the caller's scratch memory begins, `from` and `to` are row numbers
 * (`to` exclusive). The two implementations do the same, bit for bit, and may work on one memory at the same time.
 */
export interface Kernel {
  /** Permutes the 32 bytes at an address in place. */
  permuteRow(at: number): void;
  permuteRows(from: number, to: number): void;
  /** Compares all these rows (at most `survivorsMax`); returns the number of matches, which stand in `survivors` and `distances`. */
  scanRows(s: number, from: number, to: number): number;
  /** The same for all rows of a ring segment through its lists; -1 when a scan is cheaper. */
  searchRing(s: number): number;
  /** The same for a growing segment through its chains. */
  searchChains(s: number): number;
  linkRows(from: number, to: number): void;
  countKeys(chunk: number, from: number, to: number): void;
  startBuckets(chunk: number): void;
  placeEntries(chunk: number, from: number, to: number): void;
  /** Not 0 when the bounds ascend to the number of rows in every chunk and no row number is out of range. */
  checkBounds(): number;
  /** Continues the checksum in the scratch memory over a multiple of 64 bytes. */
  addChecksum(s: number, at: number, bytes: number): void;
}

let compiled: object | null | undefined;

/** `null` where WebAssembly, its vectors or compiling at once (a content security policy) is not allowed: TypeScript does the work then. */
function compileKernel(): object | null {
  if (compiled !== undefined) return compiled;
  try {
    const api = findWebAssembly();
    compiled = api === undefined ? null : new api.Module(decodeBase64(KERNEL));
  } catch {
    compiled = null;
  }
  return compiled;
}

/** The kernel for `wanted`, or the best that the platform and the memory allow. */
export function createKernel(memory: SegmentMemory, wanted: KernelName | 'auto'): { readonly name: KernelName; readonly kernel: Kernel } {
  const wasm = wanted === 'typescript' || memory instanceof ArrayBuffer ? undefined : instantiate(memory);
  return wasm === undefined ? { name: 'typescript', kernel: new TypescriptKernel(bufferOf(memory)) } : { name: 'wasm', kernel: wasm };
}

function instantiate(memory: WasmMemory): Kernel | undefined {
  const api = findWebAssembly();
  const module = compileKernel();
  if (api === undefined || module === null) return undefined;
  // The exports are the functions of assembly/kernel.ts; the tests compare all of them with the other kernel.
  return new api.Instance(module, { env: { memory } }).exports as Kernel;
}

declare const atob: (text: string) => string;

function decodeBase64(text: string): Uint8Array {
  const characters = atob(text);
  return Uint8Array.from({ length: characters.length }, (_, at) => characters.charCodeAt(at));
}
