/** `/console/code/gaps`: what is open, who sees to it, until when. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Principal } from '../../platform/http/rights.ts';
import { formatNumber, Inset, Table, Tag, Time, Title } from '../../platform/ui/components.tsx';
import type { Gap } from '../gaps/schema.ts';
import { renderCodePage } from './frame.tsx';
import { OutcomeTag } from './overview-page.tsx';
import { STATE_WORDS } from './word-rules.ts';

export function renderGaps(gaps: readonly Gap[], principal: Principal): string {
  const overdue = gaps.filter(({ isOverdue }) => isOverdue).length;
  const duties = gaps.filter(({ outcome }) => outcome === 'binds');
  const others = gaps.filter(({ outcome }) => outcome !== 'binds');
  return renderCodePage({
    title: 'Gaps',
    principal,
    section: 'gaps',
    children: (
      <>
        <Title caption="Code of practice">Gaps</Title>
        <p class="lead">Measures that fail, lack data or need attention. A gap ends when the evidence says so; nobody can tick it off.</p>
        {overdue === 0 ? null : (
          <Inset>
            <p>
              {formatNumber(overdue)} {overdue === 1 ? 'plan is' : 'plans are'} overdue.
            </p>
          </Inset>
        )}
        <GapTable title="Measures that bind" gaps={duties} />
        <GapTable title="Asked, not binding" gaps={others} />
      </>
    ),
  });
}

function GapTable({ title, gaps }: { readonly title: string; readonly gaps: readonly Gap[] }): JSX.Element {
  return (
    <section>
      <h2>
        {title} ({formatNumber(gaps.length)})
      </h2>
      <Table
        caption={title}
        isCaptionHidden
        columns={[
          { heading: 'Measure', isRowHeading: true, cell: ({ control, title: name }) => <a href={`/console/code/measures/${control}#plan`}>{name}</a> },
          { heading: 'For you', cell: ({ outcome }) => <OutcomeTag outcome={outcome} /> },
          { heading: 'State', cell: (gap) => <GapState gap={gap} /> },
          { heading: 'Why', cell: ({ reason }) => reason },
          { heading: 'Owner', cell: ({ plan }) => plan?.owner ?? 'nobody' },
          {
            heading: 'Until',
            cell: ({ plan, isOverdue }) => (
              <>
                {plan?.due ?? 'no date'} {isOverdue ? <Tag colour="red">overdue</Tag> : null}
              </>
            ),
          },
        ]}
        rows={gaps}
        empty="None is open."
      />
    </section>
  );
}

function GapState({ gap: { state, since } }: { readonly gap: Gap }): JSX.Element {
  const { text, colour } = STATE_WORDS[state];
  return (
    <>
      <Tag colour={colour}>{text}</Tag>
      {since === null ? null : (
        <>
          <br />
          <span class="quiet">
            since <Time iso={since.toISOString()} />
          </span>
        </>
      )}
    </>
  );
}
