/** Pure. */

/** Two-sided 95 %. */
const Z = 1.959_963_984_540_054;

/** Of a share: Wilson's score interval, which also holds for none and for all of few (E. B. Wilson, 1927). */
export function wilsonInterval(found: number, of: number): { readonly low: number; readonly high: number } {
  const share = found / of;
  const spread = Z ** 2 / of;
  const middle = share + spread / 2;
  const half = Z * Math.sqrt((share * (1 - share)) / of + spread / (4 * of));
  return { low: Math.max(0, (middle - half) / (1 + spread)), high: Math.min(1, (middle + half) / (1 + spread)) };
}
