/** Small parts that the pages about records share. */
import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FieldError } from '../../platform/errors.ts';
import type { Principal } from '../../platform/http/rights.ts';
import { Button, Checkboxes, Field, Tag } from '../../platform/ui/components.tsx';
import { KIND_WORDS } from './field-rules.ts';
import type { SignedRecord } from './schema.ts';

export const HERE = '/console/code/records';
export const ASSESSMENTS = '/console/code/assessments';

/** Text as somebody wrote it, with its line breaks. */
export function Prose({ children }: { readonly children?: Child }): JSX.Element {
  return <div class="prose">{children}</div>;
}

export function StateTag({ record }: { readonly record: Pick<SignedRecord, 'supersededAt' | 'withdrawnReason'> }): JSX.Element {
  if (record.supersededAt === null) return <Tag colour="green">In effect</Tag>;
  return <Tag>{record.withdrawnReason === null ? 'Superseded' : 'Withdrawn'}</Tag>;
}

export const errorOf = (errors: readonly FieldError[], at: string): string | undefined => errors.find((error) => error.at === at)?.message;

interface SignaturePartProps {
  readonly principal: Principal;
  readonly name: string | undefined;
  readonly errors: readonly FieldError[];
  readonly button: string;
}

export function SignaturePart({ principal, name, errors, button }: SignaturePartProps): JSX.Element {
  return (
    <>
      <h2>Sign</h2>
      <p>Once signed it is never changed. A new version supersedes it, and this one is then kept for three years.</p>
      <Field
        name="signedName"
        label="Your name"
        hint="As it shall stand under the record"
        value={name ?? principal.name}
        error={errorOf(errors, 'signedName')}
        autocomplete="name"
      />
      <Checkboxes
        name="isResponsible"
        label="Responsibility"
        choices={[{ value: 'yes', text: 'I am responsible for what this record says' }]}
        error={errorOf(errors, 'isResponsible')}
      />
      <Button>{button}</Button>
    </>
  );
}

/** `Policy: moderation`; an assessment has one subject only, which its kind says. */
export function nameRecord({ kind, subject }: Pick<SignedRecord, 'kind' | 'subject'>): string {
  const { title } = KIND_WORDS[kind];
  return kind === 'assessment_illegal' || kind === 'assessment_children' ? title : `${title}: ${subject}`;
}
