/** `/age/try`: the first page of the demonstration; a service would ask without it. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FieldError } from '../../platform/errors.ts';
import type { Principal } from '../../platform/http/rights.ts';
import { Button, ButtonGroup, ErrorSummary, Field, Form, Inset, LinkButton, Radios, Title } from '../../platform/ui/components.tsx';
import { renderPage } from '../../platform/ui/page.tsx';
import { TRY_PATH } from './schema.ts';

const QUESTIONS = [
  { value: 'over-18', text: '18 or older' },
  { value: 'over-16', text: '16 or older' },
  { value: 'under-13', text: 'Under 13' },
  { value: 'other', text: 'Another age, below' },
] as const;

export interface TryView {
  readonly question: string;
  readonly direction: string;
  readonly threshold: string;
  readonly errors: readonly FieldError[];
}

export const FIRST_VIEW: TryView = { question: 'over-18', direction: 'over', threshold: '', errors: [] };

export function renderTry(view: TryView, principal: Principal): string {
  return renderPage({
    title: 'Try an age check',
    principal,
    hasErrors: view.errors.length > 0,
    children: (
      <>
        <ErrorSummary errors={view.errors} />
        <Title>Try an age check</Title>
        <p class="lead">A made-up service asks for an age. You answer with a pretend phone, and see what the service learns.</p>
        <Inset>
          <p>
            The check itself is the real one. The wallets and their issuers are simulated: the service <code>demo</code> believes them, and no other service
            does. What real wallets do is not shown here.
          </p>
        </Inset>
        <QuestionForm view={view} principal={principal} />
        <Skipping />
      </>
    ),
  });
}

function QuestionForm({ view, principal }: { readonly view: TryView; readonly principal: Principal }): JSX.Element {
  return (
    <section aria-labelledby="ask">
      <h2 id="ask">Ask</h2>
      <Form action={TRY_PATH} principal={principal}>
        <Radios name="question" label="What does the service ask?" choices={QUESTIONS} value={view.question} />
        <Radios
          name="direction"
          label="Another age: in which direction?"
          choices={[
            { value: 'over', text: 'That old or older' },
            { value: 'under', text: 'Younger' },
          ]}
          value={view.direction}
        />
        <Field name="threshold" label="Another age, in years" hint="1 to 99" type="number" width={5} value={view.threshold} error={view.errors[0]?.message} />
        <Button>Start the age check</Button>
      </Form>
    </section>
  );
}

function Skipping(): JSX.Element {
  return (
    <section aria-labelledby="skip">
      <h2 id="skip">Skip it</h2>
      <p>A check that only a page knows of stops nobody. The page for adults is behind the gate that reverse proxies ask: try it without an answer.</p>
      <ButtonGroup>
        <LinkButton href={`${TRY_PATH}/adults`} kind="secondary">
          Open the page for adults
        </LinkButton>
      </ButtonGroup>
      <p>
        <a href={`${TRY_PATH}/skip`}>What a hostile client tries, and what it gets</a>
      </p>
    </section>
  );
}
