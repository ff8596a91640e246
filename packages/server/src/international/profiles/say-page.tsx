/** The form for one statement, and everything that was said under one key. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FieldError } from '../../platform/errors.ts';
import type { Principal } from '../../platform/http/rights.ts';
import { Button, Details, ErrorSummary, Field, Form, Inset, Select, TextArea, Title } from '../../platform/ui/components.tsx';
import { renderInternationalPage } from '../pages/frame.tsx';
import type { FormValues } from './form-rules.ts';
import { TOPICS, type KeptStatement, type Place } from './schema.ts';
import { KNOWN_KEYS } from './statement-rules.ts';
import { COUNTRIES, Statements } from './statement-parts.tsx';

export interface SayView {
  readonly place: Pick<Place, 'code' | 'name'>;
  readonly values: FormValues;
  readonly errors: readonly FieldError[];
}

const TOPIC_WORDS: Readonly<Record<(typeof TOPICS)[number], string>> = {
  law: 'Law',
  hotline: 'Hotline',
  police: 'Police',
  regulator: 'Regulator',
  procedure: 'Procedure',
  treaty: 'Treaty',
  membership: 'Membership',
  figure: 'Figure',
};

export function renderSayPage({ place, values, errors }: SayView, principal: Principal): string {
  const field = (name: string): { readonly name: string; readonly value: string | undefined; readonly error: string | undefined } => ({
    name,
    value: values[name],
    error: errors.find(({ at }) => at === name)?.message,
  });
  return renderInternationalPage({
    title: `Add a statement: ${place.name}`,
    principal,
    section: 'countries',
    breadcrumbs: toCrumbs(place),
    hasErrors: errors.length > 0,
    children: (
      <>
        <ErrorSummary errors={errors} />
        <Title caption={place.name}>Add a statement</Title>
        <Inset>It takes effect at once in place of an earlier one under the same key, which is kept. Nothing is kept without a source.</Inset>
        <KnownKeys />
        <Form action={`${COUNTRIES}/${place.code}/say`} principal={principal}>
          <Select {...field('topic')} label="Topic" choices={TOPICS.map((value) => ({ value, text: TOPIC_WORDS[value] }))} />
          <Field {...field('key')} label="Key" hint="Small letters, digits and underscores, such as police_first" width={20} />
          <Field {...field('value')} label="Value" hint="true or false, a number, or a text. The word unknown takes back what was said." />
          <TextArea {...field('text')} label="The same in a sentence" rows={3} />
          <Field {...field('asOf')} label="Day for which it is true (optional)" hint="Leave it empty when the source does not say" type="date" width={20} />
          <TextArea {...field('caveat')} label="What to mind about it (optional)" rows={2} />
          <h2>Source</h2>
          <Field {...field('publisher')} label="Publisher" />
          <Field {...field('title')} label="Title" />
          <Field {...field('url')} label="Address (optional)" type="url" />
          <Field {...field('licence')} label="Licence (optional)" width={20} />
          <Field {...field('retrievedAt')} label="Day on which you read it" type="date" width={20} />
          <Button>Keep the statement</Button>
        </Form>
      </>
    ),
  });
}

function KnownKeys(): JSX.Element {
  return (
    <Details summary="Keys that the procedure reads">
      <ul>
        {Object.entries(KNOWN_KEYS).map(([key, { topic, must }]) => (
          <li>
            <code>{key}</code> ({TOPIC_WORDS[topic]}): {must}
          </li>
        ))}
      </ul>
    </Details>
  );
}

export interface HistoryView {
  readonly place: Pick<Place, 'code' | 'name'>;
  readonly key: string;
  readonly history: readonly KeptStatement[];
}

export function renderHistoryPage({ place, key, history }: HistoryView, principal: Principal): string {
  return renderInternationalPage({
    title: `${key}: ${place.name}`,
    principal,
    section: 'countries',
    breadcrumbs: toCrumbs(place),
    children: (
      <>
        <Title caption={place.name}>Everything said under {key}</Title>
        <Statements caption="Newest first" statements={history} empty="Nothing was said under that key." isHistory />
      </>
    ),
  });
}

function toCrumbs({ code, name }: Pick<Place, 'code' | 'name'>): { readonly text: string; readonly href: string }[] {
  return [
    { text: 'Countries', href: COUNTRIES },
    { text: name, href: `${COUNTRIES}/${code}` },
  ];
}
