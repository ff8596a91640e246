/** The page itself: the question, and the claim with everything that it comes from. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FieldError } from '../../platform/errors.ts';
import type { Principal } from '../../platform/http/rights.ts';
import {
  Button,
  Details,
  ErrorSummary,
  Field,
  Form,
  formatNumber,
  Inset,
  Radios,
  SummaryList,
  Table,
  Tag,
  Time,
  Title,
  Words,
  type TagColour,
} from '../../platform/ui/components.tsx';
import { renderInternationalPage } from '../pages/frame.tsx';
import { agreementInWords, concludeInWords, METHOD_WORDS, SCOPE_WORDS } from './claim-word-rules.ts';
import type { AddressClaim, Contact, DatasetView, Finding, HostingClaim, NetworkClaim, Target } from './schema.ts';

export interface HostingView {
  readonly kind: Target['kind'];
  /** Only when it must be typed again. */
  readonly value: string;
  readonly errors: readonly FieldError[];
  readonly claim: HostingClaim | undefined;
  readonly datasets: readonly DatasetView[];
}

const KINDS = [
  { value: 'url', text: 'URL', hint: 'Only its host name is used. Nothing is fetched from there.' },
  { value: 'domain', text: 'Domain name' },
  { value: 'ip', text: 'IP address' },
  { value: 'asn', text: 'Number of a network (AS)' },
] as const;

export function renderHostingPage(view: HostingView, principal: Principal): string {
  const { claim, errors } = view;
  return renderInternationalPage({
    title: claim === undefined ? 'Where is it hosted?' : 'Hosting claim',
    principal,
    section: 'hosting',
    hasErrors: errors.length > 0,
    children: (
      <>
        <ErrorSummary errors={errors} />
        {claim === undefined ? null : <Claim claim={claim} />}
        {claim === undefined ? (
          <>
            <Title caption="Hosting countries">Where is it hosted?</Title>
            <p class="lead">
              The answer is a claim: who says so, from which data, of which day. Nothing is fetched from the host, and what you ask is not kept.
            </p>
          </>
        ) : (
          <h2>Ask about something else</h2>
        )}
        <Question view={view} principal={principal} />
        <Datasets datasets={view.datasets} />
      </>
    ),
  });
}

function Question({ view: { kind, value, errors }, principal }: { readonly view: HostingView; readonly principal: Principal }): JSX.Element {
  return (
    <Form action="/console/international/hosting" principal={principal}>
      <Radios name="kind" label="What do you have?" choices={KINDS} value={kind} />
      <Field name="value" label="URL, name, address or number" value={value} maxlength={4096} error={errors[0]?.message} />
      <Button>Ask</Button>
    </Form>
  );
}

const ORIGIN_TAGS: Readonly<Record<HostingClaim['origin'], { readonly text: string; readonly colour: TagColour }>> = {
  claimed: { text: 'claimed', colour: 'blue' },
  edge_origin_unknown: { text: 'edge, origin unknown', colour: 'yellow' },
  disputed: { text: 'disputed', colour: 'yellow' },
  unknown: { text: 'unknown', colour: 'grey' },
  onion: { text: 'onion', colour: 'grey' },
};

function Claim({ claim }: { readonly claim: HostingClaim }): JSX.Element {
  const { host, origin, country, aliases = [], registrar, autnum, addresses, contacts, problems, madeAt } = claim;
  return (
    <>
      <Title caption="Hosting claim">{host ?? `AS${autnum?.asn ?? ''}`}</Title>
      <p class="lead">{concludeInWords(claim)}</p>
      <SummaryList
        rows={[
          { key: 'Origin', value: <Tag colour={ORIGIN_TAGS[origin].colour}>{ORIGIN_TAGS[origin].text}</Tag> },
          { key: 'Country', value: country ?? 'none can be claimed' },
          aliases.length === 0 ? undefined : { key: 'Leads through', value: aliases.join(', ') },
          registrar === null ? undefined : { key: 'Registrar', value: registrar },
          { key: 'Claim of', value: <Time iso={madeAt} /> },
        ]}
      />
      {problems.length === 0 ? null : (
        <Inset>
          <p>What could not be asked, or limits the claim:</p>
          <ul>
            {problems.map((problem) => (
              <li>
                <Words text={problem} />
              </li>
            ))}
          </ul>
        </Inset>
      )}
      {addresses.map((one) => (
        <Part title={one.ip} part={one} />
      ))}
      {autnum === undefined ? null : <Part title={`AS${autnum.asn}`} part={autnum} />}
      <h2>Whom one could turn to</h2>
      <Contacts contacts={contacts} />
    </>
  );
}

function Part({ title, part }: { readonly title: string; readonly part: AddressClaim | NetworkClaim }): JSX.Element {
  const { findings, network, asn, isEdge } = part;
  return (
    <section>
      <h2>
        {title} {isEdge ? <Tag colour="yellow">edge</Tag> : null}
      </h2>
      <p>
        Agreement: {agreementInWords(part)}. Network: {network ?? 'name not known'}
        {asn === null ? ', number not known' : `, AS${asn}`}.
      </p>
      <Table<Finding>
        caption={`Who says where ${title} is`}
        isCaptionHidden
        columns={[
          { heading: 'Country', isRowHeading: true, cell: ({ country }) => country },
          { heading: 'How', cell: ({ method }) => METHOD_WORDS[method] },
          { heading: 'Source', cell: ({ dataset }) => dataset },
          { heading: 'Of', cell: ({ datasetDate }) => datasetDate ?? 'unknown' },
        ]}
        rows={findings}
        empty="No dataset and no registry names a country for it."
      />
    </section>
  );
}

function Contacts({ contacts }: { readonly contacts: readonly Contact[] }): JSX.Element {
  return (
    <Table<Contact>
      caption="Contacts, the first one first"
      isCaptionHidden
      columns={[
        { heading: 'For what', isRowHeading: true, cell: ({ scope }) => SCOPE_WORDS[scope] },
        { heading: 'Who', cell: ({ name }) => name },
        { heading: 'How', cell: ({ email, url }) => [email, url].filter((text) => text !== null).join(', ') || 'no address' },
        { heading: 'Source', cell: ({ source }) => source },
        { heading: 'Problem', cell: ({ problem }) => problem ?? 'none known' },
      ]}
      rows={contacts}
      empty="No contact is known. The hotline or the police of the country may know one."
    />
  );
}

function Datasets({ datasets }: { readonly datasets: readonly DatasetView[] }): JSX.Element {
  return (
    <Details summary={`Datasets in use (${formatNumber(datasets.length)})`}>
      <Table<DatasetView>
        caption="Datasets in use"
        isCaptionHidden
        columns={[
          { heading: 'Dataset', isRowHeading: true, cell: ({ name }) => name },
          { heading: 'Kind', cell: ({ kind }) => kind },
          { heading: 'Of', cell: ({ date, isStale }) => (isStale ? <Tag colour="yellow">{date === null ? 'no date' : `${date}, old`}</Tag> : date) },
          { heading: 'Entries', isNumeric: true, cell: ({ entries }) => formatNumber(entries) },
          { heading: 'Licence', cell: ({ licence }) => licence ?? 'not given' },
          { heading: 'Problem', cell: ({ problem }) => problem ?? 'none' },
        ]}
        rows={datasets}
        empty={<Words text="There are none. Name files in the setting `geoFiles`, or fetch them with `gatehouse geo update`." />}
      />
    </Details>
  );
}
