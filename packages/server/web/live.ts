/**
 * Keeps one part of a page up to date while something is under way: asks for the same page again and puts its `[data-live]` part in
 * place of the old one, until the server says that it is final. A page without JavaScript offers a link to reload.
 */
import { announce } from './dom.ts';

const PAUSE_MS = 1500;
const PAUSE_MAX_MS = 15_000;

void follow();

async function follow(): Promise<void> {
  for (let pauseMs = PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.2, PAUSE_MAX_MS)) {
    const part = document.querySelector<HTMLElement>('[data-live]');
    if (part === null || part.dataset['live'] === 'final') return;
    await new Promise((done) => setTimeout(done, pauseMs));
    // Nobody looks: the server need not be asked.
    if (document.hidden) continue;
    const fresh = await load();
    if (fresh === undefined || part.contains(document.activeElement)) continue;
    const isChanged = fresh.dataset['state'] !== part.dataset['state'];
    part.replaceWith(fresh);
    if (isChanged) announce(document.querySelector('#live-status'), `The state is now: ${fresh.dataset['state'] ?? ''}`);
  }
}

async function load(): Promise<HTMLElement | undefined> {
  try {
    const response = await fetch(location.href, { headers: { accept: 'text/html' }, credentials: 'same-origin' });
    if (!response.ok) return undefined;
    return new DOMParser().parseFromString(await response.text(), 'text/html').querySelector<HTMLElement>('[data-live]') ?? undefined;
  } catch {
    return undefined;
  }
}
