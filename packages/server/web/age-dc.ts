/**
 * The Digital Credentials API (W3C) on the age page: asks the wallet through the browser, all protocols in one call.
 *
 *   <div data-age-dc="age_…" data-seconds="120" hidden><button type="button">…</button> <p role="status"></p></div>
 *
 * Hidden until the browser has the API. Texts: `data-text-busy`, `-declined`, `-late`, `-failed`, `-lost`. Whatever happens, the other ways
 * on the page stay where they are.
 */
import { connect, isCancelled, type Text } from './age-part.ts';

interface Asked {
  readonly request: string;
  readonly requests: readonly object[];
}

interface Given {
  readonly protocol: string;
  readonly data: unknown;
}

/** The wallet has answered, and the answer did not arrive: "nothing was sent" would not be true. */
class LostError extends Error {}

/** The server judged the answer; its page says what came of it. */
const NOT_ACCEPTED = 422;

for (const part of document.querySelectorAll<HTMLElement>('[data-age-dc]')) {
  if ('DigitalCredential' in globalThis) connect(part, { act: () => present(part), explain });
}

async function present(part: HTMLElement): Promise<void> {
  const base = `/age/${part.dataset['ageDc'] ?? ''}`;
  const asked = await ask(`${base}/dc/request`);
  const given = await readWallet(asked, Number(part.dataset['seconds']) * 1000);
  await handOver(`${base}/dc/response`, { request: asked.request, ...given });
  location.assign(base);
}

/** Made by our own server a moment ago: the shape is that of its schema. */
async function ask(url: string): Promise<Asked> {
  const response = await fetch(url, { method: 'POST', credentials: 'same-origin' });
  if (!response.ok) throw new Error(`The server answered ${response.status}.`);
  return (await response.json()) as Asked;
}

async function readWallet({ requests }: Asked, limitMs: number): Promise<Given> {
  // Younger than the types of the browser.
  const options = { digital: { requests }, signal: AbortSignal.timeout(limitMs) } as CredentialRequestOptions;
  const credential: unknown = await navigator.credentials.get(options);
  const read = (name: string): unknown => Reflect.get(Object(credential), name);
  return { protocol: String(read('protocol')), data: read('data') };
}

async function handOver(url: string, answer: object): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(answer),
  }).catch((cause: unknown) => {
    throw new LostError('The answer was not sent.', { cause });
  });
  if (!response.ok && response.status !== NOT_ACCEPTED) throw new LostError(`The server answered ${response.status}.`);
}

function explain(error: unknown): Text {
  if (error instanceof LostError) return 'lost';
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'late';
  return isCancelled(error) ? 'declined' : 'failed';
}
