/** A pack as it is opened by somebody who trusts nobody: files by name, read as what they should be. Runs in the browser: no module of Node, no zod. */
import { sha256 } from '@gatehouse/tlog';

/** What does not hold, in words for a person. */
export class PackFault extends Error {
  override readonly name = 'PackFault';
}

export type PackFiles = ReadonlyMap<string, Uint8Array>;

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function digestOf(bytes: Uint8Array): string {
  return toHex(sha256(bytes));
}

/** @throws {PackFault} */
export function requireFile(files: PackFiles, name: string): Uint8Array {
  const bytes = files.get(name);
  if (bytes === undefined) throw new PackFault(`${name} is missing`);
  return bytes;
}

/** @throws {PackFault} */
export function readText(files: PackFiles, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(requireFile(files, name));
  } catch (cause) {
    if (cause instanceof PackFault) throw cause;
    throw new PackFault(`${name} is not text`, { cause });
  }
}

/** @throws {PackFault} */
export function readJson(files: PackFiles, name: string): unknown {
  const text = readText(files, name);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PackFault(`${name} is not JSON`, { cause });
  }
}

/** A member of what should be an object; undefined for everything else. */
export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}

/** @throws {PackFault} */
export function textMember(value: unknown, name: string): string {
  const found = member(value, name);
  if (typeof found !== 'string') throw new PackFault(`${name} is missing or not a text`);
  return found;
}

/** @throws {PackFault} */
export function listMember(value: unknown, name: string): readonly unknown[] {
  const found = member(value, name);
  if (!Array.isArray(found)) throw new PackFault(`${name} is missing or not a list`);
  return found;
}
