/**
 * Shows how an import goes: how much was sent, then what the server does with it, then its report. Sends the same form as a browser
 * without JavaScript and asks for events instead of a page. XMLHttpRequest, because `fetch` tells nothing about what was sent so far.
 */
import { announce, readCsrfToken } from './dom.ts';

interface Report {
  readonly listId: string;
  readonly listSetVersion: number;
  readonly isChanged: boolean;
  readonly added: number;
  readonly restored: number;
  readonly unchanged: number;
  readonly withdrawn: number;
  readonly bad: number;
  readonly badLines: readonly { readonly line: number; readonly reason: string }[];
  readonly warnings: readonly string[];
}

type ImportEvent =
  | { readonly kind: 'progress'; readonly phase: string; readonly lines: number }
  | { readonly kind: 'report'; readonly report: Report }
  | {
      readonly kind: 'problem';
      readonly problem: { readonly detail: string; readonly remedy?: string; readonly errors?: readonly { readonly at: string; readonly message: string }[] };
    };

const PHASES: Readonly<Record<string, string>> = {
  reading: 'Reading',
  sorting: 'Sorting',
  comparing: 'Comparing with the list',
  storing: 'Storing',
  loading: 'Bringing it into force',
};
const NUMBER = new Intl.NumberFormat('en-GB');

const form = document.querySelector<HTMLFormElement>('form[data-island="import"]');
const section = document.querySelector<HTMLElement>('#import-progress');
const status = document.querySelector<HTMLElement>('#import-status');
const bar = document.querySelector<HTMLProgressElement>('#import-bar');
const result = document.querySelector<HTMLElement>('#import-result');

form?.addEventListener('submit', (event) => {
  const file = form.querySelector<HTMLInputElement>('input[type="file"]');
  const isNew = form.querySelector<HTMLSelectElement>('select[name="list"]')?.value === 'new';
  const name = form.querySelector<HTMLInputElement>('input[name="name"]')?.value.trim() ?? '';
  // What is missing is named by the server's page.
  if (file?.files?.length !== 1 || (isNew && name === '')) return;
  event.preventDefault();
  send(form);
});

function send(source: HTMLFormElement): void {
  const request = new XMLHttpRequest();
  let read = 0;
  const take = (): void => {
    const lines = request.responseText.slice(read).split('\n');
    const rest = lines.pop() ?? '';
    read = request.responseText.length - rest.length;
    for (const line of lines) if (line !== '') show(JSON.parse(line) as ImportEvent);
  };
  begin();
  request.open('POST', source.action);
  request.setRequestHeader('accept', 'application/x-ndjson');
  request.setRequestHeader('x-csrf-token', readCsrfToken());
  request.upload.addEventListener('progress', ({ loaded, total, lengthComputable }) => {
    if (bar !== null && lengthComputable) bar.value = Math.round((loaded / total) * 100);
    announce(status, 'Sending the file');
  });
  request.upload.addEventListener('load', () => bar?.removeAttribute('value'));
  request.addEventListener('progress', take);
  request.addEventListener('load', () => {
    if ((request.getResponseHeader('content-type') ?? '').includes('ndjson')) take();
    else finish('Not imported', [text('p', 'The server refused the form. Reload this page and try again.')]);
  });
  request.addEventListener('error', () =>
    finish('Not imported', [text('p', 'The connection ended. See the list whether the import took place; importing the same file again changes nothing.')]),
  );
  request.send(new FormData(source));
}

function begin(): void {
  if (section === null || bar === null) return;
  section.hidden = false;
  bar.hidden = false;
  result?.replaceChildren();
  section.querySelector('h2')?.focus();
}

function show(event: ImportEvent): void {
  if (event.kind === 'progress') announce(status, `${PHASES[event.phase] ?? event.phase}: ${NUMBER.format(event.lines)} lines`);
  else if (event.kind === 'report') showReport(event.report);
  else
    finish('Not imported', [
      text('p', event.problem.detail),
      ...(event.problem.remedy === undefined ? [] : [text('p', event.problem.remedy)]),
      ...listOf((event.problem.errors ?? []).map(({ message }) => message)),
    ]);
}

function showReport(report: Report): void {
  const counts = [
    [report.added, report.added === 1 ? 'new entry' : 'new entries'],
    [report.restored, 'back again'],
    [report.unchanged, 'held already'],
    [report.withdrawn, 'withdrawn'],
    [report.bad, report.bad === 1 ? 'line left out' : 'lines left out'],
  ] as const;
  const words = counts.filter(([count], index) => count > 0 || index === 0).map(([count, word]) => `${NUMBER.format(count)} ${word}`);
  const link = document.createElement('a');
  link.href = `/console/lists/${report.listId}`;
  link.className = 'button button-primary';
  link.textContent = 'Go to the list';
  finish(
    report.isChanged
      ? `Imported. List-set version ${NUMBER.format(report.listSetVersion)} is in force.`
      : 'Nothing changed: the list held all of this already.',
    [text('p', `${words.join(', ')}.`), ...listOf([...report.warnings, ...report.badLines.map(({ line, reason }) => `line ${line}: ${reason}`)]), link],
  );
}

function finish(words: string, parts: readonly HTMLElement[]): void {
  announce(status, words);
  if (bar !== null) bar.hidden = true;
  result?.replaceChildren(...parts);
}

function text(tag: 'p' | 'li', words: string): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = words;
  return element;
}

function listOf(items: readonly string[]): HTMLElement[] {
  if (items.length === 0) return [];
  const list = document.createElement('ul');
  list.append(...items.map((item) => text('li', item)));
  return [list];
}
