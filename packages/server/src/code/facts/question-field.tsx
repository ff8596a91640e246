/** One question: the control, what was said before, by whom and when, and what Gatehouse found. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { Field, formatCount, Radios, Time, type Choice } from '../../platform/ui/components.tsx';
import { methodName, toFormValue, type Sent } from './question-rules.ts';
import { METHOD_MAX, type Question, type SaidView } from './question-schema.ts';

interface QuestionFieldProps {
  readonly question: Question;
  /** What was sent and refused; without it what people said. */
  readonly sent: Sent | undefined;
  readonly error: string | undefined;
}

const YES_NO: readonly Choice[] = [
  { value: 'yes', text: 'Yes' },
  { value: 'no', text: 'No' },
];

export function QuestionField({ question, sent, error }: QuestionFieldProps): JSX.Element {
  const { fact, type, options } = question;
  const value = sent?.[fact] ?? toFormValue(question);
  const props = { name: fact, label: question.question, hint: describeHint(question), error };
  const choices = [...(type === 'yes_no' ? YES_NO : options), { value: '', text: describeUnknown(question) }];
  return (
    <div class="question">
      {type === 'number' ? <Field {...props} value={value} type="number" width={10} /> : <Radios {...props} value={value} choices={choices} />}
      {type === 'number' ? <MethodField question={question} sent={sent} /> : null}
      <Before question={question} />
    </div>
  );
}

function MethodField({ question, sent }: Pick<QuestionFieldProps, 'question' | 'sent'>): JSX.Element {
  const name = methodName(question);
  return (
    <Field
      name={name}
      label="How was the number found?"
      hint="For example: mean of July to December, own analytics. Leave both empty if you do not know."
      value={sent?.[name] ?? question.said?.method ?? ''}
      maxlength={METHOD_MAX}
    />
  );
}

function describeHint({ help, decides }: Question): string | undefined {
  const waiting = decides === 0 ? '' : `${formatCount(decides, 'measure')} ${decides === 1 ? 'waits' : 'wait'} for it.`;
  const hint = [help ?? '', waiting].filter((part) => part !== '').join(' ');
  return hint === '' ? undefined : hint;
}

/** Whoever does not answer leaves it to what Gatehouse found, where it found something. */
function describeUnknown({ found }: Question): string {
  return found === null || found.value === null ? 'I do not know' : `Leave it to what Gatehouse found: ${found.text}`;
}

function Before({ question: { fact, section, said, found } }: { readonly question: Question }): JSX.Element | null {
  if (said === null && found === null) return null;
  return (
    <p class="hint">
      {said === null ? null : <SaidText said={said} />}
      {found === null || found.value === null ? null : (
        <>
          Gatehouse found: {found.text}. {found.method} {said === null || said.value === null ? '' : 'Your answer counts before it. '}
        </>
      )}
      <a href={`/console/code/questions/${section}/${fact}`}>
        History<span class="visually-hidden"> of the answers to this question</span>
      </a>
    </p>
  );
}

/** How it was found out stands in its own field, and in the history. */
function SaidText({ said: { text, value, origin, saidName, saidBy, saidAt } }: { readonly said: SaidView }): JSX.Element {
  return (
    <>
      {value === null ? 'Left open' : `Answered “${text}”`} by {saidName ?? saidBy} {origin === 'assessment' ? 'in a signed risk assessment ' : ''}on{' '}
      <Time iso={saidAt} />.{' '}
    </>
  );
}
