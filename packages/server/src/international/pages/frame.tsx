/** The frame of the pages of this domain: one navigation for all of them. */
import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Principal } from '../../platform/http/rights.ts';
import { renderPage, type Crumb } from '../../platform/ui/page.tsx';

type Section = 'notices' | 'hosting' | 'countries' | 'figures';

const SECTIONS: readonly { readonly key: Section; readonly text: string; readonly href: string }[] = [
  { key: 'notices', text: 'Notices', href: '/console/international/notices' },
  { key: 'hosting', text: 'Where is it hosted?', href: '/console/international/hosting' },
  { key: 'countries', text: 'Countries', href: '/console/international/countries' },
  { key: 'figures', text: 'Figures', href: '/console/international/figures' },
];

interface InternationalPageOptions {
  readonly title: string;
  readonly principal: Principal;
  readonly section: Section;
  readonly breadcrumbs?: readonly Crumb[] | undefined;
  readonly hasErrors?: boolean | undefined;
  readonly children: Child;
}

/** @returns a whole HTML document */
export function renderInternationalPage(options: InternationalPageOptions): string {
  return renderPage({
    ...options,
    current: 'international',
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
    <nav class="subnav" aria-label="Hosting countries">
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
