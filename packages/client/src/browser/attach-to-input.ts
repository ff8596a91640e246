/** A plain `<input type="file">` in a form: what was chosen is checked, or sent, and the form can be sent only when that ended well. */
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
}

const TEXTS: AttachTexts = {
  checking: (name) => `${name}: being checked.`,
  accepted: (name) => `${name}: accepted.`,
  refused: (name, message) => `${name}: ${message}`,
};

/** @returns takes everything away again */
export function attachToInput(input: HTMLInputElement, options: AttachOptions): () => void {
  const { uploader, mode = 'send', receiptField = 'gatehouse-receipt' } = options;
  const texts = { ...TEXTS, ...options.texts };
  const status = options.status ?? addStatus(input);
  let current: AbortController | undefined;
  let fields: HTMLInputElement[] = [];
  const clear = (): void => {
    current?.abort();
    for (const field of fields) field.remove();
    fields = [];
    input.setCustomValidity('');
    status.textContent = '';
  };
  const run = async (files: readonly File[], signal: AbortSignal): Promise<void> => {
    // The browser's own validation keeps the form back, and says why.
    const names = files.map(({ name }) => name).join(', ');
    input.setCustomValidity(texts.checking(names));
    const lines: string[] = [];
    const refused: string[] = [];
    for (const file of files) {
      status.textContent = [...lines, texts.checking(file.name)].join('\n');
      const result = await handle(uploader, file, { mode, signal });
      if (signal.aborted) return;
      options.onResult?.(file, result);
      const line = result.kind === 'released' ? texts.accepted(file.name) : texts.refused(file.name, result.message);
      lines.push(line);
      if (result.kind !== 'released') refused.push(line);
      else if (result.receipt !== undefined) fields.push(addField(input, receiptField, result.receipt));
    }
    status.textContent = lines.join('\n');
    input.setCustomValidity(refused.join(' '));
    // A file that may not be sent does not stay chosen: the form would carry its bytes.
    if (refused.length > 0) input.value = '';
  };
  const onChange = (): void => {
    clear();
    const files = [...(input.files ?? [])];
    if (files.length === 0) return;
    current = new AbortController();
    const { signal } = current;
    run(files, signal).catch((error: unknown) => {
      if (signal.aborted) return;
      input.value = '';
      status.textContent = error instanceof Error ? error.message : 'unknown';
    });
  };
  input.addEventListener('change', onChange);
  return () => {
    input.removeEventListener('change', onChange);
    clear();
    if (options.status === undefined) status.remove();
  };
}

async function handle(uploader: Uploader, file: File, how: { readonly mode: 'send' | 'check'; readonly signal: AbortSignal }): Promise<UploadResult> {
  const { signal } = how;
  if (how.mode === 'send') return uploader.upload(file, { signal }).catch(failed);
  return uploader
    .check(file, { signal })
    .then((check): UploadResult => ({ ...check, id: '', receipt: undefined, kind: check.permitted ? 'released' : 'refused' }))
    .catch(failed);
}

function failed(): UploadResult {
  return { kind: 'failed', message: 'The file could not be checked at the moment. Please try again later.' };
}

function addStatus(input: HTMLInputElement): HTMLElement {
  const status = document.createElement('output');
  // Of itself a live region: what stands here is read out, and does not take the focus.
  status.setAttribute('role', 'status');
  input.after(status);
  if (input.id !== '') status.setAttribute('for', input.id);
  return status;
}

function addField(input: HTMLInputElement, name: string, value: string): HTMLInputElement {
  const field = document.createElement('input');
  field.type = 'hidden';
  field.name = name;
  field.value = value;
  input.after(field);
  return field;
}
