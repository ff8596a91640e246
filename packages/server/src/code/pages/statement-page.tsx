/** `/code/statement`: for everybody, without signing in, without a script, without anything from elsewhere; it prints well. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { CodeBlock, formatNumber, SummaryList, Table, Tag, Time, Warning } from '../../platform/ui/components.tsx';
import { renderStatementPage } from '../../platform/ui/statement-page.tsx';
import type { StatedMeasure, Statement } from './statement-schema.ts';
import { STATE_WORDS } from './word-rules.ts';

const TITLE = 'How this service follows the codes';
const EVIDENCE_TEXT: Readonly<Record<StatedMeasure['evidence'], string>> = {
  measured: 'measured',
  attested: 'somebody’s word',
  mixed: 'measured, and somebody’s word',
  none: 'no data',
};

/** @returns a whole HTML document */
export function renderStatement(statement: Statement): string {
  return renderStatementPage({ title: TITLE, caption: statement.operator, children: <Page statement={statement} /> });
}

function Page({ statement }: { readonly statement: Statement }): JSX.Element {
  const { measures } = statement;
  return (
    <>
      {statement.preface.map((text) => (
        <p>{text}</p>
      ))}
      <Warning>{statement.disclaimer}</Warning>
      <p>
        A measure passes only from data. Where there are none it says “not evaluated”. What is measured and what somebody says are kept apart. A measure that is
        done without being asked is not a duty.
      </p>
      <Measures title="Binding measures" id="binding" measures={measures.filter(({ outcome }) => outcome === 'binds')} />
      <Measures
        title="Voluntary principles, guidance and recommendations"
        id="voluntary"
        measures={measures.filter(({ outcome }) => outcome === 'addressed')}
      />
      <Measures
        title="Not asked of this service, done anyway"
        id="anyway"
        measures={measures.filter(({ isDoneAnyway, outcome }) => isDoneAnyway && outcome !== 'binds' && outcome !== 'addressed')}
      />
      <Check statement={statement} />
      {statement.contact.length === 0 ? null : (
        <section aria-labelledby="contact">
          <h2 id="contact">Contact</h2>
          {statement.contact.map((text) => (
            <p>{text}</p>
          ))}
        </section>
      )}
    </>
  );
}

interface MeasuresProps {
  readonly title: string;
  readonly id: string;
  readonly measures: readonly StatedMeasure[];
}

function Measures({ title, id, measures }: MeasuresProps): JSX.Element {
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>
        {title} ({formatNumber(measures.length)})
      </h2>
      <Table
        caption={title}
        isCaptionHidden
        columns={[
          {
            heading: 'Measure',
            isRowHeading: true,
            cell: ({ title: name, ref, document }) => (
              <>
                {name}
                <br />
                <span class="quiet">
                  {document}: {ref}
                </span>
              </>
            ),
          },
          {
            heading: 'State',
            cell: ({ state, isToVerify }) => (
              <>
                <Tag colour={STATE_WORDS[state].colour}>{STATE_WORDS[state].text}</Tag> {isToVerify ? <Tag colour="yellow">wording to verify</Tag> : null}
              </>
            ),
          },
          { heading: 'Rests on', cell: ({ evidence }) => EVIDENCE_TEXT[evidence] },
        ]}
        rows={measures}
        empty="None."
      />
    </section>
  );
}

function Check({ statement: { catalogueVersion, evaluatedAt, evaluation, log } }: { readonly statement: Statement }): JSX.Element {
  return (
    <section aria-labelledby="check">
      <h2 id="check">How to check this</h2>
      <SummaryList
        rows={[
          { key: 'Evaluated', value: evaluatedAt === null ? 'not yet' : <Time iso={evaluatedAt} /> },
          { key: 'Catalogue', value: catalogueVersion },
          { key: 'Log', value: log.isPublic ? <a href="/log/checkpoint">{log.origin}</a> : log.origin },
          ...(evaluation === null
            ? []
            : [
                { key: 'Entry of the log', value: evaluation.logIndex === null ? 'it waits for its place' : formatNumber(evaluation.logIndex) },
                { key: 'SHA-256 of the evaluation', value: <code class="long">{evaluation.digest}</code> },
              ]),
        ]}
      />
      <CodeBlock label="Key of the log">{log.verifierKey}</CodeBlock>
      <p>
        The entry of the log names the SHA-256 of everything that was read and judged. Ask the operator for the evidence pack: it holds the evaluation, the
        proofs and a page that checks them without a network. <a href="/code/statement.json">This page as JSON</a>.
      </p>
    </section>
  );
}
