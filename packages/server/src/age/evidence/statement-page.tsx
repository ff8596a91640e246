/** `/age/statement`: for everybody, without signing in, without a script, without anything from elsewhere; it prints well. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { formatNumber, SummaryList, Table, Time, type Column } from '../../platform/ui/components.tsx';
import { renderStatementPage } from '../../platform/ui/statement-page.tsx';
import type { Figures, StatedWay, StatementView } from './statement-schema.ts';

/** @returns a whole HTML document */
export function renderStatement(statement: StatementView): string {
  return renderStatementPage({ title: TITLE, caption: statement.operator, children: <Statement statement={statement} /> });
}

const TITLE = 'How ages are checked here';

function Statement({ statement }: { readonly statement: StatementView }): JSX.Element {
  return (
    <>
      <Paragraphs texts={statement.preface} />
      <p>
        A service asks one question, such as “18 or older?”. You choose a way to answer. The service learns yes or no, how sure the answer is and which way you
        took. {statement.about}
      </p>
      <Ways ways={statement.ways} />
      <Alternatives texts={statement.alternatives} />
      <Complaint statement={statement} />
      <FiguresSection figures={statement.figures} />
      <Basis statement={statement} />
    </>
  );
}

function Paragraphs({ texts }: { readonly texts: readonly string[] }): JSX.Element {
  return (
    <>
      {texts.map((text) => (
        <p>{text}</p>
      ))}
    </>
  );
}

function Ways({ ways }: { readonly ways: readonly StatedWay[] }): JSX.Element {
  return (
    <section aria-labelledby="ways">
      <h2 id="ways">Ways to answer</h2>
      {ways.length === 0 ? <p>No way has been written down yet.</p> : null}
      {ways.map(({ id, title, how, processed, kept, grade }) => (
        <section aria-labelledby={toAnchor(id)}>
          <h3 id={toAnchor(id)}>{title}</h3>
          <p>{how}</p>
          <SummaryList
            rows={[
              { key: 'Processed', value: processed },
              { key: 'Kept', value: kept },
              { key: 'How sure', value: grade },
            ]}
          />
        </section>
      ))}
    </section>
  );
}

function toAnchor(id: string): string {
  return `way-${id.replaceAll(/[^a-z0-9]/g, '-')}`;
}

function Alternatives({ texts }: { readonly texts: readonly string[] }): JSX.Element {
  return (
    <section aria-labelledby="alternatives">
      <h2 id="alternatives">If none of them suits you</h2>
      <Paragraphs texts={texts} />
      <p>You can go back to the service without an answer at any time. Nothing is kept then.</p>
    </section>
  );
}

function Complaint({ statement: { complaint } }: { readonly statement: StatementView }): JSX.Element {
  const { text, email, url } = complaint;
  const isMissing = text.length === 0 && email === null && url === null;
  return (
    <section aria-labelledby="complain">
      <h2 id="complain">How to complain, or say that an answer is wrong</h2>
      <Paragraphs texts={text} />
      {email === null ? null : (
        <p>
          E-mail: <a href={`mailto:${email}`}>{email}</a>
        </p>
      )}
      {url === null ? null : (
        <p>
          Address: <a href={url}>{url}</a>
        </p>
      )}
      {isMissing ? <p>Write to the service that asked you. The operator of this page has named no other contact.</p> : null}
      <p>We cannot look up your check: soon after it has ended, nothing is left by which it could be found.</p>
    </section>
  );
}

type Part = Figures['ways'][number];

const COLUMNS: readonly Column<Part>[] = [
  { heading: 'Answered by', isRowHeading: true, cell: ({ label }) => label },
  { heading: 'Checks', isNumeric: true, cell: ({ checks }) => (checks === null ? 'withheld' : formatNumber(checks)) },
];

function FiguresSection({ figures }: { readonly figures: Figures | null }): JSX.Element {
  return (
    <section aria-labelledby="figures">
      <h2 id="figures">Figures</h2>
      {figures === null ? (
        <p>In the last whole month there were too few checks for a figure about nobody in particular.</p>
      ) : (
        <>
          <p>
            In {figures.month} the page of {formatNumber(figures.checks ?? 0)} checks was opened.
            {figures.answeredShare === null ? '' : ` ${Math.round(figures.answeredShare * 100)} % of them ended with yes or no.`}
            {figures.medianSeconds === null ? '' : ` Half of the answers took less than ${figures.medianSeconds} seconds.`}
          </p>
          <Table caption="Checks by the way that answered them" columns={COLUMNS} rows={figures.ways} empty="" />
          <p>
            Withheld: fewer than {figures.k}, or a number from which such a one could be worked out. People are not counted: somebody who was asked twice is in
            here twice.
          </p>
        </>
      )}
    </section>
  );
}

function Basis({ statement }: { readonly statement: StatementView }): JSX.Element {
  const { selfTest, review, inForceSince, record, services, languages } = statement;
  return (
    <section aria-labelledby="basis">
      <h2 id="basis">What this rests on</h2>
      <SummaryList
        rows={[
          services.length === 0 ? undefined : { key: 'Services that ask', value: services.join(', ') },
          languages.length === 0 ? undefined : { key: 'Languages of the page', value: languages.join(', ') },
          inForceSince === null ? undefined : { key: 'In force since', value: <Time iso={inForceSince} /> },
          selfTest === null
            ? undefined
            : {
                key: 'Last self-test',
                value: (
                  <>
                    <Time iso={selfTest.at} />: {selfTest.cases} presentations, {selfTest.hostileAccepted} hostile ones accepted
                  </>
                ),
              },
          review === null
            ? undefined
            : {
                key: 'Last review',
                value: (
                  <>
                    {review.reviewedOn}; the next is due on {review.nextReviewOn}
                    {review.dpiaUrl === null ? null : (
                      <>
                        . <a href={review.dpiaUrl}>Data protection impact assessment</a>
                      </>
                    )}
                  </>
                ),
              },
          { key: 'Entry of the written record', value: <code>{`${record.sequence}:${record.hash}`}</code> },
          {
            key: 'Made',
            value: (
              <>
                <Time iso={statement.generatedAt} /> by Gatehouse {statement.version}
              </>
            ),
          },
        ]}
      />
      <p>{statement.about}</p>
      <p>
        <a href="/age/statement.json">The same for machines</a>
      </p>
    </section>
  );
}
