/** `/register/{register}/{number}`: one recommendation and everything that became of it. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { CodeBlock, Inset, Pagination, SummaryList, Tag, Title, Warning } from '../../platform/ui/components.tsx';
import type { RecommendationView } from '../model/schema.ts';
import { pathOf, ROOT } from './address-rules.ts';
import { ChecksTable } from './checks-table.tsx';
import { renderPublicPage } from './frame.tsx';
import { LinksTable } from './links-table.tsx';
import { Actions, Claims, Responses, Timeline } from './recommendation-parts.tsx';
import type { Entry } from './schema.ts';
import { SourceLink } from './source.tsx';
import { describeLateness, describeStatus, describeTheme } from './words.ts';

export function renderRecommendationPage(entry: Entry, publicUrl: string): string {
  const { register, view, checks, links, timeline, previous, next } = entry;
  const { recommendation } = view;
  const path = pathOf(view.id);
  return renderPublicPage({
    title: `${recommendation.number}. ${recommendation.title}`,
    canonical: `${publicUrl}${path}`,
    current: 'recommendations',
    crumbs: [
      { text: 'All registers', href: ROOT },
      { text: register.inquiry, href: pathOf(register.id) },
    ],
    alternates: [{ type: 'application/ld+json', href: `${path}.jsonld`, title: 'As linked data' }],
    children: (
      <>
        <Title caption={`Recommendation ${recommendation.number}`}>{recommendation.title}</Title>
        <p class="lead prose">{recommendation.text}</p>
        {recommendation.isVerbatim ? null : <p class="quiet">The words are ours; the source has those of the publisher.</p>}
        <Summary entry={entry} />
        <section aria-labelledby="status">
          <h2 id="status">Status</h2>
          <OwnStatus status={view.registerStatus} />
          <Claims view={view} />
        </section>
        <section aria-labelledby="checks">
          <h2 id="checks">Checks</h2>
          <p>Small tests that this installation runs on itself every hour. Where there are no data a check fails.</p>
          <ChecksTable checks={checks} empty="No check belongs to this recommendation." />
        </section>
        <Responses view={view} />
        <Actions view={view} />
        <Gatehouse recommendation={recommendation} />
        <LinksTable links={links} />
        <Timeline happenings={timeline} />
        <Address path={path} publicUrl={publicUrl} view={view} />
        <Pagination
          label="Recommendations of this register"
          previous={previous === null ? undefined : pathOf(previous)}
          previousText="Recommendation before"
          next={next === null ? undefined : pathOf(next)}
        />
      </>
    ),
  });
}

function Summary({ entry: { register, view } }: { readonly entry: Entry }): JSX.Element {
  const { recommendation, lateness } = view;
  const late = lateness.milestonesLate;
  return (
    <SummaryList
      rows={[
        { key: 'Addressed to', value: recommendation.addressees.join(', ') },
        recommendation.themes.length === 0 ? undefined : { key: 'Themes', value: recommendation.themes.map(describeTheme).join(', ') },
        { key: 'First response', value: describeLateness(lateness.responseDaysLate) },
        { key: 'Milestones', value: late === 0 ? 'none is late' : `${late} ${late === 1 ? 'is' : 'are'} late` },
        recommendation.relatedTo.length === 0 ? undefined : { key: 'Related', value: <Related subjects={recommendation.relatedTo} /> },
        { key: 'Source', value: <SourceLink source={register.source} /> },
      ]}
    />
  );
}

function Related({ subjects }: { readonly subjects: readonly string[] }): JSX.Element {
  return (
    <>
      {subjects.map((subject, index) => (
        <>
          {index === 0 ? '' : ', '}
          {/^[a-z0-9-]+\/[^/]+$/.test(subject) ? <a href={pathOf(subject)}>{subject}</a> : subject}
        </>
      ))}
    </>
  );
}

/** What the register says is worked out each time: a claim that its evidence no longer carries is shown as what is left of it, and why. */
function OwnStatus({ status: { status, claimed, reason } }: { readonly status: RecommendationView['registerStatus'] }): JSX.Element {
  const { text, colour } = describeStatus(status);
  const isReduced = claimed !== null && claimed !== status;
  return (
    <>
      <p>
        This register: <Tag colour={colour}>{text}</Tag>
      </p>
      {isReduced ? (
        <Warning>{reason}</Warning>
      ) : (
        <Inset>
          <p>{reason}</p>
        </Inset>
      )}
    </>
  );
}

function Gatehouse({ recommendation: { gatehouse } }: { readonly recommendation: RecommendationView['recommendation'] }): JSX.Element | null {
  if (gatehouse === null) return null;
  return (
    <section aria-labelledby="gatehouse">
      <h2 id="gatehouse">What Gatehouse does about it</h2>
      <p>{gatehouse.text}</p>
      {gatehouse.measures.length === 0 ? null : (
        <p class="quiet">
          Measures of the code that it serves:{' '}
          {gatehouse.measures.map((measure, index) => (
            <>
              {index === 0 ? '' : ', '}
              <code>{measure}</code>
            </>
          ))}
        </p>
      )}
    </section>
  );
}

interface AddressProps {
  readonly path: string;
  readonly publicUrl: string;
  readonly view: RecommendationView;
}

function Address({ path, publicUrl, view }: AddressProps): JSX.Element {
  const { text } = describeStatus(view.registerStatus.status);
  const badge = `<a href="${publicUrl}${path}"><img src="${publicUrl}${path}/badge.svg" alt="Recommendation ${view.recommendation.number}: status in the register"></a>`;
  return (
    <section aria-labelledby="address">
      <h2 id="address">Permanent address</h2>
      <p>
        <a class="digest" href={path}>
          {publicUrl}
          {path}
        </a>
      </p>
      <p>
        <a href={`${path}.jsonld`}>This page as JSON-LD</a>
      </p>
      <p>
        <img src={`${path}/badge.svg`} alt={`Badge: recommendation ${view.recommendation.number}, ${text}`} height="20" />
      </p>
      <CodeBlock label="HTML of the badge, for other sites">{badge}</CodeBlock>
    </section>
  );
}
