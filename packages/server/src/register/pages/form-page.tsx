/** The form in which a change of any kind is proposed. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FieldError } from '../../platform/errors.ts';
import type { Principal } from '../../platform/http/rights.ts';
import { Button, Checkboxes, ErrorSummary, Field, Form, Inset, Radios, Select, TextArea, Title } from '../../platform/ui/components.tsx';
import type { Change, RecommendationView } from '../model/schema.ts';
import { changePath, HERE } from './addresses.ts';
import { fieldsOf, KIND_WORDS, nameOf, type ChangeField } from './field-rules.ts';
import { countEvidence, type Values } from './form-rules.ts';
import { renderRegisterPage } from './frame.tsx';

export interface FormView {
  readonly kind: Change['kind'];
  /** The recommendation that it is about; undefined for registers and recommendations. */
  readonly about: RecommendationView | undefined;
  readonly replaces: string;
  readonly values: Values;
  readonly errors: readonly FieldError[];
}

export function renderFormPage({ kind, about, replaces, values, errors }: FormView, principal: Principal): string {
  const { title, about: meaning } = KIND_WORDS[kind];
  return renderRegisterPage({
    title: `Propose: ${title}`,
    principal,
    section: 'recommendations',
    breadcrumbs: [{ text: 'Recommendations', href: HERE }],
    hasErrors: errors.length > 0,
    children: (
      <>
        <ErrorSummary errors={errors} />
        <Title caption={about === undefined ? 'Propose' : `Recommendation ${about.id}`}>{title}</Title>
        <p>{meaning}</p>
        {replaces === '' ? null : (
          <Inset>
            It takes the place of <a href={changePath(replaces)}>what is published</a>. Both are kept.
          </Inset>
        )}
        <Form action={`${HERE}/new/${kind}`} principal={principal}>
          <input type="hidden" name="about" value={about?.id ?? ''} />
          <input type="hidden" name="replaces" value={replaces} />
          {fieldsOf(kind, countEvidence(values)).map((field) => (
            <Control field={field} value={values[nameOf(field)] ?? ''} error={errors.find(({ at }) => at === nameOf(field))?.message} about={about} />
          ))}
          {kind === 'status' ? (
            <p>A claim is shown as complete only with evidence of an effect, and as complete or ongoing only while every check that it names passes.</p>
          ) : null}
          <Button>Keep as a draft</Button>
        </Form>
      </>
    ),
  });
}

/** Nothing is chosen for anybody. */
const NONE = { value: '', text: 'Choose one' };

interface ControlProps {
  readonly field: ChangeField;
  readonly value: string;
  readonly error: string | undefined;
  readonly about: RecommendationView | undefined;
}

function Control({ field, value, error, about }: ControlProps): JSX.Element {
  const { type, isOptional } = field;
  const common = { name: nameOf(field), label: isOptional === true ? `${field.label} (optional)` : field.label, hint: field.hint, error, value };
  switch (type.kind) {
    case 'text':
      return <TextArea {...common} rows={4} />;
    case 'list':
      return <TextArea {...common} rows={3} />;
    case 'day':
      return <Field {...common} type="date" width={20} />;
    case 'yes':
      return <Checkboxes {...common} label="" choices={[{ value: 'yes', text: field.label }]} />;
    case 'choice':
      return type.choices.length > 6 ? <Select {...common} choices={[NONE, ...type.choices]} /> : <Radios {...common} choices={[...type.choices]} />;
    case 'action':
      return <Select {...common} choices={[NONE, ...(about?.actions ?? []).map(({ id, title }) => ({ value: id, text: title }))]} />;
    case 'line':
      return <Field {...common} />;
    default:
      return type satisfies never;
  }
}
