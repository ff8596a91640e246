/** The frame of the pages of this domain: one navigation for all of them. */
import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Principal } from '../../platform/http/rights.ts';
import { renderPage, type Crumb } from '../../platform/ui/page.tsx';

type Section = 'recommendations' | 'review' | 'checks' | 'exchange';

const SECTIONS: readonly { readonly key: Section; readonly text: string; readonly href: string }[] = [
  { key: 'recommendations', text: 'Recommendations', href: '/console/register' },
  { key: 'review', text: 'Drafts and review', href: '/console/register/review' },
  { key: 'checks', text: 'Checks', href: '/console/register/checks' },
  { key: 'exchange', text: 'Import and export', href: '/console/register/exchange' },
];

interface RegisterPageOptions {
  readonly title: string;
  readonly principal: Principal;
  readonly section: Section;
  readonly breadcrumbs?: readonly Crumb[] | undefined;
  readonly hasErrors?: boolean | undefined;
  readonly children: Child;
}

/** @returns a whole HTML document */
export function renderRegisterPage(options: RegisterPageOptions): string {
  return renderPage({
    ...options,
    current: 'register',
    children: (
      <>
        <SectionNav current={options.section} />
        {options.children}
      </>
    ),
  });
}

function SectionNav({ current }: { readonly current: Section }): JSX.Element {
  return (
    <nav class="subnav" aria-label="Register">
      <ul>
        {SECTIONS.map(({ key, text, href }) => (
          <li>
            <a href={href} aria-current={key === current ? 'page' : undefined}>
              {text}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
