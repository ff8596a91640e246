/** How a statement is shown: never without its day, its source and its caveat. */
import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { Table, Tag } from '../../platform/ui/components.tsx';
import type { EvidenceRef, KeptStatement } from './schema.ts';

export const COUNTRIES = '/console/international/countries';

export function Day({ day }: { readonly day: string }): JSX.Element {
  return (
    <time class="day" datetime={day}>
      {day}
    </time>
  );
}

export function SourceLine({ source }: { readonly source: EvidenceRef }): JSX.Element {
  return (
    <>
      {source.publisher}: {source.url === null ? source.title : <a href={source.url}>{source.title}</a>}
      {source.licence === null ? '' : ` (${source.licence})`}, read <Day day={source.retrievedAt} />
    </>
  );
}

export function DayCell({ statement }: { readonly statement: Pick<KeptStatement, 'asOf' | 'isStale'> }): JSX.Element {
  return (
    <>
      {statement.asOf === null ? 'Not said' : <Day day={statement.asOf} />} {statement.isStale ? <Tag colour="yellow">Old</Tag> : null}
    </>
  );
}

interface StatementsProps {
  readonly caption: string;
  readonly statements: readonly KeptStatement[];
  readonly empty: Child;
  /** In the table of a history: who kept it, and when. */
  readonly isHistory?: boolean;
}

export function Statements({ caption, statements, empty, isHistory = false }: StatementsProps): JSX.Element {
  return (
    <Table
      caption={caption}
      isCaptionHidden
      rows={statements}
      empty={empty}
      columns={[
        { heading: 'What', isRowHeading: true, cell: (one) => (isHistory ? <code>{one.key}</code> : <KeyLink statement={one} />) },
        {
          heading: 'Said',
          cell: (one) => (
            <>
              {one.text}
              {one.caveat === null ? null : (
                <>
                  <br />
                  <span class="hint">Mind: {one.caveat}</span>
                </>
              )}
            </>
          ),
        },
        { heading: 'As of', cell: (one) => <DayCell statement={one} /> },
        { heading: 'Source', cell: (one) => <SourceLine source={one.source} /> },
        ...(isHistory ? [{ heading: 'Kept', cell: describeKept }] : []),
      ]}
    />
  );
}

/** In words: a key in one piece is wider than its column. The page behind the link has it as it is typed. */
function KeyLink({ statement: { country, key } }: { readonly statement: KeptStatement }): JSX.Element {
  return <a href={`${COUNTRIES}/${country}/statements/${key}`}>{key.replaceAll('_', ' ')}</a>;
}

function describeKept({ keptAt, keptBy, supersededAt }: KeptStatement): string {
  return `${keptAt.toISOString().slice(0, 10)} by ${keptBy}${supersededAt === null ? ', in effect' : `, until ${supersededAt.toISOString().slice(0, 10)}`}`;
}
