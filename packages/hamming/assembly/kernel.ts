/*
 * The inner loops of @gatehouse/hamming over the memory of one segment (AssemblyScript; compiled by scripts/build-wasm.mjs to
 * src/kernel.wasm.ts). src/typescript-kernel.ts does the same in TypeScript: it is the oracle of the tests and the fallback.
 *
 * The layout is that of src/layout.ts. The header of the segment is at 0; `s` is the start of the caller's own scratch memory, so that
 * several threads can search one memory at the same time. There is no data segment, no allocation and no global: nothing but
 * the memory has a state.
 */
import { checkBounds, countKeys, placeEntries, startBuckets } from './build';
import { linkRows, searchChains } from './chains';
import { addChecksum } from './checksum';
import { permuteRow, permuteRows } from './permutation';
import { scanRows } from './rows';
import { searchRing } from './ring';

export { addChecksum, checkBounds, countKeys, linkRows, permuteRow, permuteRows, placeEntries, scanRows, searchChains, searchRing, startBuckets };
