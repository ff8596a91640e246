/** The part of the page of the log that says whether the log was checked, and whether everything is in it. */
import type { Child } from 'hono/jsx';
import { Details, formatNumber, Table, Time, Words } from '../platform/ui/components.tsx';
import type { Completeness, SelfCheckResult, SourceReport } from './checks-schema.ts';
import type { LogService } from './service.ts';

export interface ChecksView {
  readonly tree: SelfCheckResult | null;
  readonly completeness: Completeness | null;
}

export async function readChecks({ checks }: LogService): Promise<ChecksView> {
  return { tree: await checks.tree.last(), completeness: await checks.completeness.last() };
}

export function ChecksPart({ tree, completeness }: ChecksView): Child {
  return (
    <>
      <h2>Checks</h2>
      <p>{describeTree(tree)}</p>
      <p>{describeCompleteness(completeness)}</p>
      {completeness === null ? null : completeness.isComplete ? (
        <Details summary="Rows and entries, each kind">{renderSources(completeness)}</Details>
      ) : (
        renderSources(completeness)
      )}
    </>
  );
}

function renderSources({ sources }: Completeness): Child {
  return (
    <Table
      caption="Rows and entries"
      rows={sources}
      empty="There is nothing to compare with."
      columns={[
        { heading: 'What', isRowHeading: true, cell: ({ title }) => title },
        { heading: 'Rows', cell: ({ rows }) => formatNumber(rows) },
        { heading: 'Entries', cell: ({ entries, pending }) => formatNumber(entries + pending) },
        { heading: 'Finding', cell: describeFinding },
      ]}
    />
  );
}

function describeTree(tree: SelfCheckResult | null): Child {
  if (tree === null) return <Words text="The tree was not checked as a whole yet. It is done every night, and by `gatehouse log check`." />;
  return (
    <>
      {tree.isOk ? `All of ${formatNumber(tree.entries)} entries are as they were hashed` : `Fault: ${tree.fault ?? ''}`}, <Time iso={tree.at.toISOString()} />.
    </>
  );
}

function describeCompleteness(completeness: Completeness | null): Child {
  if (completeness === null)
    return <Words text="The log was not compared with the tables yet. It is done every night, and by `gatehouse log verify --completeness`." />;
  return (
    <>
      {completeness.isComplete ? 'Every row that should have an entry has one' : 'Rows and entries do not fit'}, <Time iso={completeness.at} />.
    </>
  );
}

function describeFinding({ missing, surplus, erased }: SourceReport): string {
  const parts = [
    missing.count > 0 ? `${formatNumber(missing.count)} missing: ${missing.ids.join(', ')}` : '',
    surplus.count > 0 ? `${formatNumber(surplus.count)} without a row: ${surplus.ids.join(', ')}` : '',
    erased > 0 ? `${formatNumber(erased)} without a row, which may be so here` : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'all there' : parts.join('; ');
}
