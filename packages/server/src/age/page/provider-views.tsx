/** What the pages on the way to a provider and back show. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Ending, OfferedProvider } from '../providers/flow.ts';
import { SANDBOX_CHOICES, SANDBOX_PATH, type SandboxChoice } from '../providers/sandbox-provider.ts';
import type { MessageKey } from './messages/en.ts';
import type { Spoken } from './parts.tsx';

const FIELDS = {
  email: { label: 'email', hint: 'emailHint', type: 'email' },
  phone: { label: 'phone', hint: 'phoneHint', type: 'tel' },
} as const;

export interface AboutProps extends Spoken {
  readonly id: string;
  readonly offered: OfferedProvider;
  /** What was typed and is wrong. */
  readonly typed?: string | undefined;
  readonly error?: string | undefined;
}

/** Before anybody leaves, the page says who comes next, what they take and how long they keep it. */
export function AboutView({ language, id, offered, typed, error }: AboutProps): JSX.Element {
  const { say } = language;
  const { declaration, field } = offered;
  const words = field === undefined ? undefined : FIELDS[field];
  return (
    <>
      {error === undefined ? null : <ErrorSummary language={language} at="value" error={error} />}
      <h1>{declaration.title}</h1>
      <p class="lead">{say(field === undefined ? 'providerGoes' : 'providerCode')}</p>
      <dl class="facts">
        <div>
          <dt>{say('takes')}</dt>
          <dd>{declaration.data.length === 0 ? say('notStated') : declaration.data.join(', ')}</dd>
        </div>
        <div>
          <dt>{say('keeps')}</dt>
          <dd>{declaration.retention === 'not stated' ? say('notStated') : declaration.retention}</dd>
        </div>
      </dl>
      <form method="post" action={`/age/${id}/provider/${offered.id}`} novalidate>
        {words === undefined ? null : (
          <Field
            language={language}
            id="value"
            label={words.label}
            hint={words.hint}
            error={error}
            input={{ type: words.type, autocomplete: words.type, value: typed }}
          />
        )}
        <button class="button" type="submit">
          {say('goOnButton')}
        </button>
      </form>
      <p>
        <a href={`/age/${id}`}>{say('otherWay')}</a>
      </p>
    </>
  );
}

export function ErrorSummary({ language: { say }, at, error }: Spoken & { readonly at: string; readonly error: string }): JSX.Element {
  return (
    <div class="notice notice-error" role="alert" tabindex={-1} autofocus aria-labelledby="error-title">
      <h2 id="error-title">{say('errorTitle')}</h2>
      <p>
        <a href={`#${at}`}>{error}</a>
      </p>
    </div>
  );
}

interface FieldProps extends Spoken {
  readonly id: string;
  readonly label: MessageKey;
  readonly hint: MessageKey;
  readonly error: string | undefined;
  readonly input: {
    readonly type?: 'email' | 'tel' | 'text';
    readonly autocomplete?: string;
    readonly inputmode?: 'numeric' | 'decimal';
    readonly value?: string | undefined;
  };
}

function Field({ language: { say }, id, label, hint, error, input }: FieldProps): JSX.Element {
  return (
    <div class={error === undefined ? 'form-group' : 'form-group form-group-error'}>
      <label class="label" for={id}>
        {say(label)}
      </label>
      <p class="hint" id={`${id}-hint`}>
        {say(hint)}
      </p>
      {error === undefined ? null : (
        <p class="error-message" id={`${id}-error`}>
          <span class="visually-hidden">{say('errorPrefix')}: </span>
          {error}
        </p>
      )}
      <input
        class="input"
        id={id}
        name={id}
        {...input}
        spellcheck={false}
        aria-describedby={error === undefined ? `${id}-hint` : `${id}-hint ${id}-error`}
        aria-invalid={error === undefined ? undefined : 'true'}
      />
    </div>
  );
}

export function LeaveView({ language: { say }, id, url }: Spoken & { readonly id: string; readonly url: string }): JSX.Element {
  return (
    <>
      <h1>{say('leaveTitle')}</h1>
      <p class="lead">{say('leaveText')}</p>
      <p>
        <a class="button" href={url}>
          {say('leaveLink', { host: new URL(url).host })}
        </a>
      </p>
      <p>
        <a href={`/age/${id}`}>{say('otherWay')}</a>
      </p>
    </>
  );
}

export interface CodeProps extends Spoken {
  readonly provider: string;
  readonly state: string;
  /** Where another way can be chosen. */
  readonly id: string | undefined;
  readonly error?: string;
}

export function CodeView({ language, provider, state, id, error }: CodeProps): JSX.Element {
  const { say } = language;
  return (
    <>
      {error === undefined ? null : <ErrorSummary language={language} at="code" error={error} />}
      <h1>{say('codeTitle')}</h1>
      <form method="post" action={`/age/provider/${provider}/confirm`} novalidate>
        <input type="hidden" name="state" value={state} />
        {id === undefined ? null : <input type="hidden" name="session" value={id} />}
        <Field language={language} id="code" label="codeLabel" hint="codeHint" error={error} input={{ inputmode: 'numeric', autocomplete: 'one-time-code' }} />
        <button class="button" type="submit">
          {say('goOnButton')}
        </button>
      </form>
      {id === undefined ? null : (
        <p>
          <a href={`/age/${id}`}>{say('otherWay')}</a>
        </p>
      )}
    </>
  );
}

const ENDINGS: Readonly<Record<Ending, MessageKey>> = {
  completed: 'endCompleted',
  waiting: 'endWaiting',
  next: 'endNext',
  declined: 'endDeclined',
  failed: 'endFailed',
  gone: 'endGone',
};

export function ProviderEndView({
  language: { say },
  ending,
  sessionId,
}: Spoken & { readonly ending: Ending; readonly sessionId: string | undefined }): JSX.Element {
  return (
    <>
      <h1>{say('title')}</h1>
      <p class="lead" role="status">
        {say(ENDINGS[ending])}
      </p>
      {sessionId === undefined ? (
        <p>{say('beginAgain')}</p>
      ) : (
        <p>
          <a class="button" href={`/age/${sessionId}`}>
            {say('backToCheck')}
          </a>
        </p>
      )}
    </>
  );
}

const CHOICES: Readonly<Record<SandboxChoice, MessageKey>> = {
  over: 'sandboxOver',
  under: 'sandboxUnder',
  estimate: 'sandboxEstimate',
  declined: 'sandboxDeclined',
  inconclusive: 'sandboxInconclusive',
};

export function SandboxView({ language: { say }, provider, state }: Spoken & { readonly provider: string; readonly state: string }): JSX.Element {
  return (
    <>
      <h1>{say('sandboxTitle')}</h1>
      <p class="lead">{say('sandboxText')}</p>
      <form method="post" action={SANDBOX_PATH}>
        <input type="hidden" name="provider" value={provider} />
        <input type="hidden" name="state" value={state} />
        <fieldset class="fieldset">
          <legend class="label">{say('sandboxAnswer')}</legend>
          {SANDBOX_CHOICES.map((choice, at) => (
            <p class="radio">
              <input type="radio" id={choice} name="choice" value={choice} checked={at === 0} />
              <label for={choice}>{say(CHOICES[choice])}</label>
            </p>
          ))}
        </fieldset>
        <div class="form-group">
          <label class="label" for="years">
            {say('sandboxYears')}
          </label>
          <input class="input input-short" id="years" name="years" inputmode="decimal" autocomplete="off" />
        </div>
        <button class="button" type="submit">
          {say('goOnButton')}
        </button>
      </form>
    </>
  );
}
