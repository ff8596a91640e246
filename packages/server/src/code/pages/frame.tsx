/** The frame of the pages about the code: one navigation for all of them, and what must be said on each. */
import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Principal } from '../../platform/http/rights.ts';
import { renderPage, type Crumb } from '../../platform/ui/page.tsx';

export type CodeSection = 'overview' | 'questions' | 'gaps' | 'records' | 'amendments' | 'exports';

const SECTIONS: readonly { readonly key: CodeSection; readonly text: string; readonly href: string }[] = [
  { key: 'overview', text: 'Measures', href: '/console/code' },
  { key: 'questions', text: 'Questions', href: '/console/code/questions' },
  { key: 'gaps', text: 'Gaps', href: '/console/code/gaps' },
  { key: 'records', text: 'Records', href: '/console/code/records' },
  { key: 'amendments', text: 'Amendments', href: '/console/code/amendments' },
  { key: 'exports', text: 'Exports', href: '/console/code/exports' },
];

interface CodePageOptions {
  readonly title: string;
  readonly principal: Principal;
  readonly section: CodeSection;
  readonly breadcrumbs?: readonly Crumb[] | undefined;
  readonly hasErrors?: boolean | undefined;
  readonly islands?: readonly string[] | undefined;
  readonly children: Child;
}

/** @returns a whole HTML document */
export function renderCodePage(options: CodePageOptions): string {
  return renderPage({
    ...options,
    current: 'code',
    children: (
      <>
        <SectionNav current={options.section} />
        {options.children}
        <Disclaimer />
      </>
    ),
  });
}

function SectionNav({ current }: { readonly current: CodeSection }): JSX.Element {
  return (
    <nav class="subnav" aria-label="Code of practice">
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

/** On every page and statement. */
export function Disclaimer(): JSX.Element {
  return (
    <p class="hint">
      This catalogue is a paraphrase made for Gatehouse. It is not Ofcom’s, not the government’s and not legal advice. Read the cited documents before you rely
      on it.
    </p>
  );
}
