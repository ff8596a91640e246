/** A plain `<input type="file">` in a form: what was chosen is checked, or sent, and the form can be sent only when that ended well. */
import { NOT_CHECKED } from './transport.ts';
import type { Uploader, UploadResult } from './uploader.ts';

export interface AttachOptions {
  readonly uploader: Uploader;
  /**
   * `send` (default): the files go to Gatehouse, and the form carries their receipts; leave the input without a name, or the form sends the bytes once
   * more. `check`: the files are only asked about and go with the form to your server, which screens them.
   */
  readonly mode?: 'send' | 'check';
  /** Of the hidden fields that carry receipts; default `gatehouse-receipt`. One for each file. */
  readonly receiptField?: string;
  /** Where the state is said; default: a new element after the input. It should have the role `status`. */
  readonly status?: HTMLElement;
  readonly texts?: Partial<AttachTexts>;
  readonly onResult?: (file: File, result: UploadResult) => void;
}

export interface AttachTexts {
  readonly checking: (name: string) => string;
  readonly accepted: (name: string) => string;
  readonly refused: (name: string, message: string) => string;
  /** After one of several was refused: none of them is chosen any more. */
  readonly noneKept: string;
}

const TEXTS: AttachTexts = {
  checking: (name) => `${name}: being checked.`,
  accepted: (name) => `${name}: accepted.`,
  refused: (name, message) => `${name}: ${message}`,
  noneKept: 'None of the files was kept. Please choose the others again.',
};
/** For ids of elements, which have to differ. */
let attached = 0;

/** @returns takes everything away again */
export function attachToInput(input: HTMLInputElement, options: AttachOptions): () => void {
  const { status, remove } = openStatus(input, options.status);
  const work: Work = { input, status, options, texts: { ...TEXTS, ...options.texts }, fields: [], current: undefined };
  const over = new AbortController();
  const { signal } = over;
  const onChange = (): void => begin(work);
  input.addEventListener('change', onChange, { signal });
  // Above the form, which can be another one by then, and in front of its own handlers.
  const root = input.getRootNode();
  root.addEventListener(
    'reset',
    (event) => {
      if (event.target === input.form) setTimeout(() => void (event.defaultPrevented || clear(work)));
    },
    { signal },
  );
  root.addEventListener('submit', (event) => void (event.target === input.form && keepBack(input, event)), { signal, capture: true });
  letGoOnceTold(work, signal);
  // Chosen before this script came.
  if (input.files !== null && input.files.length > 0) onChange();
  return () => {
    over.abort();
    clear(work);
    remove();
  };
}

interface Work {
  readonly input: HTMLInputElement;
  readonly status: HTMLElement;
  readonly options: AttachOptions;
  readonly texts: AttachTexts;
  fields: HTMLInputElement[];
  /** Of the files that are being checked. */
  current: AbortController | undefined;
}

function clear(work: Work): void {
  work.current?.abort();
  work.current = undefined;
  removeFields(work);
  setFault(work.input, '');
  work.status.textContent = '';
}

function removeFields(work: Work): void {
  for (const field of work.fields) field.remove();
  work.fields = [];
}

function begin(work: Work): void {
  clear(work);
  const files = [...(work.input.files ?? [])];
  if (files.length === 0) return;
  const current = new AbortController();
  work.current = current;
  run(work, files, current.signal)
    .catch(() => {
      if (!current.signal.aborted) drop(work, [NOT_CHECKED]);
    })
    .finally(() => {
      if (work.current === current) work.current = undefined;
    });
}

async function run(work: Work, files: readonly File[], signal: AbortSignal): Promise<void> {
  const { input, status, options, texts } = work;
  const { mode = 'send', receiptField = 'gatehouse-receipt' } = options;
  // The browser's own validation keeps the form back, and says why.
  input.setCustomValidity(texts.checking(files.map(({ name }) => name).join(', ')));
  const lines: string[] = [];
  const refused: string[] = [];
  for (const file of files) {
    status.textContent = [...lines, texts.checking(file.name)].join('\n');
    const result = await handle(options.uploader, file, { mode, signal });
    if (signal.aborted) return;
    options.onResult?.(file, result);
    const line = result.kind === 'released' ? texts.accepted(file.name) : texts.refused(file.name, result.message);
    lines.push(line);
    if (result.kind !== 'released') refused.push(line);
    else if (result.receipt !== undefined) work.fields.push(addField(input, receiptField, result.receipt));
  }
  if (refused.length > 0) return drop(work, files.length > 1 ? [...refused, texts.noneKept] : refused);
  status.textContent = lines.join('\n');
  setFault(input, '');
}

/** All or nothing. A file that may not be sent does not stay chosen: the form would carry its bytes. */
function drop(work: Work, lines: readonly string[]): void {
  removeFields(work);
  work.input.value = '';
  work.status.textContent = lines.join('\n');
  setFault(work.input, lines.join(' '));
}

/** The browser's own validation was here before, unless the form or the button says `novalidate`. */
function keepBack(input: HTMLInputElement, event: Event): void {
  if (!input.willValidate || !input.validity.customError) return;
  event.preventDefault();
  event.stopPropagation();
  input.reportValidity();
}

/**
 * A fault keeps the form back until it was told: who then goes on without a file can (an input with `required` keeps it back by itself). Otherwise nothing but
 * a new page would help, for nobody can take back a choice that is gone.
 */
function letGoOnceTold(work: Work, signal: AbortSignal): void {
  const { input } = work;
  let isTold = false;
  input.addEventListener('invalid', () => void (isTold = work.current === undefined), { signal });
  const letGo = (): void => {
    if (isTold && work.current === undefined) setFault(input, '');
    isTold = false;
  };
  for (const event of ['pointerdown', 'keydown'] as const) document.addEventListener(event, letGo, { signal, capture: true });
}

function setFault(input: HTMLInputElement, message: string): void {
  input.setCustomValidity(message);
  if (message === '') input.removeAttribute('aria-invalid');
  else input.setAttribute('aria-invalid', 'true');
}

async function handle(uploader: Uploader, file: File, how: { readonly mode: 'send' | 'check'; readonly signal: AbortSignal }): Promise<UploadResult> {
  const { signal } = how;
  if (how.mode === 'send') return uploader.upload(file, { signal }).then(requireReceipt).catch(failed);
  return uploader
    .check(file, { signal })
    .then((check): UploadResult => ({ ...check, id: '', receipt: undefined, kind: check.permitted ? 'released' : 'refused' }))
    .catch(failed);
}

/** What a policy released without having found it clear has none, and the form would go without the file while the person reads that it was accepted. */
function requireReceipt(result: UploadResult): UploadResult {
  if (result.kind !== 'released' || result.receipt !== undefined) return result;
  return { kind: 'refused', id: result.id, message: `This file could not be published. Reference ${result.id}.` };
}

function failed(): UploadResult {
  return { kind: 'failed', message: NOT_CHECKED };
}

/** Of itself a live region: what stands here is read out, and does not take the focus. Whoever comes back to the input hears it again. */
function openStatus(input: HTMLInputElement, given: HTMLElement | undefined): { readonly status: HTMLElement; readonly remove: () => void } {
  const status = given ?? document.createElement('output');
  if (given === undefined) {
    status.setAttribute('role', 'status');
    // Below the input, a line for each file, and a name or a reference without a space is not wider than the page.
    Object.assign(status.style, { display: 'block', whiteSpace: 'pre-line', overflowWrap: 'anywhere' });
    // Inside the label it would be part of the input's name.
    (input.closest('label') ?? input).after(status);
  }
  const described = input.getAttribute('aria-describedby');
  if (status.id === '') status.id = `gatehouse-status-${(attached += 1)}`;
  input.setAttribute('aria-describedby', described === null ? status.id : `${described} ${status.id}`);
  const remove = (): void => {
    if (given === undefined) status.remove();
    if (described === null) input.removeAttribute('aria-describedby');
    else input.setAttribute('aria-describedby', described);
  };
  return { status, remove };
}

/** In the form that sends it, which the input may name from elsewhere. */
function addField(input: HTMLInputElement, name: string, value: string): HTMLInputElement {
  const field = document.createElement('input');
  field.type = 'hidden';
  field.name = name;
  field.value = value;
  if (input.form === null) input.after(field);
  else input.form.append(field);
  return field;
}
