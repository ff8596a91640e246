/*
 * The inner loops of @gatehouse/pdq (AssemblyScript; compiled by scripts/build-wasm.mjs to src/kernel.wasm.ts). src/filter.ts, box.ts and
 * transform.ts do the same in TypeScript: they are the oracle of the tests and the fallback. Every float32 operation is the reference's,
 * in the reference's order; lanes only hold what does not depend on each other.
 *
 * No data segment, no allocation, no globals: a filter is a block of fields at `f` (layout.ts) and the areas that these name.
 */
import { pushRows } from './filter';
import { gatherRow } from './nearest';
import { copyGrid, multiply, sumSteps, threshold, turnGrid } from './transform';

export { copyGrid, gatherRow, multiply, pushRows, sumSteps, threshold, turnGrid };
