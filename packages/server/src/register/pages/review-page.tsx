/** What waits: drafts and the queue of the reviewers. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Principal } from '../../platform/http/rights.ts';
import { formatCount, NotificationBanner, Table, Tag, Time, Title } from '../../platform/ui/components.tsx';
import { groupBy } from '../model/order-rules.ts';
import type { KeptChange } from '../model/schema.ts';
import { changePath } from './addresses.ts';
import { KIND_WORDS } from './field-rules.ts';
import { describeChange } from './form-rules.ts';
import { renderRegisterPage } from './frame.tsx';

export const DONE_WORDS = {
  proposed: 'The change is kept as a draft. Submit it when it is ready.',
  submitted: 'The change waits for a reviewer.',
  published: 'The change is published.',
  rejected: 'The change is rejected. It stays readable.',
  withdrawn: 'The change is withdrawn. It stays readable.',
  imported: 'The changes are kept as drafts. Submit them when they are ready.',
} as const;
export type Done = keyof typeof DONE_WORDS;

export const STATE_TAGS = {
  draft: { text: 'draft', colour: 'grey' },
  in_review: { text: 'in review', colour: 'blue' },
  published: { text: 'published', colour: 'green' },
  rejected: { text: 'rejected', colour: 'red' },
} as const;

export function renderReviewPage(
  { changes, done }: { readonly changes: readonly KeptChange[]; readonly done: Done | undefined },
  principal: Principal,
): string {
  const mine = changes.filter(({ state }) => state === 'draft');
  const waiting = changes.filter(({ state }) => state === 'in_review');
  return renderRegisterPage({
    title: 'Drafts and review',
    principal,
    section: 'review',
    children: (
      <>
        {done === undefined ? null : <NotificationBanner kind="success">{DONE_WORDS[done]}</NotificationBanner>}
        <Title>Drafts and review</Title>
        <p>Whoever proposed a change cannot publish it. An import is decided as a whole.</p>
        <h2>Waiting for a review</h2>
        <ChangesTable changes={waiting} caption="Waiting for a review" />
        <h2>Drafts</h2>
        <ChangesTable changes={mine} caption="Drafts" />
      </>
    ),
  });
}

interface Row {
  readonly id: string;
  readonly text: string;
  readonly first: KeptChange;
}

/** Imports are one row. */
export function ChangesTable({ changes, caption }: { readonly changes: readonly KeptChange[]; readonly caption: string }): JSX.Element {
  const rows: Row[] = [...groupBy(changes, ({ id, batch }) => batch ?? id)].flatMap(([id, group]) => {
    const [first] = group;
    if (first === undefined) return [];
    return [
      {
        id,
        first,
        text:
          first.batch === null ? `${KIND_WORDS[first.change.kind].title}. ${describeChange(first.change)}` : `Import of ${formatCount(group.length, 'change')}`,
      },
    ];
  });
  return (
    <Table
      caption={caption}
      isCaptionHidden
      rows={rows}
      empty="There is nothing."
      columns={[
        { heading: 'Change', isRowHeading: true, cell: ({ id, text }) => <a href={changePath(id)}>{text}</a> },
        { heading: 'State', cell: ({ first }) => <Tag colour={STATE_TAGS[first.state].colour}>{STATE_TAGS[first.state].text}</Tag> },
        { heading: 'Kind', cell: ({ first }) => (first.replaces === null ? 'new' : 'replaces another') },
        { heading: 'Proposed by', cell: ({ first }) => first.madeBy },
        { heading: 'Proposed', cell: ({ first }) => <Time iso={first.madeAt.toISOString()} /> },
      ]}
    />
  );
}
