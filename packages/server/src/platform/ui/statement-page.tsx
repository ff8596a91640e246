/** The bare page for everybody: a statement that is read, printed and linked to. Without navigation, a script, a cookie or anything from elsewhere. */
import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { assetUrl } from './assets.ts';
import { renderFragment } from './page.tsx';

interface StatementPageOptions {
  /** Also the `<h1>`. */
  readonly title: string;
  /** Of whom or when it is: above the heading, and behind the title of the window. */
  readonly caption: string | null;
  readonly children: Child;
}

/** @returns a whole HTML document */
export function renderStatementPage(options: StatementPageOptions): string {
  return `<!DOCTYPE html>\n${renderFragment(<StatementPage {...options} />)}`;
}

function StatementPage({ title, caption, children }: StatementPageOptions): JSX.Element {
  return (
    <html lang="en-GB">
      <head>
        <meta charset="utf-8" />
        <title>{caption === null ? title : `${title} - ${caption}`}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <link rel="icon" href={assetUrl('icon.svg')} type="image/svg+xml" />
        <link rel="stylesheet" href={assetUrl('console.css')} />
      </head>
      <body>
        <div class="width">
          <main id="main">
            {caption === null ? null : <span class="caption">{caption}</span>}
            <h1>{title}</h1>
            {children}
          </main>
        </div>
      </body>
    </html>
  );
}
