/** The part of the page that shows the written record. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { CodeBlock, Details, SummaryList, Table, Tag, Time, type Column } from '../../platform/ui/components.tsx';
import type { RecordView, Verification } from './record-schema.ts';

interface Recorded {
  readonly verification: Verification;
  readonly entries: readonly RecordView[];
  readonly older: string | undefined;
}

const COLUMNS: readonly Column<RecordView>[] = [
  { heading: 'Entry', isRowHeading: true, cell: ({ sequence }) => sequence },
  { heading: 'At', cell: ({ at }) => <Time iso={at} /> },
  { heading: 'What', cell: ({ kind, cause }) => (kind === 'review' ? 'Review' : `Configuration (${cause})`) },
  { heading: 'By', cell: ({ actor }) => actor },
  { heading: 'Content', cell: (entry) => <Content entry={entry} /> },
];

function Content({ entry }: { readonly entry: RecordView }): JSX.Element {
  const changed = entry.changed.filter((pointer) => pointer !== '');
  return (
    <>
      {changed.length === 0 ? null : `Changed: ${changed.join(', ')}`}
      <Details
        summary={
          <>
            Show<span class="visually-hidden"> entry {entry.sequence}</span>
          </>
        }
      >
        <CodeBlock label={`Content of entry ${entry.sequence}`}>{pretty(entry.content)}</CodeBlock>
        <p>{entry.hash}</p>
      </Details>
    </>
  );
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 1);
  } catch {
    return text;
  }
}

export function RecordSection({ view }: { readonly view: Recorded }): JSX.Element {
  const { isIntact, entries, head, fault } = view.verification;
  return (
    <section aria-labelledby="record">
      <h2 id="record">Written record</h2>
      <SummaryList
        rows={[
          {
            key: 'Chain',
            value: isIntact ? (
              <>
                <Tag colour="green">Whole</Tag> {entries} entries
              </>
            ) : (
              <>
                <Tag colour="red">Changed</Tag> at entry {fault?.sequence ?? '?'} ({fault?.reason ?? 'unknown'})
              </>
            ),
          },
          { key: 'Head', value: <code>{`${head.sequence}:${head.hash}`}</code> },
        ]}
      />
      <p>
        Note the head somewhere else, such as on paper: <code>gatehouse age evidence verify --head</code> then shows also whether the end was cut off.
      </p>
      <Table caption="Written record" isCaptionHidden columns={COLUMNS} rows={view.entries} empty="There is no entry yet." />
      {view.older === undefined ? null : (
        <p>
          <a href={view.older}>Older entries</a>
        </p>
      )}
    </section>
  );
}
