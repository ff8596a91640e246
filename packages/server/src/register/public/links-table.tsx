/** Whether the documents that something rests on are still there. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { Table, Tag, Time, type TagColour } from '../../platform/ui/components.tsx';
import type { LinkView } from '../exchange/schema.ts';
import { isWeb } from './web-rules.ts';

const STATUS: Readonly<Record<LinkView['status'], { readonly text: string; readonly colour: TagColour }>> = {
  ok: { text: 'as it was', colour: 'green' },
  changed: { text: 'changed', colour: 'yellow' },
  gone: { text: 'gone', colour: 'red' },
  not_checked: { text: 'not checked', colour: 'grey' },
};

export function LinksTable({ links }: { readonly links: readonly LinkView[] }): JSX.Element {
  return (
    <section aria-labelledby="sources">
      <h2 id="sources">Sources</h2>
      <p>Whether each document was still there, and the same, when it was last asked for.</p>
      <Table
        caption="Sources"
        isCaptionHidden
        rows={links}
        empty="No source is named."
        columns={[
          {
            heading: 'Address',
            isRowHeading: true,
            cell: ({ url }) =>
              isWeb(url) ? (
                <a class="digest" href={url} rel="noreferrer">
                  {url}
                </a>
              ) : (
                url
              ),
          },
          { heading: 'State', cell: ({ status }) => <Tag colour={STATUS[status].colour}>{STATUS[status].text}</Tag> },
          { heading: 'Found', cell: ({ finding }) => finding },
          { heading: 'Asked', cell: ({ checkedAt }) => (checkedAt === null ? 'never' : <Time iso={checkedAt.toISOString()} />) },
        ]}
      />
    </section>
  );
}
