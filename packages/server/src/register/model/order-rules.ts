/** Order and groups. */

/** By code units, the same on every machine. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** `2` before `10`, `1.2` before `1.10`. */
export function compareNumbers(a: string, b: string): number {
  const partsOfB = b.split(/(\d+)/);
  for (const [index, part] of a.split(/(\d+)/).entries()) {
    const other = partsOfB[index];
    if (other === undefined) return 1;
    const order = index % 2 === 1 ? Number(part) - Number(other) : compareText(part, other);
    if (order !== 0) return order;
  }
  return compareText(a, b);
}

/** In the order in which each key is met first. */
export function groupBy<Value>(values: Iterable<Value>, keyOf: (value: Value) => string): Map<string, Value[]> {
  const groups = new Map<string, Value[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return groups;
}
