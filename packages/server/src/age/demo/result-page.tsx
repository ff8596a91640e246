/** `/age/try/result`: what the service learned, what it did not, and the messages in between. */
import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Principal } from '../../platform/http/rights.ts';
import { CodeBlock, LinkButton, SummaryList, Tag, Time, Title } from '../../platform/ui/components.tsx';
import { renderPage } from '../../platform/ui/page.tsx';
import type { ResultClaims } from '../results/schema.ts';
import type { Run } from './runs.ts';
import { TRY_PATH } from './schema.ts';
import { StepList } from './step-list.tsx';
import { describeQuestion } from './words.ts';

export function renderResult(run: Run | undefined, principal: Principal): string {
  return renderPage({
    title: 'What the service learned',
    principal,
    breadcrumbs: [{ text: 'Try an age check', href: TRY_PATH }],
    children: (
      <>
        <Title caption="Demonstration">What the service learned</Title>
        {run === undefined ? <p>This browser has not begun a check here, or too long ago.</p> : <RunBody run={run} />}
        <LinkButton href={TRY_PATH}>Try again</LinkButton>
      </>
    ),
  });
}

function RunBody({ run }: { readonly run: Run }): JSX.Element {
  const { end } = run;
  const claims = end?.check?.valid === true ? end.check.claims : undefined;
  return (
    <>
      {claims === undefined ? <NoAnswer run={run} /> : <Answer run={run} claims={claims} />}
      {end?.result === undefined ? null : <Signed result={end.result} />}
      <section aria-labelledby="messages">
        <h2 id="messages">What just happened</h2>
        <p>The messages between service, wallet and Gatehouse. Secrets are left out.</p>
        <StepList steps={run.steps} />
      </section>
    </>
  );
}

function NoAnswer({ run: { end, question } }: { readonly run: Run }): JSX.Element {
  const reason =
    end === undefined
      ? 'The person has not come back yet.'
      : end.check?.reason === undefined
        ? `The check is ${end.state}, and there is no answer.`
        : `The result was not accepted: ${end.check.reason}.`;
  return (
    <p class="lead">
      <Tag colour="grey">No answer</Tag> {reason} Whether the person is {describeQuestion(question)}, the service does not know: it lets nobody in.
    </p>
  );
}

const ANSWERS = {
  true: { colour: 'green', text: 'Yes' },
  false: { colour: 'yellow', text: 'No' },
  inconclusive: { colour: 'grey', text: 'Inconclusive' },
} as const;

function Answer({ run, claims }: { readonly run: Run; readonly claims: ResultClaims }): JSX.Element {
  const { colour, text } = ANSWERS[claims.result];
  return (
    <>
      <p class="lead">
        <Tag colour={colour}>{text}</Tag> to “{describeQuestion(run.question)}”.
      </p>
      <section aria-labelledby="learned">
        <h2 id="learned">It learned</h2>
        <SummaryList
          rows={[
            { key: 'Answer', value: text },
            { key: 'How sure', value: `grade ${claims.grade} of 4` },
            { key: 'By which way', value: claims.method },
            { key: 'For whom', value: `the service “${claims.aud}”: a result of the demonstration, and no other service takes it` },
            { key: 'Until', value: <Time iso={new Date(claims.exp * 1000).toISOString()} /> },
          ]}
        />
      </section>
      <section aria-labelledby="not-learned">
        <h2 id="not-learned">It did not learn</h2>
        <ul>
          <li>name, date of birth, or any other age</li>
          <li>which document it was, who issued it, or its number</li>
          <li>which wallet, or its key: two checks of one person cannot be joined</li>
        </ul>
        <p>Gatehouse keeps none of these either.</p>
      </section>
    </>
  );
}

function Signed({ result }: { readonly result: string }): JSX.Element {
  const decoded = { header: decodeProtectedHeader(result), payload: decodeJwt(result) };
  return (
    <section aria-labelledby="signed">
      <h2 id="signed">The signed result, decoded</h2>
      <p>
        A JWS. The keys are at <a href="/.well-known/gatehouse-age.json">/.well-known/gatehouse-age.json</a>. It is used up now.
      </p>
      <CodeBlock label="Header and payload of the result">{JSON.stringify(decoded, undefined, 2)}</CodeBlock>
    </section>
  );
}
