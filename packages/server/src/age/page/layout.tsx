/**
 * The frame of every page of an age check: header with the languages, main part, nothing of the console. No resource from elsewhere, no
 * inline script or style; islands only add to what works without them.
 */
import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { z } from 'zod';
import { assetUrl } from '../../platform/ui/assets.ts';
import { renderFragment } from '../../platform/ui/page.tsx';
import { chooseLanguage, knownLanguage, LANGUAGE_NAMES, type Language } from './messages/languages.ts';
import { inLanguage } from './rules.ts';

export type Island = 'age-dc' | 'age-live' | 'age-reuse';

export interface AgePageOptions {
  readonly title: string;
  /** The address of this page, for the same one in another language; none for the answer to a form. */
  readonly here?: string | undefined;
  readonly islands?: readonly Island[];
  readonly children: Child;
}

/** `?lang=cy`: anything else is as if it were not there. */
export const LangQuerySchema = z.object({
  lang: z
    .unknown()
    .optional()
    .transform((code) => knownLanguage(typeof code === 'string' ? code : undefined)),
});

/** For pages that belong to no session, or to one that cannot be asked. */
export function readLanguage(header: (name: string) => string | undefined, lang?: string): Language {
  return chooseLanguage(lang ?? header('accept-language'));
}

/** @returns a whole HTML document */
export function renderAge(language: Language, options: AgePageOptions): string {
  return `<!DOCTYPE html>\n${renderFragment(<Layout language={language} options={options} />)}`;
}

function Layout({ language, options }: { readonly language: Language; readonly options: AgePageOptions }): JSX.Element {
  const { say, code } = language;
  const { title, here, islands = [] } = options;
  return (
    <html lang={code}>
      <head>
        <meta charset="utf-8" />
        <title>{title}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <link rel="icon" href={assetUrl('icon.svg')} type="image/svg+xml" />
        <link rel="stylesheet" href={assetUrl('age.css')} />
        {islands.map((name) => (
          <script type="module" src={assetUrl(`${name}.js`)}></script>
        ))}
      </head>
      <body>
        <a class="skip-link" href="#main">
          {say('skip')}
        </a>
        <header class="header">
          <div class="width">
            <p class="header-name">{say('title')}</p>
            {here === undefined ? null : <Languages language={language} here={here} />}
          </div>
        </header>
        <main class="width" id="main" tabindex={-1}>
          {options.children}
        </main>
      </body>
    </html>
  );
}

function Languages({ language, here }: { readonly language: Language; readonly here: string }): JSX.Element {
  return (
    <nav class="languages" aria-label={language.say('language')}>
      <ul>
        {Object.entries(LANGUAGE_NAMES).map(([code, name]) => (
          <li>
            {code === language.code ? (
              <span aria-current="true">{name}</span>
            ) : (
              <a href={inLanguage(here, code)} lang={code} hreflang={code} rel="nofollow">
                {name}
              </a>
            )}
          </li>
        ))}
      </ul>
    </nav>
  );
}
