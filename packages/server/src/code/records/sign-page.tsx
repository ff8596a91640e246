/** The form in which a record of any kind is written and signed. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FieldError } from '../../platform/errors.ts';
import type { Principal } from '../../platform/http/rights.ts';
import { ErrorSummary, Field, Form, Inset, Radios, TextArea, Title } from '../../platform/ui/components.tsx';
import { renderCodePage } from '../pages/frame.tsx';
import type { BodyKind } from './body-schema.ts';
import { FIELDS, KIND_WORDS, type RecordField } from './field-rules.ts';
import type { SignedRecord } from './schema.ts';
import { errorOf, HERE, SignaturePart } from './words.tsx';

export interface SignForm {
  readonly kind: BodyKind;
  readonly values: Readonly<Record<string, string>>;
  readonly name: string | undefined;
  readonly errors: readonly FieldError[];
  /** The one that this would supersede. */
  readonly before: SignedRecord | undefined;
}

export function renderSignPage({ kind, values, name, errors, before }: SignForm, principal: Principal): string {
  const { title, about } = KIND_WORDS[kind];
  return renderCodePage({
    title: `Record: ${title}`,
    principal,
    section: 'records',
    breadcrumbs: [{ text: 'Records', href: HERE }],
    hasErrors: errors.length > 0,
    children: (
      <>
        <ErrorSummary errors={errors} />
        <Title caption="New record">{title}</Title>
        <p>{about}</p>
        {before === undefined ? null : (
          <Inset>
            Version {before.version} is in effect, signed by {before.signedName}: <a href={`${HERE}/${before.id}`}>see it</a>. This one supersedes it.
          </Inset>
        )}
        <Form action={`${HERE}/new/${kind}`} principal={principal}>
          {FIELDS[kind].map((field) => (
            <Control field={field} value={values[field.name] ?? ''} error={errorOf(errors, field.name)} />
          ))}
          <SignaturePart principal={principal} name={name} errors={errors} button="Sign the record" />
        </Form>
      </>
    ),
  });
}

interface ControlProps {
  readonly field: RecordField;
  readonly value: string;
  readonly error: string | undefined;
}

function Control({ field: { name, label, hint, type, isOptional }, value, error }: ControlProps): JSX.Element {
  const common = { name, label: isOptional === true ? `${label} (optional)` : label, hint, error, value };
  if (type.kind === 'text') return <TextArea {...common} rows={5} />;
  if (type.kind === 'day') return <Field {...common} type="date" width={20} />;
  if (type.kind === 'choice') return <Radios {...common} choices={type.choices} />;
  return <Field {...common} type={type.kind === 'count' ? 'number' : 'text'} width={type.kind === 'count' || type.kind === 'figure' ? 10 : 'full'} />;
}
