/** One recommendation for those who edit it: what is published, what waits, and the way to propose something else. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Principal } from '../../platform/http/rights.ts';
import { ButtonGroup, Inset, LinkButton, SummaryList, Table, Tag, Time, Title } from '../../platform/ui/components.tsx';
import type { KeptChange, RecommendationView } from '../model/schema.ts';
import { CLASS_WORDS, STATUS_WORDS } from '../model/status-rules.ts';
import { CLAIMANT_WORDS, describeLateness, describeStatus } from '../public/words.ts';
import { changePath, formPath, HERE } from './addresses.ts';
import { KIND_WORDS } from './field-rules.ts';
import { renderRegisterPage } from './frame.tsx';
import { ChangesTable } from './review-page.tsx';

export interface EditView {
  readonly view: RecommendationView;
  readonly timeline: readonly KeptChange[];
  readonly open: readonly KeptChange[];
}

const NEW_KINDS = ['response', 'action', 'status'] as const;

export function renderEditPage({ view, timeline, open }: EditView, principal: Principal): string {
  const { id, recommendation, registerStatus, lateness } = view;
  const status = describeStatus(registerStatus.status);
  return renderRegisterPage({
    title: `${recommendation.number}. ${recommendation.title}`,
    principal,
    section: 'recommendations',
    breadcrumbs: [{ text: 'Recommendations', href: HERE }],
    children: (
      <>
        <Title caption={`Recommendation ${id}`}>{recommendation.title}</Title>
        <p>{recommendation.text}</p>
        <SummaryList
          rows={[
            { key: 'Addressed to', value: recommendation.addressees.join(', ') },
            { key: 'Status of the register', value: <Tag colour={status.colour}>{status.text}</Tag> },
            { key: 'Why', value: registerStatus.reason },
            { key: 'First response', value: describeLateness(lateness.responseDaysLate) },
            { key: 'Public page', value: <a href={`/register/${id}`}>{`/register/${id}`}</a> },
          ]}
        />
        <ButtonGroup>
          {NEW_KINDS.map((kind) => (
            <LinkButton href={formPath(kind, { about: id })} kind="secondary">
              Propose: {KIND_WORDS[kind].title.toLowerCase()}
            </LinkButton>
          ))}
          {view.actions.length === 0 ? null : (
            <LinkButton href={formPath('milestone', { about: id })} kind="secondary">
              Propose: milestone
            </LinkButton>
          )}
          <LinkButton href={formPath('recommendation', { replaces: newestOf(timeline, 'recommendation') })} kind="secondary">
            Propose another wording
          </LinkButton>
        </ButtonGroup>
        {open.length === 0 ? null : (
          <>
            <h2>Not published yet</h2>
            <ChangesTable changes={open} caption="Not published yet" />
          </>
        )}
        <Claims view={view} />
        <Responses view={view} />
        <Actions view={view} />
        <h2>Every published change</h2>
        <Timeline changes={timeline} />
      </>
    ),
  });
}

/** Of the recommendation itself: what a new wording takes the place of. */
function newestOf(timeline: readonly KeptChange[], kind: 'recommendation'): string {
  return timeline.findLast(({ change }) => change.kind === kind)?.id ?? '';
}

interface ReplaceProps {
  readonly kind: string;
  readonly about: string;
  readonly replaces: string;
  /** For who hears the link without the row. */
  readonly name: string;
}

function Replace({ kind, about, replaces, name }: ReplaceProps): JSX.Element {
  return (
    <a href={formPath(kind, { about, replaces })}>
      Propose a change<span class="visually-hidden"> of {name}</span>
    </a>
  );
}

function Claims({ view }: { readonly view: RecommendationView }): JSX.Element {
  return (
    <>
      <h2>Claims about the status</h2>
      <Table
        caption="Claims about the status"
        isCaptionHidden
        rows={view.statuses}
        empty="Nobody has made a claim."
        columns={[
          { heading: 'Claimant', isRowHeading: true, cell: ({ by, claimant }) => `${CLAIMANT_WORDS[by]}: ${claimant}` },
          { heading: 'Claim', cell: ({ status }) => STATUS_WORDS[status] },
          { heading: 'As of', cell: ({ asOf }) => asOf },
          { heading: 'In words', cell: ({ text }) => text },
          { heading: 'Evidence', isNumeric: true, cell: ({ basis }) => String(basis.length) },
          { heading: 'Change', cell: ({ id, claimant }) => <Replace kind="status" about={view.id} replaces={id} name={`the claim of ${claimant}`} /> },
        ]}
      />
    </>
  );
}

function Responses({ view }: { readonly view: RecommendationView }): JSX.Element {
  return (
    <>
      <h2>Responses</h2>
      <Table
        caption="Responses"
        isCaptionHidden
        rows={view.responses}
        empty="There is no response."
        columns={[
          { heading: 'Day', isRowHeading: true, cell: ({ date }) => date },
          { heading: 'By', cell: ({ by }) => by },
          {
            heading: 'Class',
            cell: (one) => (one.classAsPublished === null ? CLASS_WORDS[one.class] : `${CLASS_WORDS[one.class]} (“${one.classAsPublished}”)`),
          },
          { heading: 'What it says', cell: ({ text }) => text },
          { heading: 'Late', cell: ({ daysLate }) => (daysLate === null ? '' : describeLateness(daysLate)) },
          { heading: 'Change', cell: ({ id, date }) => <Replace kind="response" about={view.id} replaces={id} name={`the response of ${date}`} /> },
        ]}
      />
    </>
  );
}

function Actions({ view }: { readonly view: RecommendationView }): JSX.Element {
  const milestones = view.actions.flatMap(({ title, milestones: own }) => own.map((one) => ({ action: title, ...one })));
  return (
    <>
      <h2>Actions</h2>
      <Table
        caption="Actions"
        isCaptionHidden
        rows={view.actions}
        empty="No action is recorded."
        columns={[
          { heading: 'Action', isRowHeading: true, cell: ({ title }) => title },
          { heading: 'Owner', cell: ({ owner }) => owner },
          { heading: 'From', cell: ({ from }) => from ?? '' },
          { heading: 'To', cell: ({ to }) => to ?? '' },
          { heading: 'Change', cell: ({ id, title }) => <Replace kind="action" about={view.id} replaces={id} name={title} /> },
        ]}
      />
      {milestones.length === 0 ? null : (
        <Table
          caption="Milestones"
          rows={milestones}
          empty=""
          columns={[
            { heading: 'Milestone', isRowHeading: true, cell: ({ title }) => title },
            { heading: 'Action', cell: ({ action }) => action },
            { heading: 'Due', cell: ({ dueAt, history }) => (history.length === 0 ? dueAt : `${dueAt} (before: ${history.join(', ')})`) },
            { heading: 'Done', cell: ({ doneAt }) => doneAt ?? 'not yet' },
            { heading: 'Slip in days', isNumeric: true, cell: ({ slipDays }) => String(slipDays) },
            { heading: 'Change', cell: ({ id, title }) => <Replace kind="milestone" about={view.id} replaces={id} name={title} /> },
          ]}
        />
      )}
    </>
  );
}

function Timeline({ changes }: { readonly changes: readonly KeptChange[] }): JSX.Element {
  return (
    <>
      <Inset>Nothing is ever changed or removed. What was replaced stays here.</Inset>
      <Table
        caption="Every published change"
        isCaptionHidden
        rows={changes}
        empty="Nothing is published."
        columns={[
          { heading: 'Published', isRowHeading: true, cell: ({ publishedAt }) => <Time iso={publishedAt?.toISOString()} /> },
          {
            heading: 'Change',
            cell: ({ id, change, replaces }) => (
              <a href={changePath(id)}>{`${KIND_WORDS[change.kind].title}${replaces === null ? '' : ', replaces another'}`}</a>
            ),
          },
          { heading: 'Proposed by', cell: ({ madeBy }) => madeBy },
          { heading: 'Published by', cell: ({ reviewedBy }) => reviewedBy ?? '' },
        ]}
      />
    </>
  );
}
