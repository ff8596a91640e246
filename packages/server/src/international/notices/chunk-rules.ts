export function toChunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_none, i) => items.slice(i * size, (i + 1) * size));
}
