/** Parts of the page of a recommendation: claims with their evidence, responses, actions with milestones, what happened. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { formatNumber, Table, Tag, Time } from '../../platform/ui/components.tsx';
import { formatDay } from '../../platform/ui/format.ts';
import type { Evidence, MilestoneView, RecommendationView } from '../model/schema.ts';
import { runPath } from './address-rules.ts';
import { describeSpan } from './happening-rules.ts';
import type { Happening } from './schema.ts';
import { SourceOf } from './source.tsx';
import { isWeb } from './web-rules.ts';
import { CLASS_WORDS } from '../model/status-rules.ts';
import { ACTION_WORDS, CLAIMANT_WORDS, describeLateness, describeStatus, EVIDENCE_WORDS, IN_FORCE_WORDS, SHOWS_WORDS } from './words.ts';

interface ViewProps {
  readonly view: RecommendationView;
}

type Claim = RecommendationView['statuses'][number];
type Claimant = Claim['by'];

interface ClaimRow {
  readonly by: Claimant;
  readonly claim: Claim | undefined;
}

const CLAIMANTS: readonly Claimant[] = ['government', 'register', 'independent'];

/** Side by side, each of the three also when it says nothing. */
export function Claims({ view: { statuses } }: ViewProps): JSX.Element {
  const rows: readonly ClaimRow[] = CLAIMANTS.flatMap((by): ClaimRow[] => {
    const own = statuses.filter((claim) => claim.by === by);
    return own.length === 0 ? [{ by, claim: undefined }] : own.map((claim) => ({ by, claim }));
  });
  return (
    <>
      <Table
        caption="What is claimed, by whom"
        rows={rows}
        empty="Nothing is claimed."
        columns={[
          {
            heading: 'Who',
            isRowHeading: true,
            cell: ({ by, claim }) => (claim === undefined ? CLAIMANT_WORDS[by] : `${CLAIMANT_WORDS[by]}: ${claim.claimant}`),
          },
          { heading: 'Says', cell: ({ claim }) => (claim === undefined ? 'nothing' : <ClaimedStatus claim={claim} />) },
          { heading: 'As of', cell: ({ claim }) => (claim === undefined ? '' : formatDay(claim.asOf)) },
          { heading: 'In words', cell: ({ claim }) => claim?.text ?? '' },
        ]}
      />
      {statuses.map((claim) => (
        <Basis claim={claim} />
      ))}
    </>
  );
}

function ClaimedStatus({ claim }: { readonly claim: Claim }): JSX.Element {
  const { text, colour } = describeStatus(claim.status);
  return <Tag colour={colour}>{text}</Tag>;
}

function Basis({ claim }: { readonly claim: Claim }): JSX.Element {
  return (
    <>
      <h3>Evidence named by {claim.claimant}</h3>
      {claim.basis.length === 0 ? <p>None.</p> : null}
      <ul>
        {claim.basis.map((evidence) => (
          <li>
            <EvidenceItem evidence={evidence} />
          </li>
        ))}
      </ul>
    </>
  );
}

function EvidenceItem({ evidence }: { readonly evidence: Evidence }): JSX.Element {
  return (
    <>
      <p>
        {evidence.text} <Tag>{SHOWS_WORDS[evidence.shows]}</Tag> <Tag>{EVIDENCE_WORDS[evidence.kind]}</Tag>
      </p>
      {evidence.check === null ? (
        <SourceOf source={evidence.source} />
      ) : (
        <p>
          Check <code>{evidence.check}</code>: see <a href="#checks">Checks</a>.
        </p>
      )}
    </>
  );
}

export function Responses({ view: { responses } }: ViewProps): JSX.Element {
  return (
    <section aria-labelledby="responses">
      <h2 id="responses">Responses</h2>
      {responses.length === 0 ? <p>There is none.</p> : null}
      {responses.map((response) => (
        <article id={response.id}>
          <h3>
            {response.by}, {formatDay(response.date)}
          </h3>
          <p>
            <Tag>{CLASS_WORDS[response.class]}</Tag>{' '}
            {response.classAsPublished === null ? (
              <span class="quiet">The publisher gave no class.</span>
            ) : (
              <span class="quiet">In the publisher’s word: {response.classAsPublished}.</span>
            )}
            {response.isOnTime === null ? null : <> First response: {describeLateness(response.daysLate)}.</>}
          </p>
          <p class="prose">{response.text}</p>
          <SourceOf source={response.source} />
        </article>
      ))}
    </section>
  );
}

export function Actions({ view: { actions } }: ViewProps): JSX.Element {
  return (
    <section aria-labelledby="actions">
      <h2 id="actions">Actions and milestones</h2>
      {actions.length === 0 ? <p>None was recorded.</p> : null}
      {actions.map((action) => (
        <article id={action.id}>
          <h3>{action.title}</h3>
          <p>
            {action.owner} <Tag>{ACTION_WORDS[action.kind]}</Tag> {describeSpan(action.from, action.to)}
          </p>
          <Legislation action={action} />
          <SourceOf source={action.source} />
          <Table
            caption={`Milestones of ${action.title}`}
            isCaptionHidden
            rows={action.milestones}
            empty="No milestone was set."
            columns={[
              { heading: 'Milestone', isRowHeading: true, cell: ({ id, title }) => <span id={id}>{title}</span> },
              { heading: 'Due', cell: ({ dueAt }) => formatDay(dueAt) },
              { heading: 'Was due', cell: (milestone) => <OldDates milestone={milestone} /> },
              { heading: 'Done', cell: ({ doneAt }) => (doneAt === null ? 'not yet' : formatDay(doneAt)) },
              { heading: 'Slipped', isNumeric: true, cell: ({ slipDays }) => describeSlip(slipDays) },
            ]}
          />
        </article>
      ))}
    </section>
  );
}

function Legislation({ action: { legislation } }: { readonly action: RecommendationView['actions'][number] }): JSX.Element | null {
  if (legislation === null) return null;
  const name = `${legislation.identifier} (${legislation.jurisdiction})`;
  return (
    <p>
      {isWeb(legislation.url) ? (
        <a href={legislation.url} rel="noreferrer">
          {name}
        </a>
      ) : (
        name
      )}
      , {IN_FORCE_WORDS[legislation.inForce]}
    </p>
  );
}

function OldDates({ milestone: { history } }: { readonly milestone: MilestoneView }): JSX.Element {
  return history.length === 0 ? (
    <>never moved</>
  ) : (
    <>
      {history.map((date) => (
        <div>
          <del datetime={date}>{formatDay(date)}</del>
        </div>
      ))}
    </>
  );
}

function describeSlip(days: number): string {
  if (days === 0) return 'no';
  const count = `${formatNumber(Math.abs(days))} ${Math.abs(days) === 1 ? 'day' : 'days'}`;
  return days > 0 ? count : `${count} earlier`;
}

export function Timeline({ happenings }: { readonly happenings: readonly Happening[] }): JSX.Element {
  return (
    <section aria-labelledby="timeline">
      <h2 id="timeline">What happened in this register</h2>
      <ol class="timeline">
        {happenings.map(({ id, at, title, text, digest, runId }) => (
          <li id={id}>
            <p>
              <Time iso={at.toISOString()} />
              <br />
              <strong>{title}</strong>
            </p>
            <p class="prose">{text}</p>
            {digest === null ? null : (
              <p class="quiet">
                SHA-256 of the change, as the log has it: <code class="digest">{digest}</code>
              </p>
            )}
            {runId === null ? null : (
              <p>
                <a href={runPath(runId)}>The run of the checks</a>
              </p>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}
