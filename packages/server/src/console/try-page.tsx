/** `/try`: the first page for a newcomer. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FieldError } from '../platform/errors.ts';
import type { Principal } from '../platform/http/rights.ts';
import {
  Button,
  ButtonGroup,
  ErrorSummary,
  FileField,
  Form,
  formatCount,
  Inset,
  LinkButton,
  NotificationBanner,
  Tag,
  Title,
} from '../platform/ui/components.tsx';
import { renderPage } from '../platform/ui/page.tsx';
import { ResultCard } from './result-card.tsx';
import type { Attempt, Demonstration, Sample } from './schema.ts';

export interface TryView {
  readonly demonstration: Demonstration;
  readonly samples: readonly Sample[];
  readonly isJustLoaded?: boolean;
  readonly errors?: readonly FieldError[];
}

export function renderTryPage(view: TryView, principal: Principal): string {
  const { errors = [], samples } = view;
  return renderPage({
    title: 'Try it',
    principal,
    current: 'try',
    islands: ['try'],
    hasErrors: errors.length > 0,
    children: (
      <>
        <ErrorSummary errors={errors} />
        {view.isJustLoaded === true ? (
          <NotificationBanner kind="success">
            <p>The demonstration list is in force. Now try the sample pictures.</p>
          </NotificationBanner>
        ) : null}
        <Title>Try it</Title>
        <p class="lead">Give Gatehouse a picture and see whether it would be published, and why. Nothing that you try here is stored or published.</p>
        <DemonstrationStep demonstration={view.demonstration} principal={principal} />
        <SampleStep samples={samples} principal={principal} />
        <OwnStep principal={principal} error={errors[0]?.message} />
        <section id="results" hidden>
          <h2 tabindex={-1}>Results</h2>
          <p id="try-status" role="status"></p>
          <ul id="result-cards" class="cards"></ul>
        </section>
      </>
    ),
  });
}

function DemonstrationStep({ demonstration, principal }: { readonly demonstration: Demonstration; readonly principal: Principal }): JSX.Element {
  return (
    <section aria-labelledby="step-list">
      <h2 id="step-list">1. Load the demonstration list</h2>
      <p>Its entries are hashes of generated pictures. It is an ordinary list: you can disable it or import your own beside it.</p>
      <DemonstrationState demonstration={demonstration} principal={principal} />
    </section>
  );
}

function DemonstrationState({ demonstration, principal }: { readonly demonstration: Demonstration; readonly principal: Principal }): JSX.Element {
  if (demonstration.state === 'active')
    return (
      <p>
        <Tag colour="green">Loaded</Tag>{' '}
        <a href={`/console/lists/${demonstration.listId}`}>{formatCount(demonstration.entries, 'entry', 'entries')} in force</a>
      </p>
    );
  if (demonstration.state === 'disabled')
    return (
      <p>
        <Tag>Disabled</Tag> <a href={`/console/lists/${demonstration.listId}`}>Enable it again on its page</a>
      </p>
    );
  if (!principal.rights.has('lists:write'))
    return (
      <Inset>
        <p>
          Somebody with the right <code>lists:write</code> must load it.
        </p>
      </Inset>
    );
  return (
    <Form action="/try/demonstration" principal={principal}>
      <Button>Load the demonstration list</Button>
    </Form>
  );
}

function SampleStep({ samples, principal }: { readonly samples: readonly Sample[]; readonly principal: Principal }): JSX.Element {
  return (
    <section aria-labelledby="step-samples">
      <h2 id="step-samples">2. Try the sample pictures</h2>
      <p>Each was generated. They show what a changed copy of a listed picture looks like to Gatehouse.</p>
      <Form action="/try/samples" principal={principal} island="try-sample" samples={samples.map(({ name }) => name)}>
        <ButtonGroup>
          <Button name="sample" value="all">
            Try all {String(samples.length)} samples
          </Button>
        </ButtonGroup>
      </Form>
      <ul class="samples">
        {samples.map((sample) => (
          <li>
            <img src={sampleUrl(sample)} alt={`Sample picture: ${sample.title.toLowerCase()}`} loading="lazy" />
            <h3>{sample.title}</h3>
            <p>{sample.about}</p>
            <Form action="/try/samples" principal={principal} island="try-sample" samples={[sample.name]}>
              <ButtonGroup>
                <Button kind="secondary" name="sample" value={sample.name}>
                  Try<span class="visually-hidden"> {sample.title.toLowerCase()}</span>
                </Button>
                <a href={sampleUrl(sample)} download={sample.fileName}>
                  Download<span class="visually-hidden"> {sample.title.toLowerCase()}</span>
                </a>
              </ButtonGroup>
            </Form>
          </li>
        ))}
      </ul>
    </section>
  );
}

function OwnStep({ principal, error }: { readonly principal: Principal; readonly error: string | undefined }): JSX.Element {
  return (
    <section aria-labelledby="step-own">
      <h2 id="step-own">3. Try your own pictures</h2>
      <Form action="/try" principal={principal} isMultipart island="try-files">
        <div class="drop">
          <FileField
            name="files"
            label="Choose pictures, or drop them here"
            hint="JPEG, PNG, WebP, GIF, AVIF, TIFF and others. Several at once."
            isMultiple
            error={error}
          />
        </div>
        <Button>Try these pictures</Button>
      </Form>
    </section>
  );
}

/** The answer without JavaScript. */
export function renderResultsPage(attempts: readonly Attempt[], principal: Principal): string {
  return renderPage({
    title: 'Results',
    principal,
    current: 'try',
    breadcrumbs: [{ text: 'Try it', href: '/try' }],
    children: (
      <>
        <Title>Results</Title>
        <p>Nothing was stored or published.</p>
        <h2 class="visually-hidden">Pictures</h2>
        <ul class="cards">
          {attempts.map((attempt) => (
            <ResultCard attempt={attempt} />
          ))}
        </ul>
        <LinkButton href="/try">Try more pictures</LinkButton>
      </>
    ),
  });
}

export function sampleUrl({ name }: Pick<Sample, 'name'>): string {
  return `/try/samples/${name}`;
}
