/** `/console/code/evaluations/{id}`: what was judged at one time, exactly as the log stands for it. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Principal } from '../../platform/http/rights.ts';
import { formatNumber, LinkButton, SummaryList, Table, Tag, Time, Title } from '../../platform/ui/components.tsx';
import type { KeptEvaluation } from '../evidence/schema.ts';
import { renderCodePage } from './frame.tsx';
import { OutcomeTag } from './overview-page.tsx';
import { STATE_WORDS } from './word-rules.ts';

export interface EvaluationView {
  readonly kept: KeptEvaluation;
  readonly titles: ReadonlyMap<string, string>;
}

export function renderEvaluation({ kept, titles }: EvaluationView, principal: Principal): string {
  const { evaluation, digest, logIndex } = kept;
  return renderCodePage({
    title: 'Evaluation',
    principal,
    section: 'overview',
    breadcrumbs: [{ text: 'Measures', href: '/console/code' }],
    children: (
      <>
        <Title caption="Code of practice">
          Evaluation of <Time iso={evaluation.at} />
        </Title>
        <SummaryList
          rows={[
            { key: 'Id', value: <code>{evaluation.id}</code> },
            { key: 'SHA-256', value: <code class="long">{digest}</code> },
            { key: 'Catalogue', value: evaluation.catalogueVersion },
            { key: 'In the log', value: <LogPlace index={logIndex} /> },
          ]}
        />
        <LinkButton href={`/console/code/evaluations/${evaluation.id}/json`} kind="secondary" download>
          Download the evaluation
        </LinkButton>
        <Table
          caption="Measures"
          columns={[
            {
              heading: 'Measure',
              isRowHeading: true,
              cell: ({ control }) => <a href={`/console/code/measures/${control}`}>{titles.get(control) ?? control}</a>,
            },
            { heading: 'For you', cell: ({ outcome }) => <OutcomeTag outcome={outcome} /> },
            { heading: 'State', cell: ({ state }) => <Tag colour={STATE_WORDS[state].colour}>{STATE_WORDS[state].text}</Tag> },
            { heading: 'Why', cell: ({ reason }) => reason },
          ]}
          rows={evaluation.measures.filter(({ state }) => state !== 'not_applicable')}
          empty="No measure was for this service."
        />
      </>
    ),
  });
}

function LogPlace({ index }: { readonly index: number | undefined }): JSX.Element {
  if (index === undefined) return <>it waits for its place</>;
  return (
    <>
      entry {formatNumber(index)}: <a href={`/console/log/entries/${index}/proof`}>proof</a>, <a href={`/console/log/entries/${index}/entry`}>entry</a>. The
      entry names the digest above.
    </>
  );
}
