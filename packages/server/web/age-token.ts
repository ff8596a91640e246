/**
 * Age tokens on the age page. After a check: asks for a few and keeps them in this browser, for this site. At a later check: shows one.
 *
 * The page holds parts like this one, hidden until this script knows that they are of use:
 *
 *   <div data-age-token="issue" data-session="…" data-threshold="18" data-direction="over" data-band="3" hidden>
 *     <button type="button">…</button> <p role="status"></p></div>
 *   <div data-age-token="redeem" data-session="…" data-threshold="18" data-direction="over" data-band="2" data-next="/age/…" hidden>…
 *   <div data-age-token="forget" hidden>…
 *
 * `data-band`: of "issue", what the result earns; of "redeem", the least that is enough. Texts, in the page's language: `data-text-busy`,
 * `data-text-done`, `data-text-failed`.
 *
 * Nothing is kept and nothing sent before the person presses the button.
 */
import { fromBase64Url, isSameBytes, toBase64Url } from './age-bytes.ts';
import { connect } from './age-part.ts';
import { makeChallenge, requestToken, type TokenClass } from './age-token-client.ts';

interface KeptToken extends TokenClass {
  readonly token: string;
}

interface PublishedKey extends TokenClass {
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly canIssue: boolean;
}

const STORE = 'gatehouse-age-tokens';
const KEPT_MAX = 40;
const TOKENS_WANTED = 5;
/** Some may have been voided since; a person should not wait for forty answers. */
const TRIES = 3;
const DIRECTORY = '/.well-known/private-token-issuer-directory';
const REQUEST_TYPE = 'application/private-token-request';
/** token_key_id within the token (RFC 9577, section 2.2). */
const KEY_ID = { start: 66, end: 98 } as const;

const ACTIONS: Readonly<Record<string, ((part: HTMLElement) => Promise<void>) | undefined>> = { issue, redeem, forget };

for (const part of document.querySelectorAll<HTMLElement>('[data-age-token]')) setUp(part);

function setUp(part: HTMLElement): void {
  const action = ACTIONS[part.dataset['ageToken'] ?? ''];
  if (action === undefined || !canKeep()) return;
  if (part.dataset['ageToken'] !== 'issue' && findKept(part).length === 0) return;
  connect(part, { act: () => action(part), explain: () => 'failed' });
}

/** Private windows and old browsers may have neither. */
function canKeep(): boolean {
  try {
    localStorage.getItem(STORE);
    return globalThis.isSecureContext && 'subtle' in crypto;
  } catch {
    return false;
  }
}

async function issue(part: HTMLElement): Promise<void> {
  const wanted = readQuestion(part);
  const key = (await readDirectory()).find((each) => each.canIssue && isSameQuestion(each, wanted) && each.band === wanted.band);
  if (key === undefined) throw new Error('No key is published for this.');
  const { threshold, direction, band, epoch } = key;
  // Worked out here: the answer of the server says nothing about it (see age-token-client.ts).
  const challenge = await makeChallenge(location.host, key);
  for (let count = 0; count < TOKENS_WANTED; count++) {
    const pending = await requestToken(key.publicKey, challenge);
    const response = await fetch(`/v1/age/tokens?session=${encodeURIComponent(part.dataset['session'] ?? '')}`, {
      method: 'POST',
      headers: { 'content-type': REQUEST_TYPE },
      body: pending.request,
      credentials: 'same-origin',
    });
    if (!response.ok && count > 0) return;
    if (!response.ok) throw new Error('No token was given.');
    const token = toBase64Url(await pending.finish(new Uint8Array(await response.arrayBuffer())));
    await changeKept((kept) => [...kept, { token, threshold, direction, band, epoch }]);
  }
}

async function redeem(part: HTMLElement): Promise<void> {
  const published = await readDirectory();
  for (let tries = 0; tries < TRIES; tries++) {
    const token = await takeToken(part, published);
    if (token === undefined) break;
    const answer = await send(part, token);
    if (answer === 'taken') {
      location.assign(part.dataset['next'] ?? location.href);
      return;
    }
  }
  throw new Error('No token was taken.');
}

/** A token that is refused is gone; one whose answer did not come is kept, at worst to be refused as used next time. */
async function send(part: HTMLElement, kept: KeptToken): Promise<'taken' | 'refused'> {
  const giveBack = (): Promise<unknown> => changeKept((all) => [kept, ...all]);
  const response = await fetch(`/v1/age/tokens/redeem?session=${encodeURIComponent(part.dataset['session'] ?? '')}`, {
    method: 'POST',
    headers: { authorization: `PrivateToken token="${kept.token}"` },
    credentials: 'same-origin',
  }).catch(async (error: unknown) => {
    await giveBack();
    throw error;
  });
  if (response.ok) return 'taken';
  if (response.status === 401) return 'refused';
  await giveBack();
  throw new Error('The token could not be shown.');
}

async function forget(): Promise<void> {
  await changeKept(() => []);
}

/** Out of the store before it is sent, so that another tab does not show the same one. The lowest band that is enough says the least. */
async function takeToken(part: HTMLElement, published: readonly PublishedKey[]): Promise<KeptToken | undefined> {
  const ids = await Promise.all(published.map(async ({ publicKey }) => new Uint8Array(await crypto.subtle.digest('SHA-256', publicKey))));
  const isPublished = ({ token }: KeptToken): boolean => {
    const id = fromBase64Url(token).slice(KEY_ID.start, KEY_ID.end);
    return ids.some((each) => isSameBytes(each, id));
  };
  let taken: KeptToken | undefined;
  await changeKept((all) => {
    const usable = all.filter(isPublished);
    [taken] = findKept(part, usable).toSorted((a, b) => a.band - b.band);
    return usable.filter((each) => each !== taken);
  });
  return taken;
}

function findKept(part: HTMLElement, all: readonly KeptToken[] = readKept()): KeptToken[] {
  if (part.dataset['ageToken'] === 'forget') return [...all];
  const wanted = readQuestion(part);
  return all.filter((kept) => isSameQuestion(kept, wanted) && kept.band >= wanted.band);
}

function readQuestion({ dataset }: HTMLElement): Omit<TokenClass, 'epoch'> {
  return { threshold: Number(dataset['threshold']), direction: dataset['direction'] === 'under' ? 'under' : 'over', band: Number(dataset['band']) };
}

function isSameQuestion(a: Omit<TokenClass, 'epoch'>, b: Omit<TokenClass, 'epoch'>): boolean {
  return a.threshold === b.threshold && a.direction === b.direction;
}

/** Without cookies: the server cannot tell who asks, and so cannot show one person another key than everybody else. */
async function readDirectory(): Promise<PublishedKey[]> {
  const response = await fetch(DIRECTORY, { credentials: 'omit', cache: 'no-cache' });
  const directory: unknown = await response.json();
  const keys: unknown = Reflect.get(Object(directory), 'token-keys');
  return Array.isArray(keys) ? keys.flatMap((key, index) => readPublished(key, keys.slice(0, index))) : [];
}

function readPublished(key: unknown, before: readonly unknown[]): PublishedKey[] {
  const about: unknown = Reflect.get(Object(key), 'gatehouse');
  const read = (name: string): unknown => Reflect.get(Object(about), name);
  const direction = read('direction');
  if (direction !== 'over' && direction !== 'under') return [];
  const cls: TokenClass = { threshold: Number(read('threshold')), direction, band: Number(read('band')), epoch: Number(read('epoch')) };
  // One key for each question, band and epoch; a second one would part the crowd, and is not used.
  const name = nameOf(about);
  if (before.some((other) => nameOf(Reflect.get(Object(other), 'gatehouse')) === name)) return [];
  return [{ ...cls, publicKey: fromBase64Url(String(Reflect.get(Object(key), 'token-key'))), canIssue: read('is-issuing') === true }];
}

function nameOf(about: unknown): string {
  return ['threshold', 'direction', 'band', 'epoch'].map((name) => String(Reflect.get(Object(about), name))).join(' ');
}

async function changeKept(change: (kept: readonly KeptToken[]) => readonly KeptToken[]): Promise<void> {
  const write = (): void => localStorage.setItem(STORE, JSON.stringify(change(readKept()).slice(-KEPT_MAX)));
  if ('locks' in navigator) await navigator.locks.request(STORE, write);
  else write();
}

/** What stands there may be from an older version, or somebody else's. */
function readKept(): KeptToken[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(STORE) ?? '[]');
    return Array.isArray(kept) ? kept.filter(isKept) : [];
  } catch {
    return [];
  }
}

function isKept(value: unknown): value is KeptToken {
  const read = (name: string): unknown => Reflect.get(Object(value), name);
  const isDirection = read('direction') === 'over' || read('direction') === 'under';
  return isDirection && ['threshold', 'band', 'epoch'].every((name) => typeof read(name) === 'number') && /^[\w-]+$/.test(String(read('token')));
}
