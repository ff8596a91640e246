/** The frame of the pages about the code, and what must be said on each. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { defineSections } from '../../platform/ui/section-page.tsx';

/** On every page and statement. */
export function Disclaimer(): JSX.Element {
  return (
    <p class="hint">
      This catalogue is a paraphrase made for Gatehouse. It is not Ofcom’s, not the government’s and not legal advice. Read the cited documents before you rely
      on it.
    </p>
  );
}

export const renderCodePage = defineSections({
  current: 'code',
  label: 'Code of practice',
  sections: [
    { key: 'overview', text: 'Measures', href: '/console/code' },
    { key: 'questions', text: 'Questions', href: '/console/code/questions' },
    { key: 'gaps', text: 'Gaps', href: '/console/code/gaps' },
    { key: 'records', text: 'Records', href: '/console/code/records' },
    { key: 'amendments', text: 'Amendments', href: '/console/code/amendments' },
    { key: 'exports', text: 'Exports', href: '/console/code/exports' },
  ],
  foot: <Disclaimer />,
});
