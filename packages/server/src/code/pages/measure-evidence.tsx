/** The evidence of a measure: what was measured, apart from what people attest, apart from what needs judgement. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { Details, formatNumber, Inset, Table, Tag, Time } from '../../platform/ui/components.tsx';
import type { FigurePoint, Item } from '../evidence/schema.ts';
import { FigurePlot } from './plots.tsx';
import type { MeasureView } from './measure-page.tsx';
import { BASIS_WORDS, formatFigure, MODE_WORDS, STATE_WORDS, WINDOW_WORDS } from './word-rules.ts';

/** A figure over time, one point for each evaluation. */
export interface FigureHistory {
  readonly metric: string;
  readonly window: string;
  readonly points: readonly FigurePoint[];
}

const MODES = ['measured', 'attested', 'judgement'] as const;
const MODE_TEXT: Readonly<Record<(typeof MODES)[number], string>> = {
  measured: 'Worked out from what Gatehouse itself saw. Nobody’s word is needed.',
  attested: 'Somebody says so, by name. Gatehouse shows who, when and until when; it did not measure it.',
  judgement: 'A person must decide; Gatehouse shows what there is.',
};

export function EvidenceSection({ view }: { readonly view: MeasureView }): JSX.Element {
  const { measure, evaluation } = view;
  return (
    <section aria-labelledby="evidence">
      <h2 id="evidence">Evidence</h2>
      {measure === undefined || evaluation === undefined ? (
        <p>Nothing was evaluated yet. Without data nothing passes.</p>
      ) : (
        <>
          <p>{measure.reason}</p>
          {measure.isDoneAnyway ? (
            <Inset>This is not asked of this service. It is done anyway, and the evidence shows it; it does not become a duty by that.</Inset>
          ) : null}
          {MODES.map((mode) => {
            const items = measure.items.filter((item) => item.mode === mode);
            return items.length === 0 ? null : <ModePart mode={mode} items={items} view={view} />;
          })}
          <p>
            Evaluated <Time iso={evaluation.at} />. <a href={`/console/code/evaluations/${evaluation.id}`}>The evaluation as it was recorded</a>
            {evaluation.logIndex === undefined ? (
              '; its place in the log is not known yet.'
            ) : (
              <>
                , entry {formatNumber(evaluation.logIndex)} of the log (<a href={`/console/log/entries/${evaluation.logIndex}/proof`}>proof</a>,{' '}
                <a href={`/console/log/entries/${evaluation.logIndex}/entry`}>entry</a>).
              </>
            )}
          </p>
        </>
      )}
    </section>
  );
}

interface ModePartProps {
  readonly mode: (typeof MODES)[number];
  readonly items: readonly Item[];
  readonly view: MeasureView;
}

function ModePart({ mode, items, view }: ModePartProps): JSX.Element {
  return (
    <>
      <h3>{MODE_WORDS[mode]}</h3>
      <p class="quiet">{MODE_TEXT[mode]}</p>
      <Table
        caption={`${MODE_WORDS[mode]} evidence`}
        isCaptionHidden
        columns={[
          { heading: 'What', isRowHeading: true, cell: (item) => <What item={item} /> },
          { heading: 'Figure', cell: (item) => <Figure item={item} /> },
          { heading: 'Threshold', cell: (item) => <Threshold item={item} /> },
          { heading: 'State', cell: ({ state }) => <Tag colour={STATE_WORDS[state].colour}>{STATE_WORDS[state].text}</Tag> },
          { heading: 'Why', cell: ({ reason }) => reason },
        ]}
        rows={items}
        empty=""
      />
      {items.map((item) => (
        <ItemHistory item={item} view={view} />
      ))}
    </>
  );
}

function What({ item: { title, window, note } }: { readonly item: Item }): JSX.Element {
  return (
    <>
      {title}
      <br />
      <span class="quiet">
        {WINDOW_WORDS[window]}
        {note === null ? '' : `; ${note}`}
      </span>
    </>
  );
}

function Figure({ item: { figure, unit, numerator, denominator, interval, attestation } }: { readonly item: Item }): JSX.Element {
  return (
    <>
      {formatFigure(figure, unit)}
      {numerator === null || denominator === null ? null : (
        <>
          <br />
          <span class="quiet">
            {formatNumber(numerator)} of {formatNumber(denominator)}
          </span>
        </>
      )}
      {interval === null ? null : (
        <>
          <br />
          <span class="quiet">
            95 %: {formatFigure(interval.low, unit)} to {formatFigure(interval.high, unit)}
          </span>
        </>
      )}
      {attestation === null ? null : (
        <>
          <br />
          <a href={`/console/code/records/${attestation.id}`}>
            {attestation.by}, <Time iso={attestation.at} />
          </a>
          <br />
          <span class="quiet">until {attestation.validUntil}</span>
        </>
      )}
    </>
  );
}

function Threshold({ item: { thresholdText, basis } }: { readonly item: Item }): JSX.Element {
  return (
    <>
      {thresholdText}
      <br />
      <span class="quiet">{BASIS_WORDS[basis]}</span>
    </>
  );
}

function ItemHistory({ item, view: { figures, span } }: { readonly item: Item; readonly view: MeasureView }): JSX.Element | null {
  const points = figures.find(({ metric, window }) => metric === item.metric && window === item.window)?.points ?? [];
  const known = points.filter(({ figure }) => figure !== null);
  const last = known.at(-1)?.figure ?? null;
  if (known.length < 2 && item.rows.length === 0) return null;
  const threshold = item.threshold.kind === 'number' ? item.threshold.value : null;
  return (
    <Details summary={`${item.title}: over time and in detail`}>
      {item.method === null ? null : <p>{item.method}</p>}
      {known.length < 2 ? null : (
        <FigurePlot
          points={points}
          span={span}
          threshold={threshold}
          label={`${item.title}, ${known.length} figures, last ${formatFigure(last, item.unit)}. The dashed line is the threshold: ${item.thresholdText}.`}
        />
      )}
      {item.rows.length === 0 ? null : (
        <Table
          caption={`${item.title}, in parts`}
          columns={[
            { heading: 'Part', isRowHeading: true, cell: ({ label }) => label },
            { heading: 'Figure', isNumeric: true, cell: ({ figure }) => formatFigure(figure, item.unit) },
          ]}
          rows={item.rows}
          empty=""
        />
      )}
    </Details>
  );
}
