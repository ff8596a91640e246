/** Pages of a domain that has several: one navigation for all of them, below the main one. */
import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { renderPage, type NavKey, type PageOptions } from './page.tsx';

export interface Section<Key extends string> {
  readonly key: Key;
  readonly text: string;
  readonly href: string;
}

interface Sections<Key extends string> {
  readonly current: NavKey;
  /** Of the navigation: it is read out. */
  readonly label: string;
  readonly sections: readonly Section<Key>[];
  /** Below everything, on each page. */
  readonly foot?: Child;
}

export interface SectionPageOptions<Key extends string> extends Omit<PageOptions, 'current'> {
  readonly section: Key;
}

/** @returns a function that gives a whole HTML document */
export function defineSections<Key extends string>({ current, label, sections, foot }: Sections<Key>): (options: SectionPageOptions<Key>) => string {
  return ({ section, children, ...options }) =>
    renderPage({
      ...options,
      current,
      children: (
        <>
          <SectionNav label={label} sections={sections} section={section} />
          {children}
          {foot}
        </>
      ),
    });
}

interface SectionNavProps {
  readonly label: string;
  readonly sections: readonly Section<string>[];
  readonly section: string;
}

function SectionNav({ label, sections, section }: SectionNavProps): JSX.Element {
  return (
    <nav class="subnav" aria-label={label}>
      <ul>
        {sections.map(({ key, text, href }) => (
          <li>
            <a href={href} aria-current={key === section ? 'page' : undefined}>
              {text}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
