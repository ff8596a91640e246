/** What just happened: messages over HTTP, in order, with their secrets taken out. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { CodeBlock, Details } from '../../platform/ui/components.tsx';
import type { Step } from './schema.ts';
import { formatShape } from './shapes.ts';

export function StepList({ steps }: { readonly steps: readonly Step[] }): JSX.Element {
  return (
    <ol class="steps">
      {steps.map(({ title, call, sent, status, got }, at) => (
        <li>
          <h3>{title}</h3>
          <p>
            <code>{call}</code> · {status}
          </p>
          {sent === undefined && got === undefined ? null : (
            <Details summary={`Message ${at + 1}`}>
              {sent === undefined ? null : <Message label={`Sent with message ${at + 1}`} name="Sent" value={sent} />}
              {got === undefined ? null : <Message label={`Answer to message ${at + 1}`} name="Answer" value={got} />}
            </Details>
          )}
        </li>
      ))}
    </ol>
  );
}

function Message({ label, name, value }: { readonly label: string; readonly name: string; readonly value: unknown }): JSX.Element {
  return (
    <>
      <p>{name}</p>
      <CodeBlock label={label}>{formatShape(value)}</CodeBlock>
    </>
  );
}
