/**
 * Moves the age page on when the check was answered elsewhere.
 *
 *   <div data-age-live="look" data-session="age_…">      asks when the person comes back to this page
 *   <div data-age-live="watch" data-session="age_…" data-version="3" data-seconds="120" data-text-left="… {seconds}" data-text-expired="…">
 *     listens all the time, and counts down:
 *     <div data-code>, which goes when it has expired; <p data-left>; <p role="status">; [data-live-only] is shown
 *
 * Only a page with a code holds a connection: the server has a limited number of them.
 */
import { announce } from './dom.ts';

interface View {
  readonly state: string;
  readonly notice?: string;
  readonly version: number;
}

const LOOK_MS = 10_000;
/** Said aloud at these seconds, and no more often. */
const SPOKEN: readonly number[] = [60, 10];

const part = document.querySelector<HTMLElement>('[data-age-live]');
if (part !== null) {
  // A page out of the browser's memory is as old as it is.
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) void look(part);
  });
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') void look(part);
  });
  if (part.dataset['ageLive'] === 'watch') watch(part);
}

function pageOf({ dataset }: HTMLElement): string {
  return `/age/${dataset['session'] ?? ''}`;
}

/** Its end, or what became of the attempt with this code, which is then used up: the page says it. An older notice was there before the code. */
function isNews({ state, notice, version }: View, { dataset }: HTMLElement): boolean {
  return state !== 'open' || (dataset['ageLive'] === 'watch' && notice !== undefined && version > Number(dataset['version']));
}

function follow(view: View, from: HTMLElement): boolean {
  const hasNews = isNews(view, from);
  if (hasNews) location.assign(pageOf(from));
  return hasNews;
}

async function look(from: HTMLElement): Promise<void> {
  const view = await readState(`${pageOf(from)}/state`);
  if (view !== undefined) follow(view, from);
}

async function readState(url: string): Promise<View | undefined> {
  try {
    const response = await fetch(url, { credentials: 'same-origin' });
    return response.ok ? ((await response.json()) as View) : undefined;
  } catch {
    return undefined;
  }
}

function watch(from: HTMLElement): void {
  for (const shown of from.querySelectorAll<HTMLElement>('[data-live-only]')) shown.hidden = false;
  countDown(from);
  const events = new EventSource(`${pageOf(from)}/events`);
  events.addEventListener('state', ({ data }: MessageEvent<string>) => {
    if (follow(JSON.parse(data) as View, from)) events.close();
  });
  // Where the server has no connection left, or a proxy keeps the events back.
  setInterval(() => {
    if (!document.hidden) void look(from);
  }, LOOK_MS);
}

/** By the clock, not by counting: timers stand still in pages that nobody sees. */
function countDown(from: HTMLElement): void {
  const endMs = performance.now() + 1000 * Number(from.dataset['seconds']);
  const left = from.querySelector<HTMLElement>('[data-left]');
  const status = from.querySelector('[role="status"]');
  let lastS = Number.POSITIVE_INFINITY;
  const tick = (): void => {
    const seconds = Math.max(0, Math.ceil((endMs - performance.now()) / 1000));
    const text = (from.dataset['textLeft'] ?? '').replace('{seconds}', String(seconds));
    if (left !== null) left.textContent = text;
    if (SPOKEN.some((mark) => seconds <= mark && mark < lastS) && seconds > 0) announce(status, text);
    lastS = seconds;
    if (seconds > 0) return;
    clearInterval(timer);
    expire(from);
  };
  const timer = setInterval(tick, 1000);
  tick();
}

function expire(from: HTMLElement): void {
  from.querySelector('[data-code]')?.remove();
  from.querySelector('[data-left]')?.remove();
  announce(from.querySelector('[role="status"]'), from.dataset['textExpired'] ?? '');
}
