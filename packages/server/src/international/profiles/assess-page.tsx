/** The form in which one capability is assessed. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FieldError } from '../../platform/errors.ts';
import type { Principal } from '../../platform/http/rights.ts';
import { Button, ErrorSummary, Field, Form, Inset, Radios, Select, TextArea, Title } from '../../platform/ui/components.tsx';
import { renderInternationalPage } from '../pages/frame.tsx';
import { CLAIM_ROWS, type FormValues } from './form-rules.ts';
import type { Capability, Place } from './schema.ts';
import { COUNTRIES } from './statement-parts.tsx';

export interface AssessView {
  readonly place: Pick<Place, 'code' | 'name'>;
  readonly capability: Pick<Capability, 'n' | 'title' | 'wording'>;
  readonly phases: readonly string[];
  readonly values: FormValues;
  readonly errors: readonly FieldError[];
}

type FieldOf = (name: string) => { readonly name: string; readonly value: string | undefined; readonly error: string | undefined };

export function renderAssessPage({ place, capability, phases, values, errors }: AssessView, principal: Principal): string {
  const field: FieldOf = (name) => ({ name, value: values[name], error: errors.find(({ at }) => at === name)?.message });
  return renderInternationalPage({
    title: `Assess ${capability.title}: ${place.name}`,
    principal,
    section: 'countries',
    breadcrumbs: [
      { text: 'Countries', href: COUNTRIES },
      { text: place.name, href: `${COUNTRIES}/${place.code}` },
    ],
    hasErrors: errors.length > 0,
    children: (
      <>
        <ErrorSummary errors={errors} />
        <Title caption={place.name}>Assess: {capability.title}</Title>
        <p>{capability.wording}.</p>
        <Inset>It begins as a draft. No phase without evidence; where nobody looked, leave it not assessed.</Inset>
        <Form action={`${COUNTRIES}/${place.code}/assess/${capability.n}`} principal={principal}>
          <Radios {...field('phase')} label="Phase" choices={phases.map((text, phase) => ({ value: String(phase), text }))} />
          <Radios
            {...field('kind')}
            label="Who assesses?"
            choices={[
              { value: 'self', text: 'The country itself' },
              { value: 'peer', text: 'Another country' },
              { value: 'independent', text: 'An independent body, on the spot' },
              { value: 'desk', text: 'Somebody from documents alone' },
            ]}
          />
          <Field {...field('organisation')} label="Body that assesses" />
          <TextArea {...field('method')} label="Method" hint="What was read, who was asked, against which indicators" rows={3} />
          <Field {...field('coverage')} label="Share of the indicators that were answered, in percent" type="number" width={5} />
          {Array.from({ length: CLAIM_ROWS }, (_none, index) => (
            <ClaimFields index={index} field={field} />
          ))}
          <p class="hint">More claims, or more evidence for one of them, can be sent through the API or the command line.</p>
          <Button>Keep the draft</Button>
        </Form>
      </>
    ),
  });
}

function ClaimFields({ index, field }: { readonly index: number; readonly field: FieldOf }): JSX.Element {
  const of = (name: string): ReturnType<FieldOf> => field(`claim${index}-${name}`);
  const number = index === 0 ? '' : ` ${index + 1}`;
  return (
    <fieldset class="fieldset">
      <legend>
        <h2>
          Claim {index + 1}
          {index === 0 ? '' : ' (optional)'}
        </h2>
      </legend>
      <TextArea {...of('text')} label={`Claim${number}`} rows={2} />
      <Select
        {...of('verdict')}
        label={`Does it hold?${number}`}
        choices={[
          { value: 'yes', text: 'Yes' },
          { value: 'partly', text: 'Partly' },
          { value: 'no', text: 'No' },
          { value: 'unknown', text: 'Not known' },
        ]}
      />
      <Field {...of('publisher')} label={`Publisher of the evidence${number}`} />
      <Field {...of('title')} label={`Title of the evidence${number}`} />
      <Field {...of('url')} label={`Address of the evidence${number} (optional)`} type="url" />
      <Field {...of('retrievedAt')} label={`Day on which it was read${number}`} type="date" width={20} />
    </fieldset>
  );
}
