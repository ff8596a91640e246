/**
 * Try it: each picture is sent on its own and gets its card as soon as its answer is there. The server draws the card, the same as for
 * a browser without JavaScript; only the thumbnail of the person's own picture is made here, from memory, and never sent anywhere.
 */
import { announce, parsePart, postForPart, readFailure, withParameter } from './dom.ts';

interface Attempt {
  readonly name: string;
  send(): Promise<Response>;
  /** The person's own file, for the thumbnail. */
  readonly file?: File;
}

const results = document.querySelector<HTMLElement>('#results');
const cards = document.querySelector<HTMLElement>('#result-cards');
const status = document.querySelector<HTMLElement>('#try-status');
let queue: Promise<void> = Promise.resolve();

for (const form of document.querySelectorAll<HTMLFormElement>('form[data-island="try-sample"]')) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const names = (form.dataset['samples'] ?? '').split(',').filter((name) => name !== '');
    begin(names.map((name) => ({ name, send: () => postForPart(withParameter(form.action, 'part', 'card'), new URLSearchParams({ sample: name })) })));
  });
}

const ownForm = document.querySelector<HTMLFormElement>('form[data-island="try-files"]');
if (ownForm !== null) connectFiles(ownForm);

function connectFiles(form: HTMLFormElement): void {
  const input = form.querySelector<HTMLInputElement>('input[type="file"]');
  const zone = form.querySelector<HTMLElement>('.drop');
  if (input === null || zone === null) return;
  const take = (files: Iterable<File>): void => begin([...files].map((file) => ({ name: file.name, file, send: () => sendFile(form.action, file) })));
  form.addEventListener('submit', (event) => {
    // Nothing chosen: the server's page says what to do.
    if (input.files === null || input.files.length === 0) return;
    event.preventDefault();
    take(input.files);
    input.value = '';
  });
  for (const type of ['dragenter', 'dragover']) {
    zone.addEventListener(type, (event) => {
      event.preventDefault();
      zone.classList.add('drop-over');
    });
  }
  for (const type of ['dragleave', 'drop']) zone.addEventListener(type, () => zone.classList.remove('drop-over'));
  zone.addEventListener('drop', (event) => {
    event.preventDefault();
    if (event.dataTransfer !== null && event.dataTransfer.files.length > 0) take(event.dataTransfer.files);
  });
}

function sendFile(url: string, file: File): Promise<Response> {
  const body = new FormData();
  body.append('files', file, file.name);
  return postForPart(withParameter(url, 'part', 'card'), body);
}

/** One after the other, so that answers come in the order of the pictures and the queue of the server is left to services. */
function begin(attempts: readonly Attempt[]): void {
  if (results === null || attempts.length === 0) return;
  results.hidden = false;
  queue = queue.then(async () => {
    results.querySelector('h2')?.focus();
    const outcomes: string[] = [];
    for (const [index, attempt] of attempts.entries()) {
      announce(status, `Screening ${index + 1} of ${attempts.length}: ${attempt.name}`);
      outcomes.push(await run(attempt));
    }
    announce(status, attempts.length === 1 ? `${attempts[0]?.name ?? ''}: ${outcomes[0] ?? ''}` : `Finished: ${summarise(outcomes)}`);
  });
}

async function run(attempt: Attempt): Promise<string> {
  try {
    const response = await attempt.send();
    const isCard = (response.headers.get('x-part') ?? '') === 'card';
    if (!isCard) return fail(attempt.name, await readFailure(response));
    const card = parsePart(await response.text());
    if (card === undefined) return fail(attempt.name, 'The answer was empty.');
    if (attempt.file !== undefined) addThumbnail(card, attempt.file);
    cards?.append(card);
    return card.getAttribute('data-outcome') ?? '';
  } catch {
    return fail(attempt.name, 'The server could not be reached. Nothing was published.');
  }
}

function fail(name: string, reason: string): string {
  const item = document.createElement('li');
  const card = document.createElement('div');
  const title = document.createElement('h3');
  const text = document.createElement('p');
  card.className = 'card card-plain card-refused';
  title.textContent = name;
  text.textContent = reason;
  card.append(title, text);
  item.append(card);
  cards?.append(item);
  return 'not screened';
}

function addThumbnail(item: Element, file: File): void {
  const card = item.querySelector('.card-plain');
  if (card === null || !file.type.startsWith('image/')) return;
  const url = URL.createObjectURL(file);
  const picture = document.createElement('img');
  const frame = document.createElement('div');
  frame.className = 'card-picture';
  picture.alt = '';
  picture.addEventListener('load', () => {
    URL.revokeObjectURL(url);
    card.classList.remove('card-plain');
    card.prepend(frame);
  });
  // A format that this browser cannot show: the card stays without.
  picture.addEventListener('error', () => URL.revokeObjectURL(url));
  frame.append(picture);
  picture.src = url;
}

/** `2 would be held, 1 would be published` */
function summarise(outcomes: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const outcome of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ');
}
