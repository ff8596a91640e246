/** A real Chromium for the browser tests, and what they look for on every page. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import type { TestApp } from '../support/app.ts';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const AXE_SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const SCHEMES = ['light', 'dark'] as const;
export const WIDTHS = [1280, 320] as const;
export type Scheme = (typeof SCHEMES)[number];

export function findChromium(): string {
  const inPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name)));
  const found = [process.env['GATEHOUSE_TEST_CHROMIUM'] ?? '', '/usr/bin/chromium', ...inPath].find((path) => path !== '' && existsSync(path));
  if (found === undefined) throw new Error('There is no Chromium. Install it (Debian: apt-get install chromium) or name one in GATEHOUSE_TEST_CHROMIUM.');
  return found;
}

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: findChromium(), args: FLAGS });
}

export interface ViewOptions {
  readonly width?: number;
  readonly scheme?: Scheme;
  readonly hasJavaScript?: boolean;
  /** Cookies of a person who has signed in. */
  readonly cookies?: Awaited<ReturnType<BrowserContext['cookies']>>;
}

export async function openContext(browser: Browser, options: ViewOptions = {}): Promise<BrowserContext> {
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1280, height: 900 },
    colorScheme: options.scheme ?? 'light',
    javaScriptEnabled: options.hasJavaScript ?? true,
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(30_000);
  if (options.cookies !== undefined) await context.addCookies([...options.cookies]);
  return context;
}

/** Signs in as a person does: opens the link, presses the button. */
export async function signIn(browser: Browser, app: TestApp): Promise<Awaited<ReturnType<BrowserContext['cookies']>>> {
  const context = await openContext(browser);
  const page = await context.newPage();
  await page.goto(await app.createSignInLink());
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
  const cookies = await context.cookies();
  await context.close();
  return cookies;
}

/** Everything that a page complains about: script errors, refused inline code (CSP), answers of 400 and above. */
export function watchFaults(page: Page): string[] {
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`exception: ${error.message}`));
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`${response.status()} ${new URL(response.url()).pathname}`);
  });
  return faults;
}

export interface AxeFinding {
  readonly id: string;
  readonly help: string;
  readonly targets: readonly string[];
}

/** All rules of axe-core, those of WCAG 2.2 and the best practices. Run through the debugger, which the content-security policy does not touch. */
export async function runAxe(page: Page): Promise<AxeFinding[]> {
  if (!(await page.evaluate(() => Reflect.has(globalThis, 'axe')))) await page.evaluate(AXE_SOURCE);
  return page.evaluate(async () => {
    interface Axe {
      run(context: Document, options: object): Promise<{ violations: { id: string; help: string; nodes: { target: string[]; failureSummary?: string }[] }[] }>;
    }
    const axe: Axe = Reflect.get(globalThis, 'axe');
    const { violations } = await axe.run(document, { rules: { 'target-size': { enabled: true } }, resultTypes: ['violations'] });
    return violations.map(({ id, help, nodes }) => ({ id, help, targets: nodes.map((node) => `${node.target.join(' ')}: ${node.failureSummary ?? ''}`) }));
  });
}

/** Pixels by which the page is wider than the window; scrolling sideways is not possible when 0. */
export function measureOverflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

export interface Flaw {
  readonly scheme: Scheme;
  readonly width: number;
  readonly axe: readonly AxeFinding[];
  readonly sideways: number;
}

/**
 * The page as it stands, light and dark, wide and narrow: in place, because a state can be some work to reach and every rule of the styles asks for these
 * two. axe takes seconds on long pages, and colours do not depend on the width: it sees each scheme and each width once.
 */
export async function findFlaws(page: Page, name: string): Promise<Flaw[]> {
  const flaws: Flaw[] = [];
  for (const [row, scheme] of SCHEMES.entries()) {
    for (const [column, width] of WIDTHS.entries()) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 900 });
      const axe = row === column ? await runAxe(page) : [];
      const sideways = await measureOverflow(page);
      if (axe.length > 0 || sideways > 0) flaws.push({ scheme, width, axe, sideways });
      await saveScreenshot(page, `${name}-${scheme}-${width}`);
    }
  }
  return flaws;
}

/** Saves a picture of the whole page when GATEHOUSE_TEST_SCREENSHOTS names a folder. */
export async function saveScreenshot(page: Page, name: string): Promise<void> {
  const folder = process.env['GATEHOUSE_TEST_SCREENSHOTS'];
  if (folder === undefined || folder === '') return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** Presses Tab until the focus is on a control with this accessible name. */
export async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  const seen: string[] = [];
  for (let presses = 0; presses < 200; presses++) {
    await page.keyboard.press('Tab');
    const current = await page.evaluate(() =>
      (document.activeElement instanceof HTMLElement ? (document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText) : '').trim(),
    );
    seen.push(current);
    if (typeof name === 'string' ? current === name : name.test(current)) return;
  }
  throw new Error(`Tab never reached ${String(name)}. It passed: ${[...new Set(seen)].join(' | ')}`);
}
