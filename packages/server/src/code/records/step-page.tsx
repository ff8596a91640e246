/** The steps of a risk assessment but the second: one form each. */
import type { Child } from 'hono/jsx';
import type { FieldError } from '../../platform/errors.ts';
import type { Principal } from '../../platform/http/rights.ts';
import { Button, Checkboxes, ErrorSummary, Field, Form, TextArea, Title, type Choice } from '../../platform/ui/components.tsx';
import { renderCodePage } from '../pages/frame.tsx';
import { DRAFT_TITLES } from './draft-page.tsx';
import type { DraftView } from './schema.ts';
import { ASSESSMENTS, errorOf, HERE } from './words.tsx';

interface StepFrame {
  readonly draft: DraftView;
  readonly principal: Principal;
  readonly errors: readonly FieldError[];
  /** `understanding` */
  readonly path: string;
  readonly title: string;
  readonly children: Child;
}

export function renderStep({ draft, principal, errors, path, title, children }: StepFrame): string {
  const above = DRAFT_TITLES[draft.subject];
  return renderCodePage({
    title: `${title}: ${above}`,
    principal,
    section: 'records',
    breadcrumbs: [
      { text: 'Records', href: HERE },
      { text: above, href: `${ASSESSMENTS}/${draft.id}` },
    ],
    hasErrors: errors.length > 0,
    children: (
      <>
        <ErrorSummary errors={errors} />
        <Title caption={above}>{title}</Title>
        <Form action={`${ASSESSMENTS}/${draft.id}/${path}`} principal={principal}>
          {children}
          <Button>Save and go on</Button>
        </Form>
      </>
    ),
  });
}

export interface StepView<Values> {
  readonly draft: DraftView;
  readonly principal: Principal;
  readonly errors: readonly FieldError[];
  readonly values: Values;
}

export function renderUnderstanding({ values, ...view }: StepView<{ readonly riskFactors: string; readonly consulted: string }>): string {
  return renderStep({
    ...view,
    path: 'understanding',
    title: 'Step 1: understand',
    children: (
      <>
        <TextArea
          name="riskFactors"
          label="Which risk factors does the service have?"
          hint="Who uses it, what it can do, how it earns money: what of that makes harm likelier, or more severe. Go through the risk profiles of the regulator."
          value={values.riskFactors}
          rows={8}
          error={errorOf(view.errors, 'riskFactors')}
        />
        <TextArea
          name="consulted"
          label="What was read, and who was asked?"
          hint="Complaints, moderation figures, people who use the service, experts, research"
          value={values.consulted}
          rows={6}
          error={errorOf(view.errors, 'consulted')}
        />
      </>
    ),
  });
}

interface MeasureValues {
  readonly measures: readonly string[];
  readonly others: string;
  readonly measuresNote: string;
  readonly choices: readonly Choice[];
}

export function renderMeasures({ values, ...view }: StepView<MeasureValues>): string {
  return renderStep({
    ...view,
    path: 'measures',
    title: 'Step 3: measures',
    children: (
      <>
        {values.choices.length === 0 ? null : (
          <Checkboxes
            name="measures"
            label="Measures that answer to the risks"
            hint="Those of the codes that bind the service as its facts stand now. Each needs a record of its own with the day on which it takes effect."
            choices={values.choices}
            value={values.measures}
          />
        )}
        <Field
          name="others"
          label="Further measures of the catalogue (optional)"
          hint="Their ids, with spaces between, such as icu-c9 vp-01"
          value={values.others}
          error={errorOf(view.errors, 'measures')}
          id="measures-others"
        />
        <TextArea
          name="measuresNote"
          label="What else is done, or why nothing is needed"
          value={values.measuresNote}
          rows={6}
          error={errorOf(view.errors, 'measuresNote')}
        />
      </>
    ),
  });
}

interface ReviewValues {
  readonly reportedTo: string;
  readonly nextReview: string;
  readonly triggers: string;
  readonly lastDay: string;
}

export function renderReview({ values, ...view }: StepView<ReviewValues>): string {
  return renderStep({
    ...view,
    path: 'review',
    title: 'Step 4: report, review, update',
    children: (
      <>
        <Field
          name="reportedTo"
          label="To whom was it reported?"
          hint="The board, or the most senior body"
          value={values.reportedTo}
          error={errorOf(view.errors, 'reportedTo')}
        />
        <Field
          name="nextReview"
          label="Next review by"
          hint={`Within twelve months: at the latest ${values.lastDay}`}
          type="date"
          width={20}
          value={values.nextReview}
          error={errorOf(view.errors, 'nextReview')}
        />
        <TextArea
          name="triggers"
          label="What makes you assess again before that day?"
          hint="A significant change of the service, a new risk profile, figures that contradict the assessment"
          value={values.triggers}
          rows={5}
          error={errorOf(view.errors, 'triggers')}
        />
      </>
    ),
  });
}
