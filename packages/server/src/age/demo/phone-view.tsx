/** The second look: a phone drawn around the pages of the wallet, so that nobody takes them for pages of Gatehouse. */
import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Principal } from '../../platform/http/rights.ts';
import { Button, CodeBlock, Details, Form, LinkButton, SummaryList } from '../../platform/ui/components.tsx';
import { assetUrl } from '../../platform/ui/assets.ts';
import { renderFragment } from '../../platform/ui/page.tsx';
import type { AgeQuestion } from '../sessions/schema.ts';
import { attestAges, nameAge } from './people.ts';
import { DOCUMENTS, PEOPLE, TRICKS, type Choice, type PhoneEnd, type Shape, type Way } from './schema.ts';
import { formatShape } from './shapes.ts';
import { StepList } from './step-list.tsx';
import { ask, DOCUMENT_WORDS, PEOPLE_WORDS, TRICK_WORDS, WAY_WORDS } from './words.ts';

export function renderPhone(title: string, children: Child): string {
  return `<!DOCTYPE html>\n${renderFragment(
    <html lang="en-GB">
      <head>
        <meta charset="utf-8" />
        <title>{`${title} - Pretend phone`}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <link rel="icon" href={assetUrl('icon.svg')} type="image/svg+xml" />
        <link rel="stylesheet" href={assetUrl('console.css')} />
        <link rel="stylesheet" href={assetUrl('age-demo.css')} />
      </head>
      <body class="phone-room">
        <div class="phone">
          <header class="phone-bar">
            <p>
              <strong>Pretend phone</strong>
            </p>
            <p>A simulated wallet. Only the demonstration believes it.</p>
          </header>
          <main id="main">{children}</main>
        </div>
      </body>
    </html>,
  )}`;
}

export interface ConsentView {
  readonly question: AgeQuestion;
  readonly way: Way;
  readonly choice: Choice;
  readonly now: Date;
  /** Of this page, with its way; the choice is added. */
  readonly address: string;
  /** Undefined where the request is made only when the person agrees. */
  readonly request: Shape;
  readonly principal: Principal;
}

/** What the wallet asks its owner. */
export function Consent(view: ConsentView): JSX.Element {
  const canAnswer = WAY_WORDS[view.way].documents.includes(view.choice.document);
  return (
    <>
      <h1>Demonstration asks: {ask(view.question)}</h1>
      <p>{WAY_WORDS[view.way].about}</p>
      <Picker view={view} />
      <h2>What would be sent</h2>
      {canAnswer ? <Sent view={view} /> : <p>Nothing: a request by this way cannot be answered with an SD-JWT. Choose another document.</p>}
      <Form action={addressOf(view, view.choice)} principal={view.principal}>
        <div class="phone-buttons">
          {canAnswer ? (
            <Button name="act" value="share">
              Share
            </Button>
          ) : null}
          <Button kind="secondary" name="act" value="decline">
            Decline
          </Button>
        </div>
        {canAnswer ? <Tricks /> : null}
      </Form>
      {view.request === undefined ? null : (
        <Details summary="The request, decoded">
          <CodeBlock label="The request, decoded">{formatShape(view.request)}</CodeBlock>
        </Details>
      )}
    </>
  );
}

function addressOf({ address }: ConsentView, choice: Choice): string {
  return `${address}${address.includes('?') ? '&' : '?'}person=${choice.person}&document=${choice.document}`;
}

/** Links, not fields: what is shown below is then always what would be sent. */
function Picker({ view }: { readonly view: ConsentView }): JSX.Element {
  const { choice } = view;
  return (
    <>
      <nav aria-label="Whose phone it is">
        <ul class="phone-choices">
          {PEOPLE.map((person) => (
            <li>
              <a href={addressOf(view, { ...choice, person })} aria-current={person === choice.person ? 'true' : undefined}>
                {PEOPLE_WORDS[person]}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <nav aria-label="Which document answers">
        <ul class="phone-choices">
          {DOCUMENTS.map((document) => (
            <li>
              <a href={addressOf(view, { ...choice, document })} aria-current={document === choice.document ? 'true' : undefined}>
                {DOCUMENT_WORDS[document].title}
              </a>
            </li>
          ))}
        </ul>
      </nav>
    </>
  );
}

function Sent({ view: { choice, question, now } }: { readonly view: ConsentView }): JSX.Element {
  const name = nameAge(question.threshold);
  const ages = attestAges(choice.person, question.threshold, now);
  const { title, about, others } = DOCUMENT_WORDS[choice.document];
  const kept = [...Object.keys(ages).filter((age) => age !== name), ...others];
  return (
    <SummaryList
      rows={[
        { key: 'From', value: `${title}. ${about}` },
        {
          key: 'Sent',
          value: (
            <code>
              {name}: {String(ages[name])}
            </code>
          ),
        },
        { key: 'Stays on the phone', value: kept.join(', ') },
      ]}
    />
  );
}

function Tricks(): JSX.Element {
  return (
    <Details summary="Misbehave">
      <p>Each uses an attempt of the check up. The gate says the same to all of them.</p>
      {TRICKS.map((trick) => (
        <p>
          <Button kind="warning" name="act" value={trick}>
            {TRICK_WORDS[trick].title}
          </Button>
          <br />
          {TRICK_WORDS[trick].about}
        </p>
      ))}
    </Details>
  );
}

export interface EndView {
  readonly end: PhoneEnd;
  /** The page of the check, when it is in this browser. */
  readonly sessionId: string | undefined;
}

const HEADINGS: Readonly<Record<PhoneEnd['kind'], string>> = {
  taken: 'The gate took the answer',
  inconclusive: 'The gate took the answer, and it says nothing about this age',
  declined: 'You declined',
  refused: 'The gate refused the answer',
  nothing: 'Nothing was sent',
};

export function headEnd({ kind }: PhoneEnd): string {
  return HEADINGS[kind];
}

export function End({ end, sessionId }: EndView): JSX.Element {
  return (
    <>
      <h1>{headEnd(end)}</h1>
      <p role="status">{describeEnd(end)}</p>
      <Onward end={end} sessionId={sessionId} />
      <h2>The messages</h2>
      {end.steps.length === 0 ? <p>None.</p> : <StepList steps={end.steps} />}
    </>
  );
}

function describeEnd(end: PhoneEnd): string {
  switch (end.kind) {
    case 'taken':
      return 'It was verified against the request that was made, and forgotten.';
    case 'inconclusive':
      return 'The check is still open.';
    case 'declined':
      return 'Nothing about you was sent. The check is still open.';
    case 'nothing':
      return 'The wallet holds nothing that was asked for. The check is still open.';
    case 'refused':
      return `${end.status}: ${end.title}. ${end.detail} The check is still open, and the request is used up.`;
    default:
      return end satisfies never;
  }
}

function Onward({ end, sessionId }: EndView): JSX.Element {
  const to = 'to' in end ? end.to : undefined;
  if (to !== undefined && !to.endsWith('/age/done')) return <LinkButton href={to}>Back to the browser</LinkButton>;
  if (sessionId !== undefined) return <LinkButton href={`/age/${sessionId}`}>Back to the check</LinkButton>;
  return <p>Go back to the screen on which you began.</p>;
}
