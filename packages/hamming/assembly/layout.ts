// The numbers of src/layout.ts.

// Header of the segment.
export const COUNT: usize = 16;
export const ROWS_AT: usize = 24;
export const LABELS_AT: usize = 28;
export const TABLE_AT: usize = 36;
export const ENTRIES_AT: usize = 40;
export const IDS_AT: usize = 44;

// Scratch of the caller, from its start.
export const FLIP_COUNTS: usize = 32;
export const PAIR_LIMITS: usize = 64;
export const RADIUS: usize = 80;
export const LABEL_COUNT: usize = 84;
export const SURVIVORS_MAX: usize = 88;
export const VISITED_AT: usize = 92;
export const SURVIVORS_AT: usize = 96;
export const DISTANCES_AT: usize = 100;
export const TOUCHED: usize = 104;
export const CHECKSUM: usize = 128;
export const LABELS: usize = 192;
export const FLIPS: usize = LABELS + 65536;
export const FLIP_WEIGHTS: usize = FLIPS + 1408;
export const PROBES: usize = FLIP_WEIGHTS + 704;
export const POSITIONS: usize = PROBES + 11153 * 8;

export const POSITIONS_MAX: usize = 16384;
export const CHUNKS: usize = 16;
export const CHUNK_VALUES: usize = 65536;
export const BOUNDS_PER_CHUNK: usize = 65537;
export const ROW_BYTES: usize = 32;
