/** The side of the grid that the filtered picture is sampled to. */
export const GRID = 64;

/** Width of the box filter along an axis of `size` pixels (specification step 4). */
export function windowFor(size: number): number {
  return Math.floor((size + 127) / 128);
}

/** How many samples a box at position p reaches to the right, p excluded. To the left it reaches `window - 1` less that. */
export function reachAhead(window: number): number {
  return Math.floor(window / 2);
}

/** The 64 positions at which the filtered axis is sampled (specification step 5). */
export function forwardPositions(size: number): number[] {
  return Array.from({ length: GRID }, (_, k) => Math.trunc(((k + 0.5) * size) / GRID));
}

/**
 * The position just before the first pixel. `mirroredPositions` names it only where the window is 2 (129 to 256 pixels), and
 * filter.ts computes its value.
 */
export const BEFORE_FIRST = -1;

/**
 * The 64 positions in the filtered *unflipped* axis that hold what sampling the filtered *flipped* axis would give.
 *
 * A box of odd width is symmetric: position p of the flipped axis is position size-1-p of the unflipped one. A box of even
 * width 2k reaches one further ahead than behind, and flipping swaps that, so each of the two passes moves by one:
 * size-3-p. The moved boxes stay clear of both ends (the smallest such position is 2k-3, and a pass there would differ from its
 * mirror image only at positions below k-1) except for k = 1, where the last sample falls on -1.
 */
export function mirroredPositions(size: number): number[] {
  const last = windowFor(size) % 2 === 0 ? size - 3 : size - 1;
  return forwardPositions(size).map((position) => last - position);
}
