/** `/console/code/measures/{id}`: what it asks, why it binds or does not, what shows that it is kept, and how that went. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Principal } from '../../platform/http/rights.ts';
import { Details, Inset, NotificationBanner, SummaryList, Table, Tag, Time, Title, Warning } from '../../platform/ui/components.tsx';
import type { Control, Group } from '../catalogue/schema.ts';
import type { MeasureState, StatePoint } from '../evidence/schema.ts';
import type { Applicability } from '../facts/schema.ts';
import { PlanSection, RecordsSection, type PlanForm, type RecordsView } from './measure-plan.tsx';
import { EvidenceSection, type FigureHistory } from './measure-evidence.tsx';
import { renderCodePage } from './frame.tsx';
import { OutcomeTag } from './overview-page.tsx';
import { StateStrip } from './plots.tsx';
import type { Relations } from './relation-rules.ts';
import { LAYER_WORDS, OUTCOME_WORDS, STANDING_WORDS, STATE_WORDS } from './word-rules.ts';

export interface MeasureView {
  readonly control: Control;
  readonly group: Group;
  readonly source: { readonly title: string; readonly url: string | null };
  readonly applicability: Applicability;
  /** By the id of the fact. */
  readonly questions: ReadonlyMap<string, string>;
  readonly measure: MeasureState | undefined;
  readonly evaluation: { readonly id: string; readonly at: string; readonly logIndex: number | undefined } | undefined;
  readonly states: readonly StatePoint[];
  readonly figures: readonly FigureHistory[];
  readonly span: { readonly from: Date; readonly to: Date };
  readonly relations: Relations;
  readonly records: RecordsView;
  readonly plan: PlanForm;
  readonly isPlanned: boolean;
}

export function renderMeasure(view: MeasureView, principal: Principal): string {
  const { control, group } = view;
  return renderCodePage({
    title: control.title,
    principal,
    section: 'overview',
    breadcrumbs: [{ text: 'Measures', href: '/console/code' }],
    hasErrors: Object.keys(view.plan.errors).length > 0,
    children: (
      <>
        {view.isPlanned ? (
          <NotificationBanner kind="success">
            <p>The plan is kept.</p>
          </NotificationBanner>
        ) : null}
        <Title caption={`${group.title}: ${control.ref}`}>{control.title}</Title>
        <Head view={view} />
        <Why view={view} />
        <EvidenceSection view={view} />
        <History view={view} />
        <RecordsSection view={view.records} control={control.id} principal={principal} />
        <PlanSection form={view.plan} control={control.id} principal={principal} />
        <RelationsSection relations={view.relations} />
      </>
    ),
  });
}

function Head({ view: { control, group, source, applicability, measure } }: { readonly view: MeasureView }): JSX.Element {
  const said = STATE_WORDS[measure?.state ?? 'not_evaluated'];
  return (
    <>
      <p>
        <OutcomeTag outcome={applicability.outcome} />{' '}
        {measure?.isDoneAnyway === true ? <Tag colour="green">Done anyway</Tag> : <Tag colour={said.colour}>{said.text}</Tag>}
      </p>
      <p class="lead">{control.statement}</p>
      {control.verify ? (
        <Warning>To verify: nobody has compared this with the primary text yet.{control.verifyNote === null ? '' : ` ${control.verifyNote}`}</Warning>
      ) : null}
      <SummaryList
        rows={[
          { key: 'Layer', value: LAYER_WORDS[group.layer] },
          { key: 'Source', value: source.url === null ? source.title : <a href={source.url}>{source.title}</a> },
          { key: 'Section', value: `${control.source.section} (${control.source.date})` },
          {
            key: 'Standing',
            value: control.status.startsWith(STANDING_WORDS[control.standing]) ? control.status : `${STANDING_WORDS[control.standing]}; ${control.status}`,
          },
          ...(control.from === null ? [] : [{ key: 'From', value: control.from }]),
          ...(control.until === null ? [] : [{ key: 'Until', value: control.until }]),
          { key: 'For whom', value: control.appliesTo.text },
        ]}
      />
    </>
  );
}

function Why({ view: { applicability, questions } }: { readonly view: MeasureView }): JSX.Element {
  const { outcome, reason, decidedBy, missing, wouldBind } = applicability;
  return (
    <section aria-labelledby="why">
      <h2 id="why">{OUTCOME_WORDS[outcome].text}: why</h2>
      <p>{reason}</p>
      {decidedBy.length === 0 ? null : (
        <Table
          caption="The answers that decide it"
          columns={[
            { heading: 'Question', isRowHeading: true, cell: ({ question }) => question },
            { heading: 'Answer', cell: ({ value }) => value },
            {
              heading: 'Said by',
              cell: ({ saidBy, saidAt }) => (
                <>
                  {saidBy ?? 'worked out'}
                  {saidAt === null ? null : (
                    <>
                      , <Time iso={saidAt} />
                    </>
                  )}
                </>
              ),
            },
          ]}
          rows={decidedBy}
          empty=""
        />
      )}
      {missing.length === 0 ? null : (
        <Inset>
          <p>It depends on answers that nobody has given yet:</p>
          <ul>
            {missing.map((fact) => (
              <li>{questions.get(fact) ?? fact}</li>
            ))}
          </ul>
          <p>
            <a href="/console/code/questions">Answer questions</a>
          </p>
        </Inset>
      )}
      {wouldBind.length === 0 ? null : (
        <Details summary="What would make it apply" isOpen={outcome === 'not_asked'}>
          <ul>
            {wouldBind.map((changes) => (
              <li>{changes.map(({ question, now, to }) => `${question} from “${now}” to “${to}”`).join(', and ')}</li>
            ))}
          </ul>
        </Details>
      )}
    </section>
  );
}

function History({ view: { states, span } }: { readonly view: MeasureView }): JSX.Element | null {
  if (states.length === 0) return null;
  const changes = states.filter(({ state }, index) => states[index - 1]?.state !== state);
  return (
    <section aria-labelledby="history">
      <h2 id="history">History</h2>
      <StateStrip
        points={changes}
        span={span}
        label={`State from ${span.from.toISOString().slice(0, 10)} to ${span.to.toISOString().slice(0, 10)}: ${changes.map(({ state }) => STATE_WORDS[state].text).join(', then ')}.`}
      />
      <p class="quiet">Full height: pass. Striped: fail. Two thirds: attention. A thin line: not evaluated.</p>
      <Details summary="Changes of state">
        <Table
          caption="Changes of state, newest first"
          columns={[
            { heading: 'Since', isRowHeading: true, cell: ({ at }) => <Time iso={at.toISOString()} /> },
            { heading: 'State', cell: ({ state }) => STATE_WORDS[state].text },
            { heading: 'Evaluation', cell: ({ evaluationId }) => <a href={`/console/code/evaluations/${evaluationId}`}>as recorded</a> },
          ]}
          rows={changes.toReversed().slice(0, 100)}
          empty=""
        />
      </Details>
    </section>
  );
}

function RelationsSection({ relations: { up, down, related } }: { readonly relations: Relations }): JSX.Element {
  return (
    <section aria-labelledby="relations">
      <h2 id="relations">Where it comes from</h2>
      {up.length === 0 ? <p>No way up to a recommendation is recorded.</p> : null}
      <ul>
        {up.map((way) => (
          <li>
            {way.map((control, index) => (
              <>
                {index === 0 ? '' : ' → '}
                <ControlLink control={control} />
              </>
            ))}
          </li>
        ))}
      </ul>
      {down.length === 0 ? null : <ControlList title="What carries it out" controls={down} />}
      {related.length === 0 ? null : <ControlList title="Related" controls={related} />}
    </section>
  );
}

function ControlList({ title, controls }: { readonly title: string; readonly controls: readonly Control[] }): JSX.Element {
  return (
    <>
      <h3>{title}</h3>
      <ul>
        {controls.map((control) => (
          <li>
            <ControlLink control={control} />
          </li>
        ))}
      </ul>
    </>
  );
}

function ControlLink({ control: { id, ref, title } }: { readonly control: Control }): JSX.Element {
  return (
    <a href={`/console/code/measures/${id}`}>
      {ref}: {title}
    </a>
  );
}
