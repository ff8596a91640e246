/** Refusals as pages of the age check, in the person's language: what happened, what was kept, what to do next. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { GatehouseError, type ErrorCode } from '../../platform/errors.ts';
import { html, type Answer } from '../../platform/http/reply.ts';
import { renderAge } from './layout.tsx';
import type { MessageKey } from './messages/en.ts';
import type { Language } from './messages/languages.ts';

interface Words {
  readonly title: MessageKey;
  readonly text: MessageKey;
  /** Where it goes on: at the check, which is this browser's own, or at the service; or the text says it. */
  readonly next: 'check' | 'service' | 'text';
}

/** Everything else is a fault of the page or of ours, and the frame's page tells it. */
const WORDS: Readonly<Partial<Record<ErrorCode, Words>>> = {
  age_other_browser: { title: 'otherBrowserTitle', text: 'otherBrowserText', next: 'text' },
  not_found: { title: 'notFoundTitle', text: 'notFoundText', next: 'service' },
  gone: { title: 'goneTitle', text: 'goneText', next: 'check' },
  conflict: { title: 'conflictTitle', text: 'conflictText', next: 'check' },
  provider_failed: { title: 'providerTitle', text: 'endFailed', next: 'check' },
  busy: { title: 'busyTitle', text: 'busyText', next: 'check' },
};

export interface ProblemOptions {
  readonly language: Language;
  /** Where the check goes on, if it is known which one it is. */
  readonly sessionId?: string;
  /** The address of this page, unless it answers a form. */
  readonly here?: string;
}

/** The work, or the page that says why it was not done. */
export async function orProblem(options: ProblemOptions, work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    const words = error instanceof GatehouseError ? WORDS[error.code] : undefined;
    if (!(error instanceof GatehouseError) || words === undefined) throw error;
    const { status, extras } = error;
    const headers = extras.retryAfterS === undefined ? {} : { 'retry-after': String(extras.retryAfterS) };
    return html(renderProblem(options, { code: error.code, words }), { status, headers });
  }
}

function renderProblem({ language, sessionId, here }: ProblemOptions, { code, words }: { readonly code: ErrorCode; readonly words: Words }): string {
  const title = language.say(words.title);
  const back = words.next === 'check' ? sessionId : undefined;
  return renderAge(language, { title, here, children: <Problem language={language} code={code} words={words} back={back} /> });
}

interface ProblemProps {
  readonly language: Language;
  readonly code: ErrorCode;
  readonly words: Words;
  readonly back: string | undefined;
}

function Problem({ language: { say }, code, words, back }: ProblemProps): JSX.Element {
  return (
    <div data-problem={code}>
      <h1>{say(words.title)}</h1>
      <p class="lead">{say(words.text)}</p>
      {back === undefined && words.next !== 'text' ? <p>{say('beginAgain')}</p> : null}
      {back === undefined ? null : (
        <p>
          <a class="button" href={`/age/${back}`}>
            {say('backToCheck')}
          </a>
        </p>
      )}
    </div>
  );
}
