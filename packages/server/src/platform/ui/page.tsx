/**
 * The one layout of every page. Works without JavaScript; islands only add live parts. No inline script or style: the content-security
 * policy forbids them, and so a name that is hostile markup has nothing to run even if an escape were missed.
 */
import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { CSRF_FIELD } from '../http/body.ts';
import type { Principal, Right } from '../http/rights.ts';
import { assetUrl } from './assets.ts';
import { Warning } from './components.tsx';

export type NavKey =
  | 'overview'
  | 'try'
  | 'uploads'
  | 'surfaces'
  | 'lists'
  | 'match'
  | 'age-trust'
  | 'age-evidence'
  | 'code'
  | 'international'
  | 'register'
  | 'log'
  | 'keys'
  | 'settings'
  | 'health'
  | 'docs';

export interface Crumb {
  readonly text: string;
  readonly href: string;
}

export interface PageOptions {
  /** The page's own words; also its `<title>`. The page itself holds the `<h1>`. */
  readonly title: string;
  readonly principal: Principal;
  readonly current?: NavKey | undefined;
  /** The pages above this one, outermost first. */
  readonly breadcrumbs?: readonly Crumb[] | undefined;
  /** Further islands by name: `try` is packages/server/web/try.ts. `copy` is on every page. */
  readonly islands?: readonly string[] | undefined;
  /** Puts "Error:" before the title, which is what screen readers say first. */
  readonly hasErrors?: boolean | undefined;
  readonly children: Child;
}

interface NavItem {
  readonly key: NavKey;
  readonly text: string;
  readonly href: string;
  readonly right: Right | 'public';
}

const NAV: readonly NavItem[] = [
  { key: 'overview', text: 'Overview', href: '/', right: 'scan' },
  { key: 'try', text: 'Try it', href: '/try', right: 'scan' },
  { key: 'uploads', text: 'Uploads', href: '/console/uploads', right: 'uploads:read' },
  { key: 'surfaces', text: 'Ways in', href: '/console/surfaces', right: 'settings:read' },
  { key: 'lists', text: 'Lists', href: '/console/lists', right: 'lists:read' },
  { key: 'match', text: 'Look up', href: '/console/match', right: 'match' },
  { key: 'age-trust', text: 'Age: trust', href: '/console/age/trust', right: 'age:read' },
  { key: 'age-evidence', text: 'Age: evidence', href: '/console/age/evidence', right: 'age:read' },
  { key: 'code', text: 'Code', href: '/console/code', right: 'code:read' },
  { key: 'international', text: 'Hosting', href: '/console/international/notices', right: 'international:read' },
  { key: 'register', text: 'Register', href: '/console/register', right: 'register:edit' },
  { key: 'log', text: 'Log', href: '/console/log', right: 'log:read' },
  { key: 'keys', text: 'API keys', href: '/console/keys', right: 'keys:manage' },
  { key: 'settings', text: 'Settings', href: '/console/settings', right: 'settings:read' },
  { key: 'health', text: 'Health', href: '/console/health', right: 'health:read' },
  { key: 'docs', text: 'API', href: '/docs', right: 'public' },
];

/** @returns a whole HTML document */
export function renderPage(options: PageOptions): string {
  return `<!DOCTYPE html>\n${renderFragment(<Layout {...options} />)}`;
}

/** A part of a page, for islands that put it into the page in place of another part. */
export function renderFragment(element: Child | JSX.Element): string {
  const markup: unknown = element?.toString();
  if (typeof markup !== 'string') throw new TypeError('components of pages must not be asynchronous');
  return markup;
}

function Layout(options: PageOptions): JSX.Element {
  const { title, principal, breadcrumbs = [] } = options;
  const islands = new Set(['copy', ...(options.islands ?? [])]);
  return (
    <html lang="en-GB">
      <head>
        <meta charset="utf-8" />
        <title>{`${options.hasErrors === true ? 'Error: ' : ''}${title} - Gatehouse`}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        {principal.csrfToken === undefined ? null : <meta name="csrf-token" content={principal.csrfToken} />}
        <link rel="icon" href={assetUrl('icon.svg')} type="image/svg+xml" />
        <link rel="stylesheet" href={assetUrl('console.css')} />
        {[...islands].map((name) => (
          <script type="module" src={assetUrl(`${name}.js`)}></script>
        ))}
      </head>
      <body>
        <a class="skip-link" href="#main">
          Skip to main content
        </a>
        <Header principal={principal} current={options.current} />
        <div class="width">
          {breadcrumbs.length === 0 ? null : <Breadcrumbs items={breadcrumbs} />}
          <main id="main" tabindex={-1}>
            {principal.isStub === true ? <Warning>Stub mode is on: outcomes are forced for tests. Nothing here protects anybody.</Warning> : null}
            {options.children}
          </main>
        </div>
        <Footer />
      </body>
    </html>
  );
}

function Header({ principal, current }: { readonly principal: Principal; readonly current: NavKey | undefined }): JSX.Element {
  const items = NAV.filter((item) => item.right === 'public' || principal.rights.has(item.right));
  return (
    <header class="header">
      <div class="width header-bar">
        <a class="header-name" href="/">
          <img src={assetUrl('icon.svg')} alt="" width="28" height="28" />
          <span>Gatehouse</span>
        </a>
        <Identity principal={principal} />
      </div>
      <nav class="nav" aria-label="Main">
        <ul class="width">
          {items.map((item) => (
            <li>
              <a href={item.href} aria-current={item.key === current ? 'page' : undefined}>
                {item.text}
              </a>
            </li>
          ))}
        </ul>
      </nav>
    </header>
  );
}

function Identity({ principal }: { readonly principal: Principal }): JSX.Element | null {
  if (principal.kind === 'anonymous')
    return (
      <a class="header-link" href="/sign-in">
        Sign in
      </a>
    );
  if (principal.kind !== 'session') return null;
  return (
    <form class="header-identity" method="post" action="/sign-out">
      <input type="hidden" name={CSRF_FIELD} value={principal.csrfToken ?? ''} />
      <a class="header-link header-person" href="/console/account">
        {principal.name}
      </a>
      <button class="header-link" type="submit">
        Sign out
      </button>
    </form>
  );
}

function Breadcrumbs({ items }: { readonly items: readonly Crumb[] }): JSX.Element {
  return (
    <nav class="breadcrumbs" aria-label="Breadcrumbs">
      <ol>
        {items.map((item) => (
          <li>
            <a href={item.href}>{item.text}</a>
          </li>
        ))}
      </ol>
    </nav>
  );
}

function Footer(): JSX.Element {
  return (
    <footer class="footer">
      <div class="width">
        <p>An answer of 2xx is never a clearance. Publish only with a receipt.</p>
        <ul>
          <li>
            <a href="/docs">API documentation</a>
          </li>
          <li>
            <a href="/docs/errors">Error codes</a>
          </li>
          <li>
            <a href="/openapi.json">OpenAPI document</a>
          </li>
        </ul>
      </div>
    </footer>
  );
}
