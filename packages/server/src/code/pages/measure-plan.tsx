/** What is written down about a measure, and who sees to what is open. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Principal } from '../../platform/http/rights.ts';
import { Button, Field, Form, Table, TextArea, Time } from '../../platform/ui/components.tsx';
import type { GapPlan } from '../gaps/schema.ts';
import type { SignedRecord } from '../records/schema.ts';

export interface RecordsView {
  /** Of the measure and its alternatives, superseded ones too; newest first. */
  readonly records: readonly SignedRecord[];
}

export interface PlanForm {
  readonly values: { readonly owner: string; readonly due: string; readonly plan: string };
  readonly errors: Readonly<Record<string, string>>;
  readonly history: readonly GapPlan[];
}

interface RecordsProps {
  readonly view: RecordsView;
  readonly control: string;
  readonly principal: Principal;
}

export function RecordsSection({ view: { records }, control, principal }: RecordsProps): JSX.Element {
  return (
    <section aria-labelledby="records">
      <h2 id="records">Records</h2>
      <Table
        caption="Records of this measure"
        isCaptionHidden
        columns={[
          {
            heading: 'Record',
            isRowHeading: true,
            cell: ({ id, kind, version }) => (
              <a href={`/console/code/records/${id}`}>
                {kind === 'alternative' ? 'Alternative measure' : 'Measure in effect'}, version {version}
              </a>
            ),
          },
          {
            heading: 'Signed',
            cell: ({ signedName, signedAt }) => (
              <>
                {signedName}, <Time iso={signedAt.toISOString()} />
              </>
            ),
          },
          { heading: 'Now', cell: ({ supersededAt }) => (supersededAt === null ? 'in effect' : 'superseded, kept') },
        ]}
        rows={records}
        empty="Nothing is recorded. The law wants a record of each measure that is taken: what it is, the code, the day on which it takes effect."
      />
      {principal.rights.has('code:sign') ? (
        <p>
          <a href={`/console/code/records/new/measure?control=${control}`}>Record the measure</a> or{' '}
          <a href={`/console/code/records/new/alternative?control=${control}`}>record an alternative</a>.
        </p>
      ) : null}
    </section>
  );
}

interface PlanProps {
  readonly form: PlanForm;
  readonly control: string;
  readonly principal: Principal;
}

export function PlanSection({ form: { values, errors, history }, control, principal }: PlanProps): JSX.Element | null {
  const mayPlan = principal.rights.has('code:manage');
  if (!mayPlan && history.length === 0) return null;
  return (
    <section aria-labelledby="plan">
      <h2 id="plan">Plan</h2>
      <Table
        caption="Plans, newest first"
        columns={[
          { heading: 'Until', isRowHeading: true, cell: ({ due }) => due },
          { heading: 'Owner', cell: ({ owner }) => owner },
          { heading: 'What', cell: ({ plan }) => plan },
          { heading: 'Written', cell: ({ setAt }) => <Time iso={setAt.toISOString()} /> },
        ]}
        rows={history}
        empty="Nobody sees to it yet."
      />
      {mayPlan ? (
        <Form action={`/console/code/measures/${control}/plan`} principal={principal}>
          <Field name="owner" label="Owner" hint="Who sees to it" value={values.owner} error={errors['owner']} width={20} maxlength={120} />
          <Field name="due" label="Until" type="date" value={values.due} error={errors['due']} width={10} />
          <TextArea name="planText" label="What will be done" value={values.plan} error={errors['planText']} />
          <Button kind="secondary">Keep the plan</Button>
        </Form>
      ) : null}
    </section>
  );
}
