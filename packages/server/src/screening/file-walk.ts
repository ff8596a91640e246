/** The files that a command line names, and how their names are shown. */
import type { Stats } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

export type Walked =
  | { readonly kind: 'file'; readonly path: string }
  /** A link inside a folder, a device, a pipe: never opened. */
  | { readonly kind: 'skipped'; readonly path: string }
  | { readonly kind: 'unreadable'; readonly path: string; readonly code: string };

/**
 * Every file below `path`, in the order of names, folders read one at a time. A symbolic link is followed only when it is named on the
 * command line: links in folders would lead outside, or in circles.
 */
export async function* walkFiles(path: string, signal: AbortSignal): AsyncGenerator<Walked, void> {
  yield* walk(path, signal, stat);
}

async function* walk(path: string, signal: AbortSignal, look: (path: string) => Promise<Stats>): AsyncGenerator<Walked, void> {
  if (signal.aborted) return;
  try {
    const found = await look(path);
    if (!found.isDirectory()) {
      yield { kind: found.isFile() ? 'file' : 'skipped', path };
      return;
    }
    const names = await readdir(path);
    for (const name of names.toSorted()) yield* walk(join(path, name), signal, lstat);
  } catch (error) {
    yield { kind: 'unreadable', path, code: readCode(error) };
  }
}

export function readCode(error: unknown): string {
  const code: unknown = Reflect.get(Object(error), 'code');
  return typeof code === 'string' ? code : 'unknown fault';
}

/** C0 and C1 controls, line separators, and what turns the direction of text: file names come from anybody. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** A text that a terminal shows and does not obey. */
export function escapeForTerminal(text: string): string {
  return text.replaceAll(UNSAFE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** One value as a line of JSON, without raw control characters. */
export function toJsonLine(value: unknown): string {
  return JSON.stringify(value).replaceAll(UNSAFE, (text) =>
    [...Array(text.length).keys()].map((at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  );
}
