/** What the islands share. Markup comes only from our own server, which escaped it, and is parsed without running anything. */

/** The session's proof that a request came from our own page; '' for pages without a session. */
export function readCsrfToken(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? '';
}

export async function postForPart(url: string, body: FormData | URLSearchParams): Promise<Response> {
  return fetch(url, { method: 'POST', body, headers: { 'x-csrf-token': readCsrfToken() }, credentials: 'same-origin' });
}

export function parsePart(markup: string): Element | undefined {
  return new DOMParser().parseFromString(markup, 'text/html').body.firstElementChild ?? undefined;
}

/** The same address with one more parameter. */
export function withParameter(url: string, name: string, value: string): string {
  const address = new URL(url, location.href);
  address.searchParams.set(name, value);
  return address.href;
}

/** Puts text into a `role="status"` region, which screen readers then say. */
export function announce(region: Element | null, text: string): void {
  if (region !== null) region.textContent = text;
}

/** The title of the page that an error answer holds, or the problem's own words. */
export async function readFailure(response: Response): Promise<string> {
  const text = await response.text();
  if ((response.headers.get('content-type') ?? '').includes('json')) {
    const problem: unknown = JSON.parse(text);
    const read = (member: string): string => String(Reflect.get(Object(problem), member) ?? '');
    return `${read('title')}: ${read('detail')} ${read('remedy')}`.trim();
  }
  const page = new DOMParser().parseFromString(text, 'text/html');
  const words = [...page.querySelectorAll('main h1, main .lead')].map((element) => element.textContent.trim()).filter((word) => word !== '');
  return words.length === 0 ? `The server answered ${response.status}.` : words.join('. ');
}
