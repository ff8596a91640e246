/** `/console/code/amendments`: what changed in the codes and the law, what that is to this service, and why. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Principal } from '../../platform/http/rights.ts';
import { Details, Table, Tag, Title } from '../../platform/ui/components.tsx';
import type { AmendmentView, MeasureChange } from '../catalogue/release-schema.ts';
import { renderCodePage } from './frame.tsx';
import { OUTCOME_WORDS, type Said } from './word-rules.ts';

const CONCERN_WORDS: Readonly<Record<AmendmentView['concerns'], Said>> = {
  yes: { text: 'Concerns you', colour: 'blue' },
  no: { text: 'Not for you', colour: 'grey' },
  undecided: { text: 'Undecided', colour: 'yellow' },
};
const CHANGE_WORDS: Readonly<Record<MeasureChange['change'], string>> = {
  begins: 'begins',
  will_begin: 'will begin',
  ends: 'ends',
  goes_on: 'goes on',
  undecided: 'undecided',
  none: 'no change',
};

export function renderAmendments(amendments: readonly AmendmentView[], today: string, principal: Principal): string {
  const coming = amendments.filter(({ date }) => date > today).toReversed();
  const past = amendments.filter(({ date }) => date <= today);
  return renderCodePage({
    title: 'Amendments',
    principal,
    section: 'amendments',
    children: (
      <>
        <Title caption="Code of practice">Amendments</Title>
        <p class="lead">What changes for this service and why, with the answers that you have given. Newest first.</p>
        {coming.length === 0 ? null : <Part title="To come" amendments={coming} />}
        <Part title="So far" amendments={past} />
      </>
    ),
  });
}

function Part({ title, amendments }: { readonly title: string; readonly amendments: readonly AmendmentView[] }): JSX.Element {
  return (
    <>
      <h2>{title}</h2>
      {amendments.length === 0 ? <p>None.</p> : null}
      {amendments.map((amendment) => (
        <One amendment={amendment} />
      ))}
    </>
  );
}

function One({ amendment: { id, date, title, summary, source, verify, concerns, why, measures } }: { readonly amendment: AmendmentView }): JSX.Element {
  const said = CONCERN_WORDS[concerns];
  return (
    <section aria-labelledby={id}>
      <h3 id={id}>
        {date}: {title}
      </h3>
      <p>
        <Tag colour={said.colour}>{said.text}</Tag> {verify ? <Tag colour="yellow">to verify</Tag> : null}
      </p>
      <p>{summary}</p>
      <p>{why}</p>
      {source === null ? null : (
        <p class="quiet">
          {source.url === null ? source.title : <a href={source.url}>{source.title}</a>}, {source.section} ({source.date})
        </p>
      )}
      <Details summary={`${measures.length} ${measures.length === 1 ? 'measure' : 'measures'}`} isOpen={concerns !== 'no' && measures.length <= 3}>
        <Table
          caption={title}
          isCaptionHidden
          columns={[
            {
              heading: 'Measure',
              isRowHeading: true,
              cell: (measure) => <MeasureName measure={measure} />,
            },
            { heading: 'For you', cell: ({ change }) => CHANGE_WORDS[change] },
            { heading: 'Before', cell: ({ before }) => (before === null ? 'not there' : OUTCOME_WORDS[before].text) },
            { heading: 'After', cell: ({ after }) => (after === null ? 'not there' : OUTCOME_WORDS[after].text) },
            { heading: 'Why', cell: ({ reason }) => reason },
          ]}
          rows={measures}
          empty="None."
        />
      </Details>
    </section>
  );
}

function MeasureName({ measure: { control, ref, title, after, members } }: { readonly measure: MeasureChange }): JSX.Element {
  return (
    <>
      {after === null ? title : <a href={`/console/code/measures/${control}`}>{title}</a>}
      <br />
      <span class="quiet">
        {ref}
        {members.length === 0 ? '' : `; changed: ${members.join(', ')}`}
      </span>
    </>
  );
}
