/** What a form sends, made ready for the schemas; faults as sentences at their controls. */
import { z } from 'zod';
import type { FieldError } from '../../platform/errors.ts';
import { FIELDS, type RecordField } from './field-rules.ts';
import type { BodyKind } from './body-schema.ts';
import { SignatureSchema } from './schema.ts';

/** A form, as a browser sends it. */
export const FormSchema = z.record(z.string(), z.union([z.string(), z.array(z.string())]));
export type Sent = Readonly<Record<string, string | readonly string[]>>;

export function first(sent: Sent, name: string): string {
  const value = sent[name] ?? '';
  return typeof value === 'string' ? value : (value[0] ?? '');
}

export function all(sent: Sent, name: string): readonly string[] {
  const value = sent[name];
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

/** @returns the name, or what is wrong */
export function readSignature(sent: Sent): { readonly name: string; readonly errors: readonly FieldError[] } {
  const name = first(sent, 'signedName');
  const parsed = SignatureSchema.shape.name.safeParse(name);
  return {
    name: parsed.success ? parsed.data : name,
    errors: [
      ...(parsed.success ? [] : [{ at: 'signedName', message: 'Enter your name, in at most 120 characters' }]),
      ...(first(sent, 'isResponsible') === 'yes'
        ? []
        : [{ at: 'isResponsible', message: 'Tick the box if you are responsible for what this says. Otherwise somebody else must sign.' }]),
    ],
  };
}

/** One sentence for each control at which the schema stumbled. */
export function explainFaults(kind: BodyKind, paths: readonly string[]): FieldError[] {
  return FIELDS[kind].filter(({ name }) => paths.includes(name)).map((field) => ({ at: field.name, message: explain(field) }));
}

function explain({ label, type }: RecordField): string {
  switch (type.kind) {
    case 'day':
      return `${label}: enter a day as year-month-day, such as 2027-03-31`;
    case 'slug':
      return `${label}: enter small letters, digits and hyphens, such as moderation-policy`;
    case 'count':
      return `${label}: enter a whole number`;
    case 'figure':
      return `${label}: enter yes, no, or a number`;
    case 'choice':
      return `${label}: choose one`;
    case 'text':
      return `${label}: write it down, in at most 20,000 characters`;
    case 'control':
    case 'metric':
    case 'line':
      return /digest/i.test(label) ? `${label}: enter 64 hexadecimal digits` : `${label}: enter it, on one line of at most 120 characters`;
    default:
      return type satisfies never;
  }
}
