/** Checks with their results and the way to prove them. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { formatNumber, Table, Tag, Time } from '../../platform/ui/components.tsx';
import type { CheckState } from '../checks/schema.ts';
import { RESULT_WORDS } from '../checks/words.ts';
import { proofPath, runPath } from './address-rules.ts';

export function ChecksTable({ checks, empty }: { readonly checks: readonly CheckState[]; readonly empty: string }): JSX.Element {
  return (
    <Table
      caption="Checks"
      isCaptionHidden
      rows={checks}
      empty={empty}
      columns={[
        {
          heading: 'Check',
          isRowHeading: true,
          cell: ({ name, title, expected }) => (
            <>
              {title}
              <br />
              <code class="digest">{name}</code>
              <br />
              <span class="quiet">{expected}</span>
            </>
          ),
        },
        { heading: 'Result', cell: ({ result }) => <Tag colour={RESULT_WORDS[result].colour}>{RESULT_WORDS[result].text}</Tag> },
        { heading: 'Found', cell: ({ finding }) => finding },
        { heading: 'Run', cell: ({ lastRunAt }) => (lastRunAt === null ? 'never' : <Time iso={lastRunAt.toISOString()} />) },
        { heading: 'Proof', cell: (check) => <Proof check={check} /> },
      ]}
    />
  );
}

function Proof({ check: { name, runId, logIndex } }: { readonly check: CheckState }): JSX.Element {
  if (runId === null) return <>none</>;
  return (
    <>
      <a href={runPath(runId)}>
        Run<span class="visually-hidden"> of {name}</span>
      </a>
      {logIndex === null ? (
        ', not yet in the log'
      ) : (
        <>
          ,{' '}
          <a href={proofPath(runId)}>
            entry {formatNumber(logIndex)} of the log<span class="visually-hidden"> for {name}</span>
          </a>
        </>
      )}
    </>
  );
}
