/** The frame of public pages: for everybody, without signing in, without a script, a cookie or anything from elsewhere. */
import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { assetUrl } from '../../platform/ui/assets.ts';
import { renderFragment } from '../../platform/ui/page.tsx';
import { CHECKS, FEED, ROOT } from './address-rules.ts';

export interface PublicPageOptions {
  readonly title: string;
  /** The permanent address of what is shown; undefined for errors, which no search engine should keep. */
  readonly canonical: string | undefined;
  readonly current?: 'recommendations' | 'checks' | undefined;
  readonly crumbs?: readonly { readonly text: string; readonly href: string }[];
  /** The same in another form. */
  readonly alternates?: readonly { readonly type: string; readonly href: string; readonly title: string }[];
  readonly children: Child;
}

const NAME = 'Register of recommendations';

/** @returns a whole HTML document */
export function renderPublicPage(options: PublicPageOptions): string {
  return `<!DOCTYPE html>\n${renderFragment(<Page {...options} />)}`;
}

function Page({ title, canonical, current, crumbs = [], alternates = [], children }: PublicPageOptions): JSX.Element {
  return (
    <html lang="en-GB">
      <head>
        <meta charset="utf-8" />
        <title>{`${title} - ${NAME}`}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        {canonical === undefined ? <meta name="robots" content="noindex" /> : <link rel="canonical" href={canonical} />}
        {alternates.map((one) => (
          <link rel="alternate" type={one.type} href={one.href} title={one.title} />
        ))}
        <link rel="alternate" type="application/atom+xml" href={FEED} title="What happened lately" />
        <link rel="icon" href={assetUrl('icon.svg')} type="image/svg+xml" />
        <link rel="stylesheet" href={assetUrl('console.css')} />
      </head>
      <body>
        <a class="skip-link" href="#main">
          Skip to main content
        </a>
        <header class="header">
          <div class="width header-bar">
            <a class="header-name" href={ROOT}>
              <img src={assetUrl('icon.svg')} alt="" width="28" height="28" />
              <span>{NAME}</span>
            </a>
          </div>
          <nav class="nav" aria-label="Main">
            <ul class="width">
              <NavItem href={ROOT} text="Recommendations" isCurrent={current === 'recommendations'} />
              <NavItem href={CHECKS} text="Checks" isCurrent={current === 'checks'} />
              <NavItem href={FEED} text="Feed" isCurrent={false} />
            </ul>
          </nav>
        </header>
        <div class="width">
          <Crumbs crumbs={crumbs} />
          <main id="main" tabindex={-1}>
            {children}
          </main>
        </div>
        <footer class="footer">
          <div class="width">
            <p>What a government says, what this register says and what independent bodies say are three claims, kept apart. Nothing here is legal advice.</p>
          </div>
        </footer>
      </body>
    </html>
  );
}

function NavItem({ href, text, isCurrent }: { readonly href: string; readonly text: string; readonly isCurrent: boolean }): JSX.Element {
  return (
    <li>
      <a href={href} aria-current={isCurrent ? 'page' : undefined}>
        {text}
      </a>
    </li>
  );
}

function Crumbs({ crumbs }: { readonly crumbs: NonNullable<PublicPageOptions['crumbs']> }): JSX.Element | null {
  if (crumbs.length === 0) return null;
  return (
    <nav class="breadcrumbs" aria-label="Breadcrumbs">
      <ol>
        {crumbs.map(({ text, href }) => (
          <li>
            <a href={href}>{text}</a>
          </li>
        ))}
      </ol>
    </nav>
  );
}
