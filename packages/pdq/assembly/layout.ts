// Fields of a filter, u32 each, from its start. The numbers of src/scratch.ts.
export const WIDTH: usize = 0;
export const CHANNELS: usize = 4;
/** Rows of the picture, and of them read and filtered. */
export const HEIGHT: usize = 8;
export const READ: usize = 12;
export const DONE: usize = 16;
/** Widths of the boxes along a row and along a column. */
export const WINDOW_X: usize = 20;
export const WINDOW_Y: usize = 24;
/** Bytes from a row to the next in the ring. */
export const STRIDE: usize = 28;
export const RING_ROWS: usize = 32;
export const RING_AT: usize = 36;
export const SUMS_AT: usize = 40;
/** A row of zeros. */
export const ZERO_AT: usize = 44;
/** Eight rows side by side: 32 bytes for each column. */
export const BATCH_AT: usize = 48;
export const BOXES_AT: usize = 52;
/** By column, as f32: the samples that its box holds. */
export const COUNTS_AT: usize = 56;
/** Sampled columns, a multiple of four, and their positions, u32. */
export const COLUMNS: usize = 60;
export const COLUMNS_AT: usize = 64;
/** Sampled columns of filtered rows: a ring, its sums. */
export const NARROW_ROWS: usize = 68;
export const NARROW_AT: usize = 72;
export const NARROW_SUMS_AT: usize = 76;
/** Sampled rows in ascending order, each with the row of the grid that it becomes: two u32. */
export const SAMPLES: usize = 80;
export const SAMPLES_AT: usize = 84;
export const SAMPLED: usize = 88;
export const GRID_AT: usize = 92;

export const BATCH: u32 = 8;
