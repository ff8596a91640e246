/** The three things that a browser keeps for a gate, read again as strictly as anything from outside: another version may have sealed them. Pure. */
import { isSessionId } from './answers.ts';
import { toRecord } from './bytes.ts';
import { toGrade } from './options.ts';
import type { AgeInfo, AgeQuestion, Grade } from './types.ts';

/** An answer: question, yes or no, grade, end. No identifier, no session, no time of the check. */
export interface Pass extends AgeInfo {
  /** Seconds since 1970. */
  readonly expiresS: number;
}

/** What a check is to ask, and where the person wants to go. */
export interface Ask extends AgeQuestion {
  readonly minGrade: Grade;
  readonly to: string;
}

/** A check under way in this browser. */
export interface Pending extends Ask {
  readonly session: string;
  readonly clientToken: string;
  readonly nonce: string;
  readonly expiresS: number;
}

export function readPass(value: unknown): Pass | undefined {
  const { result, grade, expiresS } = { ...toRecord(value) };
  const question = readQuestion(value);
  const read = toGrade(grade);
  if (question === undefined || read === undefined || !isTime(expiresS) || (result !== 'true' && result !== 'false')) return undefined;
  return { ...question, result, grade: read, expiresS };
}

export function readAsk(value: unknown): Ask | undefined {
  const { minGrade, to } = { ...toRecord(value) };
  const question = readQuestion(value);
  const read = toGrade(minGrade);
  return question === undefined || read === undefined || typeof to !== 'string' ? undefined : { ...question, minGrade: read, to };
}

export function readPending(value: unknown): Pending | undefined {
  const { session, clientToken, nonce, expiresS } = { ...toRecord(value) };
  const ask = readAsk(value);
  if (ask === undefined || typeof session !== 'string' || !isSessionId(session)) return undefined;
  if (typeof clientToken !== 'string' || typeof nonce !== 'string' || !isTime(expiresS)) return undefined;
  return { ...ask, session, clientToken, nonce, expiresS };
}

function readQuestion(value: unknown): AgeQuestion | undefined {
  const { threshold, direction } = { ...toRecord(value) };
  const isThreshold = typeof threshold === 'number' && Number.isInteger(threshold) && threshold >= 1 && threshold <= 99;
  return isThreshold && (direction === 'over' || direction === 'under') ? { threshold, direction } : undefined;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value);
}
