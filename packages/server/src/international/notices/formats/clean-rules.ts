/** Hostile text made harmless, and addresses of the web and of mail as the formats want them. */
import { GatehouseError } from '../../../platform/errors.ts';

/** Controls, and the characters that turn the direction of what follows (Unicode, UAX 9). */
// oxlint-disable-next-line no-control-regex -- controls are what is looked for
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/g;

/** One line of visible text. */
export function toLine(text: string, charactersMax = 300): string {
  const line = text
    .replace(/\p{Cs}/gu, '\ufffd')
    .replace(UNSEEN, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  // oxlint-disable-next-line typescript/no-misused-spread -- code points are what is counted and cut between
  const characters = [...line];
  return characters.length <= charactersMax ? line : `${characters.slice(0, charactersMax - 1).join('')}…`;
}

/** RFC 3986, 2.2 and 2.3, and the percent sign of a whole escape. */
const NOT_IN_URI = /%(?![0-9a-fA-F]{2})|[^A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]/gu;

/**
 * As the URL standard reads it, in the letters that RFC 3986 allows: both the XARF schema and mail want them.
 * @throws {GatehouseError} `notice_invalid`; the address is not in the text
 */
export function toUri(url: string): string {
  if (!URL.canParse(url)) throw new GatehouseError('notice_invalid', 'One of the addresses cannot be read. Nothing was sent.');
  const parsed = new URL(url);
  const { username, password, protocol, host } = parsed;
  const user = username === '' && password === '' ? '' : `${username}${password === '' ? '' : `:${password}`}@`;
  const head = `${protocol}//${user}${host}`;
  // Brackets have their place in the host only.
  const rest = parsed.href.slice(head.length).replace(NOT_IN_URI, escapeCharacter).replaceAll('[', '%5B').replaceAll(']', '%5D');
  // One hash begins the fragment; further ones are its content.
  const [before, ...fragment] = rest.split('#');
  return `${protocol}//${user.replace(NOT_IN_URI, escapeCharacter)}${host}${before ?? ''}${fragment.length === 0 ? '' : `#${fragment.join('%23')}`}`;
}

function escapeCharacter(character: string): string {
  return [...new TextEncoder().encode(character)].map((byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`).join('');
}

/** So that neither a mail program nor a filter in between makes a link of it, or follows it. */
export function disarm(uri: string): string {
  return uri.replace(/^http/i, 'hxxp');
}

/** The common part of RFC 5321 and RFC 6532 that every server takes; quoted local parts are not among it. */
const MAILBOX =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]$/;

export function isMailbox(text: string): boolean {
  return text.length <= 254 && text.indexOf('@') <= 64 && MAILBOX.test(text);
}

export function domainOf(mailbox: string): string {
  return mailbox.slice(mailbox.lastIndexOf('@') + 1).toLowerCase();
}

/** 2026-11-25 09:30 UTC */
export function toMinute(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
