/** Reads what Gatehouse answers. Pure; undefined, never an exception, for what is not of the form. */
import { toRecord } from './bytes.ts';
import { toGrade } from './options.ts';
import type { Grade } from './types.ts';

const SESSION = /^age_[0-9a-z]{26}$/;
const CLIENT_TOKEN = /^[\x21-\x7e]{8,256}$/;
const SIGNED = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
const SIGNED_LENGTH_MAX = 4096;

export interface Opened {
  readonly id: string;
  readonly url: string;
  readonly clientToken: string;
  /** Seconds since 1970. */
  readonly expiresS: number;
}

export interface Claims {
  readonly iss: string;
  readonly aud: string;
  readonly sid: string;
  readonly over?: number;
  readonly under?: number;
  readonly result: 'true' | 'false' | 'inconclusive';
  readonly grade: Grade;
  readonly method: string;
  readonly iat: number;
  readonly exp: number;
  readonly nonce?: string;
}

export type Check = { readonly isValid: true; readonly claims: Claims } | { readonly isValid: false; readonly reason: string };

export function isSessionId(text: string): boolean {
  return SESSION.test(text);
}

/** @param pages where people see Gatehouse: they are sent nowhere else */
export function findOpened(body: unknown, pages: string): Opened | undefined {
  const read = toRecord(body);
  const { id, url, clientToken, expiresAt } = { ...read };
  if (typeof id !== 'string' || !SESSION.test(id) || url !== `${pages}/age/${id}`) return undefined;
  if (typeof clientToken !== 'string' || !CLIENT_TOKEN.test(clientToken)) return undefined;
  const expiresMs = typeof expiresAt === 'string' ? Date.parse(expiresAt) : Number.NaN;
  return Number.isNaN(expiresMs) ? undefined : { id, url, clientToken, expiresS: Math.floor(expiresMs / 1000) };
}

export function findSigned(body: unknown, session: string): string | undefined {
  const { id, state, result } = { ...toRecord(body) };
  const isThere = id === session && state === 'completed' && typeof result === 'string' && result.length <= SIGNED_LENGTH_MAX && SIGNED.test(result);
  return isThere ? result : undefined;
}

export function readCheck(body: unknown): Check | undefined {
  const { valid, reason, claims } = { ...toRecord(body) };
  if (valid === false) return { isValid: false, reason: typeof reason === 'string' && /^[a-z_]{1,40}$/.test(reason) ? reason : 'unknown' };
  const read = valid === true ? readClaims(claims) : undefined;
  return read === undefined ? undefined : { isValid: true, claims: read };
}

export function readClaims(value: unknown): Claims | undefined {
  const { over, under, result, grade, iat, exp } = { ...toRecord(value) };
  const texts = readTexts(value);
  const [question, read] = [readQuestion(over, under), toGrade(grade)];
  if (texts === undefined || question === undefined || read === undefined) return undefined;
  return isResult(result) && isWhole(iat) && isWhole(exp) ? { ...texts, ...question, result, grade: read, iat, exp } : undefined;
}

function readTexts(value: unknown): Pick<Claims, 'iss' | 'aud' | 'sid' | 'method' | 'nonce'> | undefined {
  const { iss, aud, sid, method, nonce } = { ...toRecord(value) };
  if (!isText(iss) || !isText(aud) || !isText(sid) || !isText(method)) return undefined;
  if (nonce === undefined) return { iss, aud, sid, method };
  return isText(nonce) ? { iss, aud, sid, method, nonce } : undefined;
}

/** Exactly one of the two. */
function readQuestion(over: unknown, under: unknown): { readonly over: number } | { readonly under: number } | undefined {
  if (over !== undefined && under !== undefined) return undefined;
  if (isAge(over)) return { over };
  return isAge(under) ? { under } : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isResult(value: unknown): value is Claims['result'] {
  return value === 'true' || value === 'false' || value === 'inconclusive';
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value);
}

function isAge(value: unknown): value is number {
  return isWhole(value) && value >= 1 && value <= 99;
}
