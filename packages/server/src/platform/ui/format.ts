/** Figures and times as people read them. Always UTC and British English, so that two people who compare notes see the same text. */
const NUMBER = new Intl.NumberFormat('en-GB');
const DATE = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'long', year: 'numeric' });
const CLOCK = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `1234567` -> `1,234,567` */
export function formatNumber(value: number): string {
  return NUMBER.format(value);
}

/** `1 entry`, `2 entries` */
export function formatCount(value: number, one: string, many = `${one}s`): string {
  return `${formatNumber(value)} ${value === 1 ? one : many}`;
}

/** `1536` -> `1.5 KiB` */
export function formatBytes(bytes: number): string {
  if (bytes === 1) return '1 byte';
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? formatNumber(value) : value.toFixed(value < 10 ? 1 : 0)} ${UNITS[unit] ?? 'bytes'}`;
}

/** `0.42 ms`, `18 ms`, `1.2 s` */
export function formatMs(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms >= 10 ? Math.round(ms) : ms.toFixed(ms >= 1 ? 1 : 2)} ms`;
}

/** `25 November 2026, 12:00:00 UTC` */
export function formatTime(iso: string): string {
  if (!Number.isFinite(Date.parse(iso))) return iso;
  const at = Date.parse(iso);
  return `${DATE.format(at)}, ${CLOCK.format(at)} UTC`;
}

/** `2026-11-25` -> `25 November 2026` */
export function formatDay(day: string): string {
  const at = Date.parse(day);
  return Number.isFinite(at) ? DATE.format(at) : day;
}
