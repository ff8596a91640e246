/** Form parts in the manner of GOV.UK: label, hint and error above the control and tied to it; the form carries its own proof of origin. */
import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { CSRF_FIELD } from '../http/body.ts';
import type { Principal } from '../http/rights.ts';

interface FormProps {
  readonly action: string;
  readonly principal: Principal;
  /** Default post. A `get` form (a filter) carries no token: it changes nothing. */
  readonly method?: 'get' | 'post';
  /** For files. */
  readonly isMultipart?: boolean;
  readonly id?: string | undefined;
  /** Marks the form for an island: `data-island="import"`. */
  readonly island?: string | undefined;
  /** For the island of try-it: the sample pictures that this form sends. */
  readonly samples?: readonly string[] | undefined;
  readonly class?: string | undefined;
  readonly children?: Child;
}

/** The token comes first, because multipart bodies are read in order and must be checked before the first file. */
export function Form(props: FormProps): JSX.Element {
  const method = props.method ?? 'post';
  return (
    <form
      id={props.id}
      class={props.class}
      method={method}
      action={props.action}
      enctype={props.isMultipart === true ? 'multipart/form-data' : undefined}
      data-island={props.island}
      data-samples={props.samples?.join(',')}
      novalidate
    >
      {method === 'post' ? <input type="hidden" name={CSRF_FIELD} value={props.principal.csrfToken ?? ''} /> : null}
      {props.children}
    </form>
  );
}

export interface ControlProps {
  readonly name: string;
  readonly label: string;
  readonly hint?: string | undefined;
  readonly error?: string | undefined;
  /** When it must differ from `name`, such as with two forms on one page. */
  readonly id?: string | undefined;
}

function describe(props: ControlProps): { readonly id: string; readonly describedBy: string | undefined } {
  const id = props.id ?? props.name;
  const parts = [props.hint === undefined ? '' : `${id}-hint`, props.error === undefined ? '' : `${id}-error`].filter((part) => part !== '');
  return { id, describedBy: parts.length === 0 ? undefined : parts.join(' ') };
}

function Hints({ id, hint, error }: { readonly id: string; readonly hint: string | undefined; readonly error: string | undefined }): JSX.Element {
  return (
    <>
      {hint === undefined ? null : (
        <div id={`${id}-hint`} class="hint">
          {hint}
        </div>
      )}
      {error === undefined ? null : (
        <p id={`${id}-error`} class="error-message">
          <span class="visually-hidden">Error: </span>
          {error}
        </p>
      )}
    </>
  );
}

function Group({ props, children }: { readonly props: ControlProps; readonly children: Child }): JSX.Element {
  const { id } = describe(props);
  return (
    <div class={props.error === undefined ? 'form-group' : 'form-group form-group-error'}>
      <label class="label" for={id}>
        {props.label}
      </label>
      <Hints id={id} hint={props.hint} error={props.error} />
      {children}
    </div>
  );
}

interface FieldProps extends ControlProps {
  readonly value?: string | number | undefined;
  readonly type?: 'text' | 'search' | 'number' | 'url' | 'password' | 'date' | 'datetime-local';
  /** Width in characters, so that the size of the box hints at what belongs in it. */
  readonly width?: 5 | 10 | 20 | 'full';
  readonly autocomplete?: string | undefined;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly maxlength?: number | undefined;
}

export function Field(props: FieldProps): JSX.Element {
  const { id, describedBy } = describe(props);
  const type = props.type ?? 'text';
  return (
    <Group props={props}>
      <input
        class={`input input-${props.width ?? 'full'}`}
        id={id}
        name={props.name}
        type={type === 'number' ? 'text' : type}
        inputmode={type === 'number' ? 'numeric' : undefined}
        value={props.value}
        autocomplete={props.autocomplete ?? 'off'}
        min={props.min}
        max={props.max}
        maxlength={props.maxlength}
        spellcheck={false}
        aria-describedby={describedBy}
        aria-invalid={props.error === undefined ? undefined : 'true'}
      />
    </Group>
  );
}

export function TextArea(props: ControlProps & { readonly value?: string | undefined; readonly rows?: number }): JSX.Element {
  const { id, describedBy } = describe(props);
  return (
    <Group props={props}>
      <textarea
        class="input input-full"
        id={id}
        name={props.name}
        rows={props.rows ?? 4}
        aria-describedby={describedBy}
        aria-invalid={props.error === undefined ? undefined : 'true'}
      >
        {props.value ?? ''}
      </textarea>
    </Group>
  );
}

export interface Choice {
  readonly value: string;
  readonly text: string;
  readonly hint?: string | undefined;
}

export function Select(props: ControlProps & { readonly choices: readonly Choice[]; readonly value?: string | undefined }): JSX.Element {
  const { id, describedBy } = describe(props);
  return (
    <Group props={props}>
      <select class="input select" id={id} name={props.name} aria-describedby={describedBy}>
        {props.choices.map((choice) => (
          <option value={choice.value} selected={choice.value === props.value}>
            {choice.text}
          </option>
        ))}
      </select>
    </Group>
  );
}

export function FileField(props: ControlProps & { readonly isMultiple?: boolean; readonly accept?: string | undefined }): JSX.Element {
  const { id, describedBy } = describe(props);
  return (
    <Group props={props}>
      <input class="file" id={id} name={props.name} type="file" multiple={props.isMultiple === true} accept={props.accept} aria-describedby={describedBy} />
    </Group>
  );
}

interface ChoicesProps extends ControlProps {
  readonly choices: readonly Choice[];
  /** The chosen value, or for checkboxes all of them. */
  readonly value?: string | readonly string[] | undefined;
}

export function Radios(props: ChoicesProps): JSX.Element {
  return <ChoiceSet {...props} type="radio" />;
}

export function Checkboxes(props: ChoicesProps): JSX.Element {
  return <ChoiceSet {...props} type="checkbox" />;
}

function ChoiceSet(props: ChoicesProps & { readonly type: 'radio' | 'checkbox' }): JSX.Element {
  const { id, describedBy } = describe(props);
  const isChosen = (value: string): boolean => (typeof props.value === 'string' ? props.value === value : (props.value?.includes(value) ?? false));
  return (
    <div class={props.error === undefined ? 'form-group' : 'form-group form-group-error'}>
      <fieldset class="fieldset" aria-describedby={describedBy}>
        <legend class="label">{props.label}</legend>
        <Hints id={id} hint={props.hint} error={props.error} />
        {props.choices.map((choice, index) => {
          // The error summary links to `#name`: the first control has that id.
          const choiceId = index === 0 ? id : `${id}-${index + 1}`;
          return (
            <div class="choice">
              <input
                id={choiceId}
                name={props.name}
                type={props.type}
                value={choice.value}
                checked={isChosen(choice.value)}
                aria-describedby={choice.hint === undefined ? undefined : `${choiceId}-about`}
              />
              <label for={choiceId}>{choice.text}</label>
              {choice.hint === undefined ? null : (
                <div id={`${choiceId}-about`} class="hint choice-hint">
                  {choice.hint}
                </div>
              )}
            </div>
          );
        })}
      </fieldset>
    </div>
  );
}

export interface ButtonProps {
  readonly children?: Child;
  readonly kind?: 'primary' | 'secondary' | 'warning';
  readonly name?: string | undefined;
  readonly value?: string | undefined;
  readonly formaction?: string | undefined;
}

export function Button(props: ButtonProps): JSX.Element {
  return (
    <button class={`button button-${props.kind ?? 'primary'}`} type="submit" name={props.name} value={props.value} formaction={props.formaction}>
      {props.children}
    </button>
  );
}

/** A link that looks like a button: it leads to the next step and changes nothing. */
export function LinkButton(props: {
  readonly href: string;
  readonly kind?: ButtonProps['kind'];
  readonly download?: boolean;
  readonly children?: Child;
}): JSX.Element {
  return (
    <a class={`button button-${props.kind ?? 'primary'}`} href={props.href} download={props.download === true ? '' : undefined}>
      {props.children}
    </a>
  );
}

export function ButtonGroup({ children }: { readonly children?: Child }): JSX.Element {
  return <div class="button-group">{children}</div>;
}
